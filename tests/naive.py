"""Every layer kind once more, as slowly and plainly as its definition: one output number at a time, in float64.

Written without a look at the package's kernels, as the oracle that needs no other framework.
"""

import itertools
import math
from typing import Any

import numpy as np


def positions(size, kernel, stride, dilation, before, after, fit):
    """First cells of the windows, counted from the start of the padding."""
    extent = dilation * (kernel - 1) + 1
    total = size + before + after
    found = []
    start = 0
    while start + extent <= total:
        found.append(start)
        start += stride
    left_over = not found or found[-1] + extent < total
    if fit == "ceil" and left_over and (not found or start < size + before):
        found.append(start)
    return found


def same(size, kernel, stride, dilation):
    out = math.ceil(size / stride)
    need = max(0, (out - 1) * stride + dilation * (kernel - 1) + 1 - size)
    return need // 2, need - need // 2


def spread(value, rank):
    return tuple(value) if len(value) == rank else tuple(value) * rank


def geometry(layer, x):
    """Kernel, stride, dilation and padding for each axis, as the row says them."""
    rank = x.ndim - 2
    kernel = spread(layer.kernel_size, rank)
    stride = kernel if layer.stride is None else spread(layer.stride, rank)
    dilation = spread(getattr(layer, "dilation", (1,)), rank)
    if layer.padding == "same":
        padding = tuple(same(*a) for a in zip(x.shape[2:], kernel, stride, dilation, strict=True))
    elif layer.padding == "valid":
        padding = ((0, 0),) * rank
    elif layer.padding == "causal":
        padding = ((dilation[0] * (kernel[0] - 1), 0),)
    else:
        padding = spread(layer.padding, rank)
    return kernel, stride, dilation, padding


def windows(layer, x, fit):
    """For each output position: its index, and per window cell its index in the window and the input cell, or None in the padding.

    The third is the input cell's distance from the input's start, which says whether it lies in the padding asked for.
    """
    if layer.padding == "same":
        fit = "floor"
    kernel, stride, dilation, padding = geometry(layer, x)
    starts = [
        positions(n, k, s, d, b, a, fit)
        for n, k, s, d, (b, a) in zip(x.shape[2:], kernel, stride, dilation, padding, strict=True)
    ]
    for place in itertools.product(*(range(len(s)) for s in starts)):
        cells = []
        for tap in itertools.product(*map(range, kernel)):
            at = tuple(starts[i][p] + t * dilation[i] - padding[i][0] for i, (p, t) in enumerate(zip(place, tap, strict=True)))
            inside = all(0 <= c < n for c, n in zip(at, x.shape[2:], strict=True))
            padded = all(-b <= c < n + a for c, n, (b, a) in zip(at, x.shape[2:], padding, strict=True))
            cells.append((tap, at if inside else None, padded))
        yield place, cells


def filled(results):
    """Output numbers by index as an array."""
    shape = tuple(max(index[i] for index in results) + 1 for i in range(len(next(iter(results)))))
    out = np.full(shape, np.nan)
    for index, value in results.items():
        out[index] = value
    return out


