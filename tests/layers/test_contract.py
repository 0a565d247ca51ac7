"""What every kind must keep: its example, its fields' words, and that a new one touches no other file."""

import pytest

import cnncalc
from cnncalc.layers import KINDS, Join
from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.option import Count, option
from cnncalc.shape import Shape, Tokens


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    return "" if value is None else f'"{value}"'


def spec_of(kind):
    """The example of a kind as a file."""
    example = kind.example
    inputs = example.inputs
    row = ", ".join(f"{key}: {text(value)}" for key, value in example.row.items())
    if not inputs:
        return f"input: 2x3x5\nlayers:\n  - {{{row}}}\n"
    if len(inputs) == 1:
        (flow,) = inputs
        said = f"{{tokens: {flow.length}, vocabulary: {flow.vocabulary}}}" if isinstance(flow, Tokens) else str(flow)
        return f"input: {said}\nfit: floor\nlayers:\n  - {{{row}}}\n"
    named = ", ".join(f"{name}: {flow}" for name, flow in zip("abcdef", inputs, strict=False))
    return f"input: {{{named}}}\nlayers:\n  - {{{row}}}\n"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_example_of_a_kind_comes_out(kind):
    net = cnncalc.loads(spec_of(kind))
    assert net.problems == []
    assert net.layers[0].kind == kind.kind
    assert net.layers[0].shape == kind.example.output


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_example_tells_its_axes_apart(kind):
    for flow in kind.example.inputs:
        if isinstance(flow, Shape) and not issubclass(kind, Join):
            assert len(set(flow)) == len(flow)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_what_it_is_and_what_its_fields_are(kind):
    assert kind.__doc__
    assert kind.__doc__.strip().endswith(".")
    for name, declared in kind.options.items():
        assert declared.doc, name
        assert declared.type.describe(), name
        assert isinstance(declared.type.schema(), dict), name


def test_no_kind_bears_the_name_of_a_field():
    # A row has exactly one kind; a kind's value has no key of its own.
    fields = {name for kind in KINDS.values() for name, declared in kind.options.items() if not declared.main}
    assert not fields & {*KINDS, "block", "branches", "merge"}


def test_no_two_kinds_are_called_the_same_elsewhere():
    names = [
        name for kind in KINDS.values() for name in {kind.kind.replace("_", ""), *(other.replace("_", "") for other in kind.also)}
    ]
    assert len(names) == len(set(names))


# Hand-computed for the examples' sizes.
COUNTED = {
    # 6 filters of 3×5 over 4/2 channels, biases; 9 positions times weights times 4 rows.
    "conv": (6 * (3 * 5 * 2 + 1), 6 * 3 * 5 * 2 * 4 * 9),
    "depthwise_conv": (6 * (3 * 3 + 1), 6 * 9 * 25),
    # weights 4·3·3·2 and 6 biases; MACs at the 3×5 input positions.
    "conv_transpose": (4 * 3 * 3 * 2 + 6, 4 * 3 * 3 * 2 * 15),
    "fc": ((30 + 1) * 10, 300),
    "batchnorm": (4, 0),
    "layernorm": (4, 0),
    "groupnorm": (12, 0),
    "instancenorm": (4, 0),
    "scale": (2, 0),
    "prelu": (2, 0),
    "embedding": (11 * 5, 0),
    "rnn": (4 * (3 + 4 + 2), 7 * 4 * (3 + 4)),
    # two directions, two layers; the second reads 10 channels.
    "lstm": (2 * 4 * 5 * (3 + 5 + 2) + 2 * 4 * 5 * (10 + 5 + 2), 7 * (2 * 4 * 5 * (3 + 5) + 2 * 4 * 5 * (10 + 5))),
    "gru": (2 * 3 * 4 * (3 + 4 + 2), 7 * 2 * 3 * 4 * (3 + 4)),
    # 7 units over 2 channels at 15 positions.
    "linear": ((2 + 1) * 7, 15 * 2 * 7),
    # 3×5 times 5×7.
    "matmul": (0, 3 * 5 * 7),
    "parameter": (30, 0),
    "rescale": (2, 0),
    "add_bias": (2, 0),
    "standardize": (0, 0),
    "rmsnorm": (2, 0),
    "global_response_norm": (4, 0),
    # 4 gates of 3 filters over 2 + 3 channels; 4 maps, 3×6 positions.
    "conv_lstm": (4 * 3 * (6 * (2 + 3) + 1), 4 * 18 * 4 * 3 * 6 * (2 + 3)),
    # As declared.
    "unused": (30, 0),
    "custom": (30, 1200),
    "attention": (4 * 36 + 4 * 6, 4 * 7 * 36 + 2 * 49 * 6),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_parameters_and_macs_of_the_example(kind):
    net = cnncalc.loads(spec_of(kind))
    assert (net.parameters, net.macs) == COUNTED.get(kind.kind, (0, 0))


def test_batchnorm_keeps_its_running_statistics_as_buffers():
    net = cnncalc.loads("input: 3x5x2\nlayers: [batchnorm]\n")
    assert (net.parameters, net.trainable, net.buffers) == (4, 4, 4)


@pytest.fixture
def maxout():
    """A kind from outside, made of nothing but its own class."""

    class Maxout(Layer, kind="maxout"):
        """The largest of `pieces` linear functions (Goodfellow et al. 2013)."""

        pieces: int = option(Count(2), "linear functions to choose from", default=2, main=True)
        units: int = option(Count(), "numbers that come out")
        example = Example({"maxout": 3, "units": 4}, (Shape(5),), Shape(4))

        def output_shape(self, x, fit):
            return Shape(self.units)

        def weights(self, x):
            return (Weight("weight", (self.pieces, self.units, x.size)),)

        def macs(self, x, y):
            return self.pieces * self.units * x.size

    yield Maxout
    del KINDS["maxout"]


def test_a_kind_from_outside_is_one_class(maxout):
    net = cnncalc.loads(
        "input: 8x8x3\nlayers:\n  - {maxout: 3, units: 4}\n  - {maxout: , units: 2, name: last}\n  - {maxout: 1, unit: 4}\n"
    )
    assert net.layers[0].shape == Shape(4)
    assert net["maxout1"].parameters == 3 * 4 * 192
    assert net["last"].macs == 2 * 2 * 4
    said = "\n".join(map(str, net.problems))
    assert "maxout has no unit; did you mean units?" in said
    assert "maxout must be at least 2, got 1" in said


def test_a_kind_cannot_be_defined_twice():
    with pytest.raises(TypeError, match="there is a kind relu already"):

        class Again(Layer, kind="relu"):
            """Not a second one."""
