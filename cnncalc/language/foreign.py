"""Layers of other tools without a corresponding kind: the advice for each, so that no similar word is suggested."""

from __future__ import annotations

import re
from collections.abc import Collection

from cnncalc.spelling import nearest

_HALVES = "there is no such kind; slice the channels into halves, and multiply one by {} of the other"
_CELL = "a cell is one step of a recurrent layer; write {}"
_CONTAINER = "rows stand in sequence by themselves; a block is a group of rows to use again"

#: Keys of the top level under the names of other tools.
TOP_KEYS_ELSEWHERE = {
    **dict.fromkeys(("inputs", "input_shape", "input_size", "image", "image_size", "img_size", "image_shape", "shape"), "input"),
    **dict.fromkeys(("network", "model", "rows", "architecture", "backbone", "net", "sequential", "body", "structure"), "layers"),
    **dict.fromkeys(("variables", "parameters", "params"), "vars"),
    **dict.fromkeys(("defs", "modules"), "blocks"),
    **dict.fromkeys(("rounding", "ceil_mode"), "fit"),
    "datatype": "dtype",
    "precision": "dtype",
    "title": "name",
    "output": "outputs",
    "data_format": "layout",
    "limits": "budget",
    "expected": "expect",
}  # fmt: skip

#: Words of the top level's values under the names of other tools, in lower case.
WORDS_ELSEWHERE = {
    "nchw": "channels_first", "ncl": "channels_first", "chw": "channels_first", "nhwc": "channels_last", "hwc": "channels_last",
    "fp16": "float16", "half": "float16", "f16": "float16", "fp32": "float32", "float": "float32", "single": "float32",
    "f32": "float32", "fp64": "float64", "double": "float64", "bf16": "bfloat16", "int": "int32", "fp8": "float8",
}  # fmt: skip


def meant_word(word: str, words: Collection[str]) -> str:
    """Return `; did you mean …?` for a word of the top level in other spelling or of another tool, else an empty text."""
    alike = WORDS_ELSEWHERE.get(word.lower())
    if alike is None:
        alike = nearest(word, words)
        digits = re.findall(r"\d+", word)
        # Another number is another type: float128 is no float8.
        if alike is None or (digits and digits != re.findall(r"\d+", alike)):
            return ""
    return f"; did you mean {alike}?" if alike in words else ""


