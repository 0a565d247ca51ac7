"""Records of expansions that begin alike are one tree, whose branches are the values of guards."""

from __future__ import annotations

from cnncalc.language.steps import CountStep, Guard, Stretch


def record(*values: object, outputs: list[int] | None = None) -> Stretch:
    """The record of an expansion in which guards had these values, one after the other."""
    first = last = Stretch()
    for place, value in enumerate(values):
        last.steps = [CountStep(place, 0)]
        last.guard = Guard(place)
        last.next[value] = after = Stretch()
        last = after
    last.outputs = outputs
    return first


def test_another_value_is_another_branch():
    tree = record(1, outputs=[5])
    tree.join(record(2, outputs=[7]))
    assert {value: after.outputs for value, after in tree.next.items()} == {1: [5], 2: [7]}


def test_equal_values_are_followed_to_the_first_that_differs():
    tree = record(1, "a", outputs=[5])
    tree.join(record(1, "b", outputs=[7]))
    assert {value: after.outputs for value, after in tree.next[1].next.items()} == {"a": [5], "b": [7]}


def test_a_record_that_a_budget_ended_goes_on_as_another_one():
    tree = record(1)
    tree.join(record(1, "b", outputs=[7]))
    assert tree.next[1].steps == [CountStep(1, 0)]
    assert tree.next[1].next["b"].outputs == [7]


def test_a_finished_record_stays():
    tree = record(1, outputs=[5])
    tree.join(record(1, outputs=[6]))
    assert tree.next[1].outputs == [5]
