"""Names of other tools: each layer of PyTorch, Keras and ONNX is told the kind that does the same, or that there is none."""

import pytest

import cnncalc
from cnncalc.language.suggest import kind_for, kind_hint
from cnncalc.layers import KINDS

#: Names that have a kind, by kind; written by hand from the three tools' documentation.
SAME = {
    "abs": "Abs",
    "adaptive_avgpool": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
    "adaptive_maxpool": "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d",
    "add": "Add Sum",
    "attention": "MultiheadAttention MultiHeadAttention",
    "average": "Average Mean",
    "avgpool": "AvgPool1d AvgPool2d AvgPool3d AveragePool AveragePooling2D",
    "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm BatchNormalization",
    "channel_shuffle": "ChannelShuffle",
    "clip": "Clip",
    "concat": "Concat Concatenate",
    "conv": "Conv Conv1d Conv2d Conv3d Conv2D LazyConv1d LazyConv2d LazyConv3d",
    "conv_lstm": "ConvLSTM2D",
    "conv_transpose": "ConvTranspose ConvTranspose1d ConvTranspose2d ConvTranspose3d Conv2DTranspose LazyConvTranspose1d "
    "LazyConvTranspose2d LazyConvTranspose3d",
    "cos": "Cos",
    "crop": "Cropping2D CenterCrop",
    "depthwise_conv": "DepthwiseConv2D",
    "divide": "Div",
    "dropout": "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout SpatialDropout2D",
    "elu": "ELU Elu",
    "embedding": "Embedding",
    "exp": "Exp",
    "fc": "Dense Gemm",
    "flatten": "Flatten",
    "gelu": "GELU Gelu",
    "global_avgpool": "GlobalAveragePool GlobalAveragePooling2D",
    "global_maxpool": "GlobalMaxPool GlobalMaxPooling2D",
    "groupnorm": "GroupNorm GroupNormalization",
    "gru": "GRU",
    "hard_sigmoid": "Hardsigmoid HardSigmoid",
    "hard_swish": "Hardswish HardSwish",
    "identity": "Identity",
    "instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d InstanceNormalization LazyInstanceNorm1d LazyInstanceNorm2d "
    "LazyInstanceNorm3d",
    "layernorm": "LayerNorm LayerNormalization",
    "leaky_relu": "LeakyReLU LeakyRelu",
    "linear": "LazyLinear",
    "log": "Log",
    "lrn": "LRN LocalResponseNorm CrossMapLRN2d",
    "lstm": "LSTM",
    "matmul": "MatMul",
    "maximum": "Max Maximum",
    "maxpool": "MaxPool MaxPool1d MaxPool2d MaxPool3d MaxPooling2D",
    "mish": "Mish",
    "multiply": "Mul Multiply",
    "pad": "Pad CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d "
    "ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d ZeroPadding2D",
    "permute": "Permute Transpose",
    "pixel_shuffle": "PixelShuffle DepthToSpace",
    "power": "Pow",
    "prelu": "PReLU PRelu",
    "reciprocal": "Reciprocal",
    "reduce": "ReduceL2 ReduceMax ReduceMean ReduceSum",
    "relu": "ReLU Relu",
    "relu6": "ReLU6",
    "rescale": "Rescaling",
    "reshape": "Reshape Unflatten",
    "rmsnorm": "RMSNorm RMSNormalization",
    "rnn": "RNN SimpleRNN",
    "selu": "SELU Selu",
    "sigmoid": "Sigmoid",
    "silu": "SiLU Swish",
    "sin": "Sin",
    "slice": "Slice Split",
    "softmax": "Softmax Softmax2d",
    "softplus": "Softplus",
    "space_to_depth": "PixelUnshuffle SpaceToDepth",
    "sqrt": "Sqrt",
    "squeeze": "Squeeze",
    "subtract": "Sub Subtract",
    "tanh": "Tanh",
    "upsample": "Upsample Resize Resizing UpSampling2D",
}
KIND_OF = {name: kind for kind, names in SAME.items() for name in names.split()}

KERAS = [
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "ConvLSTM2D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "InputLayer",
    "IntegerLookup",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPooling2D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RNN",
    "RandomCrop",
    "RandomFlip",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout2D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling2D",
    "ZeroPadding2D",
]


def torch_layers() -> list[str]:
    nn = pytest.importorskip("torch.nn")
    found = (name for name in dir(nn) if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module))
    return sorted(found)


def onnx_operators() -> list[str]:
    defs = pytest.importorskip("onnx.defs")
    return sorted({schema.name for schema in defs.get_all_schemas_with_history() if schema.domain == ""})