def conv(layer, x, w, fit):
    weight = w["weight"]
    bias = w.get("bias", np.zeros(len(weight)))
    groups = x.shape[1] // weight.shape[1]
    per_group = len(weight) // groups
    results = {}
    for place, cells in windows(layer, x, fit):
        for n, k in np.ndindex(x.shape[0], len(weight)):
            total = bias[k]
            for tap, at, _ in cells:
                if at is not None:
                    for c in range(weight.shape[1]):
                        total += weight[(k, c, *tap)] * x[(n, k // per_group * weight.shape[1] + c, *at)]
            results[(n, k, *place)] = total
    return filled(results)


def padded_conv(layer, x, w, fit):
    """A convolution whose padding holds cells of the map, put around it before."""
    if layer.padding_mode == "zeros":
        return conv(layer, x, w, fit)
    kernel, stride, dilation, padding = geometry(layer, x)

    class Around:
        cells, mode, fill, channels = padding, layer.padding_mode, 0.0, (0, 0)

    class Inside:
        padding = ((0, 0),) * (x.ndim - 2)

    wide = pad(Around, x)
    if fit == "ceil" and layer.padding != "same":
        # Zeros for a last window that hangs over, and nothing behind it.
        ends = [
            positions(n, k, s, d, b, a, fit)[-1] + d * (k - 1) + 1
            for n, k, s, d, (b, a) in zip(x.shape[2:], kernel, stride, dilation, padding, strict=True)
        ]
        roomy = np.zeros((*wide.shape[:2], *(max(n, e) for n, e in zip(wide.shape[2:], ends, strict=True))))
        roomy[tuple(map(slice, wide.shape))] = wide
        wide = roomy[(..., *(slice(0, end) for end in ends))]
    Inside.kernel_size, Inside.stride, Inside.dilation = kernel, stride, dilation
    return conv(Inside, wide, w, "floor")


def conv_lstm(layer, x, w, fit):
    kernel = w["weight_ih"].shape[2:]

    class Seen:
        kernel_size, stride, padding, dilation = kernel, layer.stride, layer.padding, (1,)

    class Kept:
        kernel_size, stride, padding, dilation = kernel, (1,), "same", (1,)

    s = np.vectorize(sigmoid)
    states = []
    h = c = 0.0
    for t in range(x.shape[2]):
        gates = conv(Seen, x[:, :, t], {"weight": w["weight_ih"], "bias": w["bias"]}, fit)
        if t:
            gates = gates + conv(Kept, h, {"weight": w["weight_hh"]}, "floor")
        i, f, g, o = np.split(gates, 4, axis=1)
        c = s(f) * c + s(i) * np.tanh(g)
        h = s(o) * np.tanh(c)
        states.append(h)
    return h if layer.returns == "last" else np.stack(states, axis=2)


def grn(layer, x, w):
    out = np.empty(x.shape)
    for n in range(len(x)):
        norms = [math.sqrt((x[n, c] ** 2).sum()) for c in range(x.shape[1])]
        for c in range(x.shape[1]):
            relative = norms[c] / (sum(norms) / len(norms) + layer.epsilon)
            out[n, c] = w["weight"][c] * x[n, c] * relative + w["bias"][c] + x[n, c]
    return out


def layer_norm_all(layer, x, w):
    out = np.stack([normalised(example, layer.epsilon) for example in x])
    return out * w["weight"] + w["bias"] if w else out


def conv_transpose(layer, x, w, fit):
    rank = x.ndim - 2
    weight = w["weight"]
    stride, dilation = spread(layer.stride, rank), spread(layer.dilation, rank)
    kernel = weight.shape[2:]
    if layer.padding == "same":
        lacking = [d * (k - 1) + 1 - s for k, s, d in zip(kernel, stride, dilation, strict=True)]
        padding = [(max(n, 0) // 2, max(n, 0) - max(n, 0) // 2) for n in lacking]
        more = [max(-n, 0) for n in lacking]
    else:
        padding, more = spread(layer.padding, rank), spread(layer.output_padding, rank)
    filters = weight.shape[1] * layer.groups
    inner = x.shape[1] // layer.groups
    sizes = [(n - 1) * s + d * (k - 1) + 1 + m for n, s, d, k, m in zip(x.shape[2:], stride, dilation, kernel, more, strict=True)]
    out = np.zeros((x.shape[0], filters, *sizes))
    for n, c in np.ndindex(*x.shape[:2]):
        for at in np.ndindex(*x.shape[2:]):
            for k in range(weight.shape[1]):
                for tap in np.ndindex(*kernel):
                    to = tuple(a * s + t * d for a, s, t, d in zip(at, stride, tap, dilation, strict=True))
                    out[(n, c // inner * weight.shape[1] + k, *to)] += x[(n, c, *at)] * weight[(c, k, *tap)]
    if "bias" in w:
        out += w["bias"].reshape(1, -1, *(1,) * rank)
    return out[(slice(None), slice(None), *(slice(b, n - a) for n, (b, a) in zip(sizes, padding, strict=True)))]


def pool(layer, x, fit, function):
    results = {}
    for place, cells in windows(layer, x, fit):
        for n, c in np.ndindex(*x.shape[:2]):
            seen = [x[(n, c, *at)] for _, at, _ in cells if at is not None]
            results[(n, c, *place)] = function(seen, cells)
    return filled(results)


def mean_of(layer):
    def function(seen, cells):
        counted = sum(padded for *_, padded in cells) if layer.count_include_pad else len(seen)
        return sum(seen) / counted if counted else 0.0

    return function


def adaptive(layer, x, function):
    sizes = spread(layer.output_size, x.ndim - 2)
    out = np.empty((*x.shape[:2], *sizes))
    for place in np.ndindex(*out.shape):
        parts = tuple(
            slice(math.floor(i * n / o), math.ceil((i + 1) * n / o))
            for i, n, o in zip(place[2:], x.shape[2:], sizes, strict=True)
        )
        out[place] = function(x[(*place[:2], *parts)])
    return out


def erf(x):
    return np.array([math.erf(v) for v in np.ravel(x)]).reshape(np.shape(x))


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


FUNCTIONS = {
    "relu": lambda v: max(0.0, v),
    "relu6": lambda v: min(max(0.0, v), 6.0),
    "elu": lambda v: v if v > 0 else math.expm1(v),
    "selu": lambda v: 1.0507009873554805 * (v if v > 0 else 1.6732632423543772 * math.expm1(v)),
    "gelu": lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))),
    "silu": lambda v: v * sigmoid(v),
    "mish": lambda v: v * math.tanh(math.log1p(math.exp(v))),
    "softplus": lambda v: math.log1p(math.exp(v)),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda v: min(max(0.0, v + 3), 6.0) / 6,
    "hard_swish": lambda v: v * min(max(0.0, v + 3), 6.0) / 6,
    "tanh": math.tanh,
    "square": lambda v: v * v,
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
    "abs": abs,
    "reciprocal": lambda v: 1 / v,
    "log": lambda v: math.log(v) if v > 0 else math.nan,
}


def each(function, x):
    return np.array([function(float(v)) for v in x.ravel()]).reshape(x.shape)


def per_channel(x, function):
    """`function` of each channel's numbers and its number, example by example."""
    out = np.empty(x.shape)
    for n, c in np.ndindex(*x.shape[:2]):
        out[n, c] = function(x[n, c], c)
    return out


def normalised(values, epsilon):
    return (values - values.mean()) / math.sqrt(values.var() + epsilon)


def group_norm(x, groups, w, epsilon):
    out = np.empty(x.shape)
    size = x.shape[1] // groups
    for n, g in np.ndindex(x.shape[0], groups):
        out[n, g * size : (g + 1) * size] = normalised(x[n, g * size : (g + 1) * size], epsilon)
    return affine(out, w)


def affine(x, w):
    if "weight" not in w:
        return x
    return per_channel(x, lambda values, c: values * w["weight"][c] + w["bias"][c])


def batchnorm(layer, x, w):
    def one(values, c):
        return (values - w["running_mean"][c]) / math.sqrt(w["running_var"][c] + layer.epsilon)

    return affine(per_channel(x, one), w)


def standardize(layer, x, w):
    def one(values, c):
        if layer.mean is None:
            mean, variance = w["running_mean"][c], w["running_var"][c]
        else:
            mean, variance = (numbers[c % len(numbers)] for numbers in (layer.mean, layer.variance))
        return (values - mean) / max(math.sqrt(variance), 1e-7)

    return per_channel(x, one)


def at_each_place(x, function):
    """`function` of the channels at each place."""
    out = np.empty(x.shape)
    for place in np.ndindex(x.shape[0], *x.shape[2:]):
        index = (place[0], slice(None), *place[1:])
        out[index] = function(x[index])
    return out


def softmax(values):
    shares = [math.exp(v - max(values)) for v in values]
    return np.array(shares) / sum(shares)


def lrn(layer):
    def function(values):
        found = []
        for c in range(len(values)):
            first, last = c - layer.size // 2, c + (layer.size - 1) // 2
            total = sum(values[j] ** 2 for j in range(len(values)) if first <= j <= last)
            found.append(values[c] / (layer.k + layer.alpha / layer.size * total) ** layer.beta)
        return np.array(found)

    return function


def joined(xs, function):
    """`function` of the numbers at each place; a vector, one cell or one channel stands for what it lacks."""
    whole = max((x.shape for x in xs), key=lambda shape: (len(shape), math.prod(shape)))
    out = np.empty(whole)
    for place in np.ndindex(*whole):
        seen = []
        for x in xs:
            at = place[: x.ndim]
            seen.append(float(x[tuple(min(p, n - 1) for p, n in zip(at, x.shape, strict=True))]))
        out[place] = function(seen)
    return out


def matmul(layer, a, b):
    a, b = np.moveaxis(a, 1, -1), np.moveaxis(b, 1, -1)
    if layer.transpose == "first":
        a = np.moveaxis(a, -1, -2)
    if layer.transpose == "second":
        b = np.moveaxis(b, -1, -2)
    out = np.zeros((*a.shape[:-1], b.shape[-1]))
    for place in np.ndindex(*out.shape):
        *lead, i, j = place
        out[place] = layer.factor * sum(a[(*lead, i, k)] * b[(*lead, k, j)] for k in range(a.shape[-1]))
    return np.moveaxis(out, -1, 1)


def softmax_along(layer, x):
    names = {2: ["channels"], 3: ["channels", "length"], 4: ["channels", "height", "width"]}
    axis = names.get(x.ndim, ["channels", "depth", "height", "width"]).index(layer.axis) + 1
    return np.apply_along_axis(softmax, axis, x)


def cubic(distance):
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def upsample(layer, x):
    before = x.shape[2:]
    if layer.size is not None:
        sizes = spread(layer.size, x.ndim - 2)
    else:
        sizes = [n * f for n, f in zip(before, spread(layer.factor, x.ndim - 2), strict=True)]
    out = np.empty((*x.shape[:2], *sizes))
    for place in np.ndindex(*out.shape):
        total = 0.0
        sides = []
        for o, m, n in zip(place[2:], sizes, before, strict=True):
            at = (o + 0.5) * n / m - 0.5
            if layer.align_corners:
                at = o * (n - 1) / (m - 1) if m > 1 else 0.0
            if layer.mode == "nearest":
                sides.append([(o * n // m, 1.0)])
            elif layer.mode == "bilinear":
                at = max(at, 0.0)
                low = int(at)
                sides.append([(low, 1 - (at - low)), (min(low + 1, n - 1), at - low)])
            else:
                low = math.floor(at)
                sides.append([(min(max(low + k, 0), n - 1), cubic(at - low - k)) for k in (-1, 0, 1, 2)])
        for corner in itertools.product(*sides):
            total += x[(*place[:2], *(cell for cell, _ in corner))] * math.prod(share for _, share in corner)
        out[place] = total
    return out


def permute(layer, x):
    names = [*["length"][: x.ndim == 3], *["height", "width"][: 2 * (x.ndim == 4)]]
    names = names or ["depth", "height", "width"]
    names.append("channels")
    last = np.moveaxis(x, 1, -1)
    moved = last.transpose(0, *(1 + names.index(axis) for axis in layer.axes))
    return np.moveaxis(moved, -1, 1)


def pixel_shuffle(layer, x):
    r = layer.factor
    channels = x.shape[1] // r**2
    out = np.empty((x.shape[0], channels, x.shape[2] * r, x.shape[3] * r))
    for n, c, h, w in np.ndindex(*out.shape):
        cell = h % r * r + w % r
        source = c * r * r + cell if layer.order == "pytorch" else cell * channels + c
        out[n, c, h, w] = x[n, source, h // r, w // r]
    return out


def space_to_depth(layer, x):
    r = layer.factor
    batch, channels, height, width = x.shape
    if layer.order == "darknet":
        # Darknet's loop over its own memory.
        few = channels // r**2
        found = []
        for example in x:
            memory, result = example.ravel(), np.empty(example.size)
            for k, j, i in np.ndindex(channels, height, width):
                part, place = k % few, k // few
                to = i * r + place % r + width * r * (j * r + place // r + height * r * part)
                result[i + width * (j + height * k)] = memory[to]
            found.append(result.reshape(channels * r**2, height // r, width // r))
        return np.stack(found)
    out = np.empty((batch, channels * r**2, height // r, width // r))
    for n, c, h, w in np.ndindex(*x.shape):
        cell = h % r * r + w % r
        to = c * r * r + cell if layer.order == "pytorch" else cell * channels + c
        out[n, to, h // r, w // r] = x[n, c, h, w]
    return out


def axes_of(layer, x):
    """Places of the axes named, in an array (batch, channels, *spatial)."""
    names = {2: [], 3: ["length"], 4: ["height", "width"], 5: ["depth", "height", "width"]}[x.ndim]
    return tuple(1 if name == "channels" else 2 + names.index(name) for name in layer.axes)


def channels_back(x, gone):
    """An array whose channels are gone, with its last axis as the channels; one number if nothing is left."""
    if x.ndim == 1:
        return x[:, None]
    return np.moveaxis(x, -1, 1) if gone else x


def reduce(layer, x):
    axes = axes_of(layer, x)
    function = {"mean": np.mean, "max": np.max, "sum": np.sum, "norm": lambda v, **o: np.sqrt(np.sum(v * v, **o))}
    found = function[layer.operation](x, axis=axes, keepdims=layer.keep)
    return found if layer.keep else channels_back(found, 1 in axes)


def pad(layer, x):
    cells = spread(layer.cells, x.ndim - 2)
    out = np.full(
        (x.shape[0], x.shape[1] + sum(layer.channels), *(n + a + b for n, (a, b) in zip(x.shape[2:], cells, strict=True))),
        layer.fill,
    )
    for place in np.ndindex(*out.shape):
        at = [place[0], place[1] - layer.channels[0]]
        for o, n, (before, _) in zip(place[2:], x.shape[2:], cells, strict=True):
            k = o - before
            if layer.mode == "reflect":
                k = -k if k < 0 else 2 * (n - 1) - k if k >= n else k
            elif layer.mode == "replicate":
                k = min(max(k, 0), n - 1)
            elif layer.mode == "circular":
                k %= n
            at.append(k)
        if all(0 <= k < n for k, n in zip(at, x.shape, strict=True)):
            out[place] = x[tuple(at)]
    return out


def sliced(layer, x):
    class Named:
        axes = (layer.axis,)

    (axis,) = axes_of(Named, x)
    return x.take(range(x.shape[axis])[layer.channels[0] : layer.channels[1]][:: layer.step], axis)


def channel_shuffle(layer, x):
    size = x.shape[1] // layer.groups
    order = [g * size + k for k in range(size) for g in range(layer.groups)]
    return x[:, order]


def recurrent(layer, x, w):
    def cell(seen, kept, h, c):
        if layer.kind == "rnn":
            return np.tanh(seen + kept), c
        s = np.vectorize(sigmoid)
        k = len(h)
        if layer.kind == "gru":
            r, z = s(seen[:k] + kept[:k]), s(seen[k : 2 * k] + kept[k : 2 * k])
            new = np.tanh(seen[2 * k :] + r * kept[2 * k :])
            return (1 - z) * new + z * h, c
        i, f, g, o = (seen + kept).reshape(4, k)
        c = s(f) * c + s(i) * np.tanh(g)
        return s(o) * np.tanh(c), c

    examples = []
    for sequence in x.transpose(0, 2, 1):
        steps = list(sequence)
        for number in range(layer.layers):
            both, ends = [], []
            for suffix in ("", "_reverse")[: 1 + layer.bidirectional]:
                key = f"_l{number}{suffix}"
                h = c = np.zeros(layer.hidden)
                states = []
                for step in reversed(steps) if suffix else steps:
                    seen = w["weight_ih" + key] @ step + w.get("bias_ih" + key, 0.0)
                    h, c = cell(seen, w["weight_hh" + key] @ h + w.get("bias_hh" + key, 0.0), h, c)
                    states.append(h)
                ends.append(h)
                both.append(states[::-1] if suffix else states)
            steps = [np.concatenate(parts) for parts in zip(*both, strict=True)]
        examples.append(np.concatenate(ends) if layer.returns == "last" else np.array(steps).T)
    return np.array(examples)


def attention(layer, x, w):
    examples = []
    for sequence in x.transpose(0, 2, 1):
        c = sequence.shape[1]
        rows = sequence @ w["in_proj_weight"].T + w.get("in_proj_bias", np.zeros(3 * c))
        q, k, v = rows[:, :c], rows[:, c : 2 * c], rows[:, 2 * c :]
        mixed = np.zeros_like(q)
        size = c // layer.heads
        for head in range(layer.heads):
            part = slice(head * size, (head + 1) * size)
            for i in range(len(q)):
                shares = softmax([q[i, part] @ k[j, part] / math.sqrt(size) for j in range(len(k))])
                mixed[i, part] = sum(share * v[j, part] for j, share in enumerate(shares))
        examples.append((mixed @ w["out_proj_weight"].T + w.get("out_proj_bias", np.zeros(c))).T)
    return np.array(examples)


def forward(layer: Any, xs: tuple[np.ndarray, ...], w: dict[str, np.ndarray], fit: str) -> np.ndarray:
    """What `layer` makes of `xs`, each (batch, channels, *spatial) or (batch, length) of tokens."""
    x, kind = xs[0], layer.kind
    cells = tuple(range(2, x.ndim))
    if kind in FUNCTIONS and not (kind == "gelu" and layer.approximate == "tanh") and kind not in ("hard_sigmoid", "elu"):
        return each(FUNCTIONS[kind], x)
    table = {
        "conv": lambda: padded_conv(layer, x, w, fit),
        "depthwise_conv": lambda: padded_conv(layer, x, w, fit),
        "conv_lstm": lambda: conv_lstm(layer, x, w, fit),
        "rmsnorm": lambda: at_each_place(
            x, lambda values: values / math.sqrt((values**2).mean() + layer.epsilon) * w.get("weight", 1.0)
        ),
        "global_response_norm": lambda: grn(layer, x, w),
        "conv_transpose": lambda: conv_transpose(layer, x, w, fit),
        "maxpool": lambda: pool(layer, x, fit, lambda seen, cells: max(seen, default=-np.inf)),
        "avgpool": lambda: pool(layer, x, fit, mean_of(layer)),
        "sumpool": lambda: pool(layer, x, fit, lambda seen, cells: sum(seen)),
        "global_avgpool": lambda: x.mean(axis=cells),
        "global_maxpool": lambda: x.max(axis=cells),
        "global_sumpool": lambda: x.sum(axis=cells),
        "adaptive_avgpool": lambda: adaptive(layer, x, np.mean),
        "adaptive_maxpool": lambda: adaptive(layer, x, np.max),
        "fc": lambda: x.reshape(len(x), -1) @ w["weight"].T + w.get("bias", 0.0),
        "flatten": lambda: x.reshape(len(x), -1),
        "dropout": lambda: x,
        "identity": lambda: x,
        "unused": lambda: x,
        "leaky_relu": lambda: each(lambda v: v if v >= 0 else layer.slope * v, x),
        "prelu": lambda: per_channel(x, lambda values, c: np.where(values >= 0, values, w["weight"][c] * values)),
        "softmax": lambda: softmax_along(layer, x),
        "hard_sigmoid": lambda: each(lambda v: min(max(0.0, layer.slope * v + layer.offset), 1.0), x),
        "elu": lambda: each(lambda v: v if v > 0 else layer.alpha * (math.exp(v) - 1), x),
        "gelu": lambda: each(lambda v: v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))), x),
        "power": lambda: each(lambda v: v**layer.exponent, x),
        "clip": lambda: each(
            lambda v: min(
                max(v, -math.inf if layer.least is None else layer.least), math.inf if layer.most is None else layer.most
            ),
            x,
        ),
        "rescale": lambda: x * (w["weight"][0] if w else layer.factor) + (w["bias"][0] if w else layer.offset),
        "add_bias": lambda: per_channel(x, lambda values, c: values + w["bias"][c]),
        "linear": lambda: np.moveaxis(np.moveaxis(x, 1, -1) @ w["weight"].T + w.get("bias", 0.0), -1, 1),
        "parameter": lambda: np.stack([w["weight"]] * len(x)),
        "batchnorm": lambda: batchnorm(layer, x, w),
        "standardize": lambda: standardize(layer, x, w),
        "instancenorm": lambda: affine(per_channel(x, lambda values, c: normalised(values, layer.epsilon)), w),
        "layernorm": lambda: (
            layer_norm_all(layer, x, w)
            if layer.over == "all"
            else affine(at_each_place(x, lambda values: normalised(values, layer.epsilon)), w)
        ),
        "groupnorm": lambda: group_norm(x, layer.groups, w, layer.epsilon),
        "lrn": lambda: at_each_place(x, lrn(layer)),
        "scale": lambda: per_channel(x, lambda values, c: values * w["weight"][c]),
        "add": lambda: joined(xs, sum),
        "multiply": lambda: joined(xs, math.prod),
        "subtract": lambda: joined(xs, lambda seen: seen[0] - seen[1]),
        "divide": lambda: joined(xs, lambda seen: seen[0] / seen[1]),
        "maximum": lambda: joined(xs, max),
        "average": lambda: joined(xs, lambda seen: sum(seen) / len(seen)),
        "matmul": lambda: matmul(layer, *xs),
        "concat": lambda: np.concatenate(
            xs, axis={"channels": 1, "length": 2, "depth": 2, "height": x.ndim - 2, "width": x.ndim - 1}[layer.axis]
        ),
        "upsample": lambda: upsample(layer, x),
        "pad": lambda: pad(layer, x),
        "roll": lambda: np.roll(x, spread(layer.cells, x.ndim - 2), cells),
        "reduce": lambda: reduce(layer, x),
        "squeeze": lambda: channels_back(x.squeeze(axes_of(layer, x)), "channels" in layer.axes),
        "space_to_depth": lambda: space_to_depth(layer, x),
        "crop": lambda: x[
            (..., *(slice(b, n - a) for n, (b, a) in zip(x.shape[2:], spread(layer.cells, x.ndim - 2), strict=True)))
        ],
        "slice": lambda: sliced(layer, x),
        "reshape": lambda: x.reshape(len(x), *(n or -1 for n in (layer.shape[-1], *layer.shape[:-1]))),
        "permute": lambda: permute(layer, x),
        "pixel_shuffle": lambda: pixel_shuffle(layer, x),
        "channel_shuffle": lambda: channel_shuffle(layer, x),
        "embedding": lambda: np.array([[w["weight"][token] for token in row] for row in x]).transpose(0, 2, 1),
        "rnn": lambda: recurrent(layer, x, w),
        "lstm": lambda: recurrent(layer, x, w),
        "gru": lambda: recurrent(layer, x, w),
        "attention": lambda: attention(layer, x, w),
    }
    return table[kind]()
