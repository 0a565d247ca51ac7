"""Changes from outside: which layers `--set` means, and the shapes of `--input`."""

from __future__ import annotations

import pytest

from cnncalc.build.changes import Changes, Override
from cnncalc.problem import SpecError
from cnncalc.shape import Shape


def means(target: str, name: str, *path: tuple[str, int | None, bool]) -> bool:
    return Override("", target, "stride", "1").matches(name, path)


def test_full_names_and_patterns():
    assert means("stage1.conv2", "stage1.conv2")
    assert means("stage*.conv?", "stage12.conv2")
    assert not means("stage1.conv2", "stage1.conv21")
    assert not Override("", None, "width", "1").matches("width")


def test_the_number_of_a_copy_may_be_left_out_for_the_last_one():
    last, before = (("stage", 3, True), ("conv1", None, True)), (("stage", 2, False), ("conv1", None, True))
    assert means("stage.conv1", "stage.3.conv1", *last)
    assert not means("stage.conv1", "stage.2.conv1", *before)
    assert means("stage.2.conv1", "?", *before)
    assert not means("stage.3.conv1", "?", *before)
    # A number is that of the copy, of the last one too.
    assert means("stage.3.conv1", "?", *last)
    assert not means("stage.2.conv1", "?", *last)
    assert not means("stage", "?", *last)
    assert not means("stage.conv1.more", "?", *last)


def inputs(*given: tuple[str | None, str], declared: dict, **more) -> dict:
    return Changes(tuple((name, value, value) for name, value in given)).inputs(declared, **more)


def test_an_input_without_a_name_is_the_only_one():
    assert inputs((None, "8x8x3"), declared={"image": Shape(4, 4, 3)}) == {"image": Shape(8, 8, 3)}
    with pytest.raises(SpecError, match=r"the network has the inputs a, b; say which: --input a=8x8x3"):
        inputs((None, "8x8x3"), declared={"a": None, "b": None})
    with pytest.raises(SpecError, match=r"there is no input imag; did you mean image\?"):
        inputs(("imag", "8x8x3"), declared={"image": None})


@pytest.mark.parametrize("text", ["3x8x6", "8x6x3"])
def test_a_file_that_fixes_its_channels_takes_either_order(text):
    assert inputs((None, text), declared={"image": None}, channels={"image": 3}) == {"image": Shape(8, 6, 3)}


def test_an_order_that_the_file_cannot_tell_is_that_of_the_option():
    # With channels at both ends, and with channels at neither, the layout decides.
    assert inputs((None, "3x8x3"), declared={"image": None}, channels={"image": 3}) == {"image": Shape(3, 8, 3)}
    assert inputs((None, "5x8x6"), declared={"image": None}, channels={"image": 3}) == {"image": Shape(5, 8, 6)}
    assert inputs((None, "3x8x6"), declared={"image": None}) == {"image": Shape(3, 8, 6)}


def test_only_shapes_values_and_rounding_change_a_network():
    assert not Changes(layout="channels_first", dtype="float16")
    assert Changes(fit="floor")
    assert Changes(set=(Override("", None, "width", "1"),))


def test_a_change_that_nothing_takes_is_refused():
    unused = Changes(set=(Override("conv1.stride=2", "conv1", "stride", "2"),))
    with pytest.raises(SpecError, match=r"--set conv1.stride=2: there is no layer conv1; did you mean conv2\?"):
        unused.check_used(["conv2", "relu1"])
    with pytest.raises(SpecError, match="no layer that c\\* matches has a field stride"):
        Changes(set=(Override("c*.stride=2", "c*", "stride", "2"),)).check_used(["conv2"])
    with pytest.raises(SpecError, match=r"there is no var widht; did you mean width\?"):
        Changes(set=(Override("widht=2", None, "widht", "2"),)).check_vars(["width"])


def test_a_block_is_no_layer_whose_field_could_change():
    changed = Changes(set=(Override("stage.0.stride=2", "stage.0", "stride", "2"),))
    with pytest.raises(SpecError, match=r"stage\.0 is a group of layers; name one of them, such as stage\.0\.conv1"):
        changed.check_used(["stage.0.conv1", "stage.0.relu1"])