@pytest.mark.parametrize("names", [torch_layers, onnx_operators, lambda: KERAS], ids=["PyTorch", "ONNX", "Keras"])
def test_a_layer_is_told_the_kind_that_does_the_same_or_that_there_is_none(names) -> None:
    found = {name: kind_for(name) for name in names()}
    assert {name: kind for name, kind in found.items() if kind is not None} == {n: KIND_OF[n] for n in found if n in KIND_OF}


def test_a_kind_suggested_is_a_kind() -> None:
    assert set(KIND_OF.values()) <= set(KINDS)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("pixel_unshuffle", "did you mean space_to_depth?"),
        ("reorg", "did you mean space_to_depth?"),
        ("convlstm", "did you mean conv_lstm?"),
        ("glu", "there is no such kind; slice the channels into halves"),
        ("nn.MaxUnpool2d", "there is no such kind: it needs the places that a maxpool found"),
        ("dot", "did you mean matmul (of two sequences)?"),
        ("se", "write branches with merge: multiply"),
        ("Linear", "did you mean linear (at each position) or fc"),
        ("nn.Sequential", "rows stand in sequence by themselves"),
        ("CrossEntropyLoss", "a loss is no part of the network"),
        ("RandomFlip", "augmentation changes no size"),
        ("GridSample", "there is no such kind; {custom: gridsample, output: …} declares its shape"),
        ("covn", "did you mean conv?"),
        ("maxpol", "did you mean maxpool?"),
        ("something_else", "`cnncalc explain --list` names them all"),
        # Similar to a kind that does another thing.
        ("stem", "write its layers as rows"),
        ("drop", "did you mean dropout, or crop?"),
        ("norm", "did you mean batchnorm, layernorm, groupnorm or instancenorm?"),
        ("unpool", "it needs the places that a maxpool found"),
        ("MinPool2d", "{rescale: null, factor: -1}, maxpool and the same rescale"),
        ("subsample", "a convolution with stride: 2"),
        ("SepConv2d", "depthwise_conv, and conv with kernel_size 1"),
        ("BiLSTM", "write bidirectional: true in lstm"),
        ("CrossAttention", "attention is self-attention"),
        ("Bias", "did you mean add_bias"),
        ("Focus", "write {space_to_depth: 2} and conv"),
        ("Pooling", "did you mean maxpool or avgpool?"),
        ("DropPath", "in the forward pass it does nothing"),
        ("flip", "there is no such kind"),
        ("root", "did you mean sqrt?"),
    ],
)
def test_what_to_write_instead(word: str, advice: str) -> None:
    assert advice in kind_hint(word)


@pytest.mark.parametrize(
    ("row", "advice"),
    [
        ("{layernorm: , normalized_shape: [64, 8, 8]}", "write over: all to normalise every number"),
        ("{layernorm: , normalized_shape: 64}", "leave it out, it comes from what flows in"),
        ("{upsample: 4, size: 129}", "upsample takes a factor or size, not both"),
        ("{conv: 8, kernel_size: 3, activation: linear}", "leave it out, an activation is a row of its own"),
        ("{lstm: 8, use_bias: false}", "did you mean biases?"),
        ("{lstm: 8, return_sequences: true}", "write return: sequence"),
        ("{gru: 8, return_sequences: false}", "leave it out, the last state comes out"),
        # TensorFlow's radius of 2 is a window of 2 + 1 + 2 channels.
        ("{lrn: 5, depth_radius: 2}", "a radius of 2 is a size of 5: {lrn: 5}"),
        ("{batchnorm: null, center: false}", "affine: false leaves out factor and offset"),
        ("{pad: 1, mode: edge}", "got edge; write replicate"),
        ("{conv: 8, kernel_size: 3, padding_mode: constant}", "got constant; write zeros"),
        ("{upsample: 2, mode: trilinear}", "got trilinear; write bilinear, which is linear along every axis"),
        ("{gelu: null, approximate: true}", "got true; write tanh"),
        ("{reduce: avg, axes: height}", "got avg; write mean"),
        ("{softmax: null, axis: -1}", "got -1; write channels"),
    ],
)
def test_fields_of_other_tools(row: str, advice: str) -> None:
    problems = cnncalc.loads(f"input: 8x8x64\nlayers:\n  - {row}\n").problems
    assert any(advice in problem.message for problem in problems), problems


@pytest.mark.parametrize(
    "row",
    [
        "{upsample: null, scale_factor: 2}",
        "{groupnorm: null, groups: 4}",
        "{adaptive_avgpool: null, output_size: 3}",
        "{maxpool: null, pool_size: 2}",
        "{fc: null, units: 10}",
        "{conv: null, filters: 8, kernel_size: 3}",
    ],
)
def test_the_value_under_another_name_is_one_mistake(row: str) -> None:
    (problem,) = cnncalc.loads(f"input: 8x8x64\nlayers:\n  - {row}\n").problems
    assert problem.rule == "unknown-key"
    assert "it is the value of" in problem.message