#: The advice, by the normal form of a name (`cnncalc.spelling.normal`).
ADVICE: dict[str, str] = {
    # Similar to a kind, but different.
    "linear": "did you mean linear (at each position) or fc (over the whole map)?",
    "attention": "did you mean attention (self-attention with its projections)? Products alone are matmul, softmax, matmul",
    "additiveattention": "there is no such kind; attention is scaled dot-product self-attention",
    "groupqueryattention": "there is no such kind; attention has as many keys as queries",
    "linearattention": "there is no such kind; attention is softmax over scaled dot products",
    "dot": "did you mean matmul (of two sequences)?",
    "einsum": "matmul is the product of two sequences; other sums are custom",
    "logsoftmax": "softmax is here, without the logarithm, which changes no size and no count",
    "logsigmoid": "there is no such kind; sigmoid and log in two rows compute it",
    "softmin": "there is no such kind; {rescale: , factor: -1} and softmax in two rows compute it",
    "lambda": "write what it computes as rows, or {custom: lambda, output: …}",
    "neg": "write {rescale: , factor: -1}",
    "hardtanh": "write {clip: , min: -1, max: 1}",
    "celu": "there is no such kind; with alpha 1 it is elu",
    "rrelu": "there is no such kind; in the forward pass it is {leaky_relu: 0.2292}",
    "glu": _HALVES.format("sigmoid"),
    "swiglu": _HALVES.format("silu"),
    "geglu": _HALVES.format("gelu"),
    "reglu": _HALVES.format("relu"),
    "minimum": "there is no such kind; maximum of both rescaled by factor −1 is its negative",
    "min": "there is no such kind; maximum of both rescaled by factor −1 is its negative",
    "maxunpool": "there is no such kind: it needs the places that a maxpool found; write custom, or upsample",
    "separableconv": "write two rows: depthwise_conv, and conv with kernel_size 1",
    "separableconvolution": "write two rows: depthwise_conv, and conv with kernel_size 1",
    "embeddingbag": "there is no such kind; embedding and {reduce: mean, axes: length} in two rows compute it",
    "lstmcell": _CELL.format("lstm"),
    "grucell": _CELL.format("gru"),
    "rnncell": _CELL.format("rnn"),
    "simplernncell": _CELL.format("rnn"),
    "stackedrnncells": "write layers: N in the recurrent layer",
    "rnnbase": "write rnn, lstm or gru",
    "bidirectional": "write bidirectional: true in the recurrent layer",
    "timedistributed": "write linear for a dense layer at each step; other kinds take a sequence as it is",
    "activation": "write the activation itself as a row: - relu",
    "unitnormalization": "there is no such kind; {reduce: norm, axes: channels, keep: true} and divide compute it",
    "lpnormalization": "there is no such kind; {reduce: norm, axes: channels, keep: true} and divide compute it",
    "normalization": "with fixed statistics write {batchnorm: , trainable: false}; with one factor and offset, rescale",
    "meanvariancenormalization": "did you mean instancenorm?",
    "upsamplingbilinear": "write {upsample: 2, mode: bilinear, align_corners: true}",
    "upsamplingnearest": "write {upsample: 2}",
    "reducemin": "there is no such operation of reduce; it has mean, max, sum and norm",
    "reduceprod": "there is no such operation of reduce; it has mean, max, sum and norm",
    "reducel1": "abs and {reduce: sum} in two rows compute it",
    "reducesumsquare": "square and {reduce: sum} in two rows compute it",
    "reducelogsum": "{reduce: sum} and log in two rows compute it",
    "reducelogsumexp": "exp, {reduce: sum} and log in three rows compute it",
    # Short names of parts of networks that are similar to another kind.
    "norm": "did you mean batchnorm, layernorm, groupnorm or instancenorm?",
    "normalize": "there is no such kind; {reduce: norm, axes: channels, keep: true} and divide compute it",
    "layer": "write the layer itself as a row: - {conv: 64, kernel_size: 3}",
    "group": "write groups: N in a convolution, or groupnorm",
    "stem": "write its layers as rows, or as a block",
    "drop": "did you mean dropout, or crop?",
    "pool": "did you mean maxpool or avgpool?",
    "pooling": "did you mean maxpool or avgpool?",
    "minpool": "there is no such kind; {rescale: null, factor: -1}, maxpool and the same rescale in three rows compute it",
    "minpooling": "there is no such kind; {rescale: null, factor: -1}, maxpool and the same rescale in three rows compute it",
    "unpool": "there is no such kind: it needs the places that a maxpool found; write custom, or upsample",
    "unpooling": "there is no such kind: it needs the places that a maxpool found; write custom, or upsample",
    "subsample": "write a pool, {maxpool: 2} or {avgpool: 2}, or a convolution with stride: 2",
    "downsample": "write a pool, {maxpool: 2} or {avgpool: 2}, or a convolution with stride: 2",
    "sepconv": "write two rows: depthwise_conv, and conv with kernel_size 1",
    "dilatedconv": "write dilation: 2 in conv",
    "atrousconv": "write dilation: 2 in conv",
    "atrous": "write dilation: 2 in conv",
    "groupconv": "write groups: N in conv",
    "groupedconv": "write groups: N in conv",
    "causalconv": "write padding: causal in conv",
    "mbconv": "write a block of conv with kernel_size 1, depthwise_conv and conv with kernel_size 1",
    "invertedresidual": "write a block of conv with kernel_size 1, depthwise_conv and conv with kernel_size 1",
    "mlp": "write a linear (at each position) or fc (over the whole map) row for each of its layers",
    "ffn": "write linear, gelu and linear in three rows",
    "crossattention": "there is no such kind; attention is self-attention: write matmul, softmax and matmul of two sequences",
    "bilstm": "write bidirectional: true in lstm",
    "bigru": "write bidirectional: true in gru",
    "bias": "did you mean add_bias (one learned number per channel)?",
    "skip": "did you mean add or concat (of named rows)?",
    "skipconnection": "did you mean add or concat (of named rows)?",
    **dict.fromkeys(
        (
            "bottleneck",
            "basicblock",
            "residualblock",
            "resblock",
            "resnetblock",
            "denseblock",
            "inception",
            "inceptionblock",
            "fire",
            "convblock",
            "doubleconv",
            "convbnrelu",
            "convbnact",
            "cbr",
        ),
        "write its layers as a block of your own under blocks:, and use it as {block: NAME}",
    ),
    "focus": "write {space_to_depth: 2} and conv in two rows",
    "spp": "write branches of maxpools with stride 1 and padding, merge: concat",
    "sppf": "write maxpools with stride 1 and padding, and a concat of their results",
    "deconvolutional": "did you mean conv_transpose?",
    "connected": "did you mean fc?",
    "local": "there is no such kind; {custom: local, output: …} declares its shape",
    "locallyconnected": "there is no such kind; {custom: locally connected, output: …} declares its shape",
    "maxout": "there is no such kind; slice the channels into parts, and take their maximum",
    "median": "there is no such kind; {custom: median, output: same} declares its shape",
    "medianpool": "there is no such kind; {custom: median, output: …} declares its shape",
    "flip": "there is no such kind; {custom: flip, output: same} declares its shape",
    "root": "did you mean sqrt?",
    "inverse": "did you mean reciprocal (1/x)?",
    "unshuffle": "did you mean space_to_depth?",
    "droppath": "in the forward pass it does nothing; write identity, or leave it out",
    "stochasticdepth": "in the forward pass it does nothing; write identity, or leave it out",
    "noise": "in the forward pass it does nothing; write identity, or leave it out",
    "yolo": "it changes no size here; name the row before it under outputs",
    "detect": "write its convolutions as rows, and name them under outputs",
    # Written as several rows.
    **dict.fromkeys(
        ("se", "seblock", "selayer", "semodule", "squeezeexcite", "squeezeexcitation", "squeezeandexcitation"),
        "write branches with merge: multiply, one of them [], the other [global_avgpool, {fc: …}, relu, {fc: …}, sigmoid]",
    ),
    **dict.fromkeys(
        ("transformer", "transformerencoder", "transformerencoderlayer", "transformerdecoder", "transformerdecoderlayer"),
        "write a block of attention, add, layernorm, linear, gelu and linear",
    ),
    **dict.fromkeys(("sequential", "modulelist", "moduledict", "container", "module", "dataparallel"), _CONTAINER),
    **dict.fromkeys(("parameterlist", "parameterdict"), "write a parameter row for each array"),
    # Irrelevant to sizes and counts.
    **dict.fromkeys(("inputlayer", "input"), "the top of the file says input: 32x32x3"),
    **dict.fromkeys(("masking", "activityregularization", "spectralnormalization"), "leave it out, it changes no size"),
    **dict.fromkeys(("gaussiannoise", "gaussiandropout"), "in the forward pass it does nothing; write identity, or leave it out"),
    **dict.fromkeys(("quantizelinear", "dequantizelinear", "dynamicquantizelinear"), "leave it out, it changes no size"),
    **dict.fromkeys(("qlinearconv", "convinteger"), "did you mean conv?"),
    **dict.fromkeys(("qlinearmatmul", "matmulinteger"), "did you mean matmul?"),
}

