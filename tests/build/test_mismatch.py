"""Results that cannot be joined, in words and as data."""

import pytest

import cnncalc
from cnncalc.build.mismatch import Unjoined, batch_hint
from cnncalc.shape import Shape


def problem(text: str) -> cnncalc.Problem:
    (found,) = cnncalc.loads(text).problems
    return found


def test_the_size_that_differs_is_named():
    found = problem("""\
input: 8x8x4
layers:
  - {conv: 4, kernel_size: 3, padding: 1, name: a}
  - {conv: 8, kernel_size: 3, padding: 1, name: b}
  - {add: [a, b]}
""")
    assert (found.rule, found.layer) == ("join", "add1")
    assert "add1: a gives 8x8x4, b 8x8x8 (channels 4 ≠ 8); " in found.message
    assert isinstance(found.cause, Unjoined)
    assert (found.cause.first.name, found.cause.second.name, found.cause.sizes_differ) == ("a", "b", False)


def test_branches_are_named():
    """(8 − 3)/1 + 1 = 6 in the left branch."""
    found = problem("""\
input: 8x8x4
layers:
  - branches:
      left: [{conv: 4, kernel_size: 3}]
      right: []
    merge: add
""")
    assert "branch `left` ends at 6x6x4, `right` at 8x8x4" in found.message
    assert found.cause.sizes_differ


@pytest.mark.parametrize(
    ("shape", "layout", "image"),
    [
        (Shape(1, 224, 224, 3), "channels_last", "224x224x3"),
        (Shape(32, 3, 224, 224), "channels_last", "224x224x3"),
        (Shape(1, 3, 224, 224), "channels_last", "224x224x3"),
        (Shape(224, 224, 32, 3), "channels_last", None),
        (Shape(16, 112, 112, 3), "channels_last", None),
        (Shape(224, 224, 3), "channels_last", None),
    ],
)
def test_an_image_with_its_batch(shape, layout, image):
    hint = batch_hint(shape, layout)
    assert hint.endswith(f"write {image}") if image else hint == ""


def test_an_fc_that_flattened_a_sequence():
    found = problem("input: 10x6\nlayers:\n  - {fc: 5}\n  - relu\n  - {conv: 4, kernel_size: 3}\n")
    assert "fc1 reads the whole sequence 10x6 at once" in found.message
    assert "to keep its 10 positions, write {linear: 5} instead of {fc: 5}" in found.message
