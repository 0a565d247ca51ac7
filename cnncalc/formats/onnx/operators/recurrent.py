"""LSTM, GRU and RNN."""

from __future__ import annotations

from cnncalc.formats.onnx.call import Call, DataDependent, Results, operator
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Operation, Value


@operator("LSTM", "GRU", "RNN")
def recurrent(c: Call) -> Results:
    """Y is (length, directions, batch, hidden), Y_h (directions, batch, hidden); layout 1 puts the batch first."""
    shape, w, r = c.shape(0), c[1], c[2]
    if not isinstance(w, Constant) or not isinstance(r, Constant):
        raise DataDependent
    directions, hidden = w.shape[0], c.attribute("hidden_size") or r.shape[-1]
    batch_first = bool(c.attribute("layout", 0))
    length, batch = (shape[1], shape[0]) if batch_first else (shape[0], shape[1])
    y = (batch, length, directions, hidden) if batch_first else (length, directions, batch, hidden)
    last = (batch, directions, hidden) if batch_first else (directions, batch, hidden)
    bias = c.optional(3)
    state = [c.optional(i) for i in (5, 6, 7)]
    lengths = c.optional(4)
    plain = (
        (lengths is None or (isinstance(lengths, Constant) and lengths.scalar == length))
        and all(one is None or (isinstance(one, Constant) and one.scalar == 0) for one in state)
        and (bias is None or isinstance(bias, Constant))
        and not c.attribute("clip", 0.0)
        and not c.attribute("input_forget", 0)
        and _usual(c, directions)
    )
    outputs = [Value(y), Value(last), Value(last)]
    attributes = {
        "kind": c.node.op.lower(), "hidden": hidden, "directions": directions, "batch_first": batch_first, "length": length,
        "reverse": c.attribute("direction", "forward") == "reverse",
        "linear_before_reset": bool(c.attribute("linear_before_reset", 0)),
        "operator": c.node.op,
        # Each step of each example meets all weights but the biases.
        "macs": length * batch * (w.size + r.size),
    }  # fmt: skip
    p = c.program
    inputs = [c[0], w, r, bias] if bias is not None else [c[0], w, r]
    if not plain:
        inputs += [one for one in (lengths, *state) if one is not None]
    p.operations.append(Operation("recurrent" if plain else "custom", inputs, outputs, attributes, p.path, p.title))
    return tuple(outputs)


def _usual(c: Call, directions: int) -> bool:
    """Whether the activations are those of every framework."""
    given = c.attribute("activations")
    usual = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}[c.node.op] * directions
    return not given or [str(one).lower() for one in given] == [one.lower() for one in usual]