_NOTHING = """
acos acosh adaptivelogsoftmaxwithloss affinegrid and argmax argmin asin asinh atan atanh bernoulli bilinear bitcast bitshift
bitwiseand bitwisenot bitwiseor bitwisexor blackmanwindow cast castlike categoryencoding causalconvwithstate ceil
centercroppad col2im compress concatfromsequence constant constantofshape cos cosh cosinesimilarity cumprod cumsum deformconv
det dft discretization einsumdense equal erf expand eyelike floor fold fractionalmaxpool gather gatherelements gathernd
globallppool greater greaterorequal gridsample hammingwindow hannwindow hardmax hardshrink hashedcrossing hashing if
imagedecoder integerlookup isinf isnan less lessorequal loop lppool maxroipool melspectrogram melweightmatrix mod multinomial
nonmaxsuppression nonzero not onehot optional optionalgetelement optionalhaselement or pairwisedistance randomnormal
randomnormallike randomuniform randomuniformlike range regexfullmatch repeatvector reversesequence roialign rotaryembedding
round scan scatter scatterelements scatternd sequenceat sequenceconstruct sequenceempty sequenceerase sequenceinsert
sequencelength sequencemap shape shrink sign sin sinh size softshrink softsign splittosequence stft stringconcat stringlookup
stringnormalizer stringsplit tan tanhshrink tensorscatter textvectorization tfidfvectorizer threshold thresholdedrelu tile
topk trilu unfold unique unsqueeze where xor
"""

#: Names without a corresponding kind, even if they are similar to the name of one.
NOTHING = frozenset(_NOTHING.split())


def advice(plain: str) -> str | None:
    """Return the advice for another tool's layer, given the normal form of its name; None if the layer is not known."""
    found = ADVICE.get(plain)
    if found is not None:
        return found
    if plain.endswith("loss"):
        return "a loss is no part of the network; leave it out"
    if plain.startswith("random") and plain not in NOTHING:
        return "augmentation changes no size; leave it out"
    return "there is no such kind; {custom: " + plain + ", output: …} declares its shape" if plain in NOTHING else None


def counted_as(key: str) -> str:
    """Return the hint for a total under another name; empty for a name that is not known."""
    meant = {"flops": "macs, half of the FLOPs", "params": "parameters", "output_shape": "output", "memory": "peak_memory"}
    return f"; write {meant[key]}" if key in meant else ""
