"""Attention between the cells of maps or the steps of sequences, laid out as products of matrices."""

from __future__ import annotations

from cnncalc.formats.draft import channels, shape_of
from cnncalc.formats.ultralytics.catalog import Net
from cnncalc.graph import Producer
from cnncalc.shape import LayerError, Shape


def attended(net: Net, q: Producer, k: Producer, v: Producer) -> Producer:
    """softmax(q·k/√d)·v for each head; all are heads × d × places, with the places along the channels.

    Source: Vaswani et al. 2017, eq. 1.
    """
    scores = net.layer("scores", "matmul", q, k, transpose="first", factor=shape_of(q)[1] ** -0.5)
    return net.layer("mixed", "matmul", v, net.layer("softmax", "softmax", scores), transpose="second")


def attend_cells(net: Net, qkv: Producer, heads: int, key: int, areas: int = 1) -> tuple[Producer, Producer]:
    """Attention between the cells of each of `areas` parts of a map. Returns the mixed values and the values, as maps.

    The channels of `qkv` are, for each head, `key` queries, as many keys, and the values.
    """
    height, width, c = shape_of(qkv)
    each, places = c // heads, height * width // areas
    with net.group("attend", "attention between cells", qkv):
        if areas == 1:
            x = net.layer("heads", "reshape", qkv, shape=Shape(each, places, heads))
            x = net.layer("turn", "permute", x, axes=("channels", "height", "width"))
        else:
            x = net.layer("areas", "reshape", qkv, shape=Shape(each, areas, places, heads))
            x = net.layer("turn", "permute", x, axes=("height", "channels", "depth", "width"))
            x = net.layer("heads", "reshape", x, shape=Shape(areas * heads, each, places))
        q, k, v = (
            net.layer(name, "slice", x, axis="width", channels=part)
            for name, part in (("q", (0, key)), ("k", (key, 2 * key)), ("v", (2 * key, each)))
        )

        def as_map(name: str, y: Producer) -> Producer:
            value = each - 2 * key
            if areas == 1:
                y = net.layer(f"{name}.turn", "permute", y, axes=("width", "channels", "height"))
            else:
                y = net.layer(f"{name}.areas", "reshape", y, shape=Shape(areas, heads, value, places))
                y = net.layer(f"{name}.turn", "permute", y, axes=("width", "depth", "channels", "height"))
            return net.layer(f"{name}.map", "reshape", y, shape=Shape(height, width, heads * value))

        return as_map("result", attended(net, q, k, v)), as_map("values", v)


def by_head(net: Net, name: str, x: Producer, heads: int) -> Producer:
    """A sequence or a map as heads × dimension × places."""
    c = channels(x)
    y = net.layer(f"{name}.heads", "reshape", x, shape=Shape(c // heads, shape_of(x).size // c, heads))
    return net.layer(f"{name}.turn", "permute", y, axes=("channels", "height", "width"))


def attend_steps(net: Net, q: Producer, k: Producer, v: Producer, heads: int) -> Producer:
    """Attention of several heads of the steps of one sequence to those of another."""
    length, c = shape_of(q)
    if c % heads:
        raise LayerError(f"{heads} heads do not divide {c} channels", rule="value")
    with net.group("attend", "attention between steps", q):
        y = attended(net, *(by_head(net, name, x, heads) for name, x in (("q", q), ("k", k), ("v", v))))
        y = net.layer("turn", "permute", y, axes=("width", "channels", "height"))
        return net.layer("join", "reshape", y, shape=Shape(length, c))


def multi_head(net: Net, name: str, q: Producer, k: Producer, v: Producer, heads: int) -> Producer:
    """PyTorch's MultiheadAttention: each of the three and the result pass through a linear layer with bias."""
    with net.group(name, "MultiheadAttention", q):
        parts = [net.layer(f"{part}_proj", "linear", x, units=channels(x)) for part, x in (("q", q), ("k", k), ("v", v))]
        return net.layer("out_proj", "linear", attend_steps(net, parts[0], parts[1], parts[2], heads), units=channels(q))


def normalised(net: Net, name: str, x: Producer) -> Producer:
    """The channels at each place divided by their Euclidean norm."""
    norm = net.layer(f"{name}.norm", "reduce", x, operation="norm", axes=("channels",), keep=True)
    return net.layer(f"{name}.unit", "divide", x, norm)
