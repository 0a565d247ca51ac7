"""The commands as functions of Python."""

import pytest

import cnncalc


def test_a_layer():
    # Stanford CS231n: ten 5×5 filters, stride 1, padding 2 on 32×32×3.
    for given in ("32x32x3", (32, 32, 3)):
        found = cnncalc.layer(given, conv=10, kernel_size=5, padding=2)
        assert (found.shape, found.parameters, found.fits) == (cnncalc.Shape(32, 32, 10), 760, True)
    assert cnncalc.layer((7, 7, 1), conv=1, kernel_size=3, stride=3).fits is False
    assert cnncalc.layer("7x7x1", "relu").shape == cnncalc.Shape(7, 7, 1)
    assert cnncalc.layer({"tokens": 26, "vocabulary": 100}, embedding=8).shape == cnncalc.Shape(26, 8)
    assert cnncalc.layer((8, 8, 3), conv=4, kernel_size=(3, 5), padding=[[0, 1], [2, 2]], bias=False).parameters == 3 * 5 * 3 * 4


def test_a_layer_that_cannot_be():
    with pytest.raises(cnncalc.SpecError, match="did you mean kernel_size"):
        cnncalc.layer("7x7x1", conv=1, kernel=3)
    with pytest.raises(cnncalc.SpecError, match="larger than"):
        cnncalc.layer("7x7x1", conv=1, kernel_size=9)
    with pytest.raises(ValueError, match="the layer is missing"):
        cnncalc.layer("7x7x1")


def test_solve():
    found = cnncalc.solve((32, 32, 3), conv=10, kernel_size=5, stride=1, output=(32, 32))
    assert [one.values["padding"] for one in found] == [((2, 2),)]
    assert found[0].shape == cnncalc.Shape(32, 32, 10)
    windows = cnncalc.solve("7x7x1", conv=1, kernel_size="?", stride=3, padding=0, bounds={"kernel_size": 7})
    # (7 − F)/3 + 1 is 3, 2 and 1.
    assert sorted(one.values["kernel_size"][0] for one in windows) == [1, 4, 7]
    with pytest.raises(ValueError, match="relu has no fields to search"):
        cnncalc.solve("7x7x1", "relu")
    with pytest.raises(cnncalc.SpecError, match="no layer kind"):
        cnncalc.solve("7x7x1", cnov=1)


def test_sizes():
    # Ronneberger et al., 2015: the sizes of U-Net's tiles are 16·n + 188.
    assert cnncalc.sizes("unet", max=300)["input"].smallest == cnncalc.Shape(188, 188, 1)
    with pytest.raises(TypeError, match="sizes takes no colour"):
        cnncalc.sizes("unet", colour="red")


def test_diff():
    assert not cnncalc.diff("lenet5", cnncalc.load("lenet5"))
    found = cnncalc.diff("lenet5", cnncalc.load("lenet5", set={"C1.conv": 8}))
    assert found.changes[0].name == "C1"
    # (5·5 + 1)·2 in C1 and 5·5·2·16 in C3 are new.
    before, after = found.totals["parameters"]
    assert after - before == 52 + 800


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: cnncalc.layer("8x8x3", {"conv": 10}), TypeError, r"a layer is written as layer\('32x32x3', conv=10"),
        (lambda: cnncalc.layer("8x8x3", None), TypeError, "got None"),
        (lambda: cnncalc.layer(8, conv=10), TypeError, "a shape is written as '32x32x3'"),
        (lambda: cnncalc.layer("8x8x3", conv=4, kernel_size=3, fit="round"), cnncalc.SpecError, "fit is exact, floor or ceil"),
        (lambda: cnncalc.layer("8x8x3", conv=4, kernel_size=3, share="a"), cnncalc.SpecError, "there is no row a"),
        (lambda: cnncalc.layer("8x8x3", conv=4, kernel_size=3, repeat=0), ValueError, "leaves no layer"),
        (lambda: cnncalc.solve("8x8x3", conv=4, output=8), TypeError, "got 8"),
        (lambda: cnncalc.solve("8x8x3", conv=4, bounds=7), TypeError, "bounds are written as"),
        (lambda: cnncalc.sizes("unet", max=1.5), ValueError, "max is a whole number from 1 to 100,000, not 1.5"),
        (lambda: cnncalc.loads(b"input: 3"), TypeError, "loads takes the text of a network"),
        (lambda: cnncalc.sweep("lenet5", ["C1.stride=1,2"]), TypeError, "the values of a sweep are written as"),
        (lambda: cnncalc.sweep("lenet5", {"C1.stride": [1]}, figures="peak"), ValueError, "there is no figure peak;"),
        (lambda: cnncalc.load("lenet5").html("size"), KeyError, "there is no column .*size.*; there are name, kind, "),
        (lambda: cnncalc.load("lenet5").html(depth="a"), ValueError, "depth is a whole number, got 'a'"),
        (lambda: cnncalc.load("lenet5")[0], TypeError, "a layer is found by its name"),
        (lambda: cnncalc.load("lenet5", input={"input": 3}), TypeError, "got 3"),
        (lambda: cnncalc.load("lenet5", input=["32x32x1", "28x28x1"]), cnncalc.SpecError, "the shape of input is given twice"),
        (lambda: cnncalc.load("lenet5", input="=8x8x1"), cnncalc.SpecError, "the name of the input is missing"),
        (lambda: cnncalc.load("lenet5", dtype="Half"), cnncalc.SpecError, "did you mean float16"),
        (lambda: cnncalc.load("lenet5", dtype="float128"), cnncalc.SpecError, "int4, not float128 \\[set\\]"),
        (lambda: cnncalc.load("lenet5", layout="NCHW"), cnncalc.SpecError, "did you mean channels_first"),
    ],
)
def test_arguments_of_other_types_and_values(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_shapes_as_maps_and_as_numbers_of_other_types():
    import operator

    class Eight:
        __index__ = operator.methodcaller("__int__")

        def __int__(self):
            return 8

        def __str__(self):
            return "8"

    spec = "input: 4x4x3\nlayers: [relu]\n"
    for given in ({"height": 8, "width": 8, "channels": 3}, (Eight(), 8, 3), {"input": {"height": 8, "width": 8, "channels": 3}}):
        assert cnncalc.loads(spec, input=given).inputs[0].flow == cnncalc.Shape(8, 8, 3)
    text = "input: {tokens: 4, vocabulary: 9}\nlayers: [{embedding: 2}]\n"
    assert cnncalc.loads(text, input={"tokens": 5, "vocabulary": 9}).layers[0].shape == cnncalc.Shape(5, 2)


def test_a_join_of_shapes():
    # 3 + 3 + 5 channels.
    assert cnncalc.layer((8, 8, 3), concat=["8x8x3", (8, 8, 5)]).shape == cnncalc.Shape(8, 8, 11)
    assert cnncalc.layer((8, 8, 3), add=(8, 8, 3)).shape == cnncalc.Shape(8, 8, 3)
