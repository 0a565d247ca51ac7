"""Names of rows: numbers of copies, names inside blocks and branches, and messages that stay short."""

from __future__ import annotations

import pytest

import cnncalc
from cnncalc.problem import SpecError

REPEATED = "input: 8x8x3\nlayers:\n  - {relu: , name: r, repeat: 2}\n"
DIGITS = "1" * 5000


@pytest.mark.parametrize("index", ["²", "0000000009", "٠", "01", "2", "1_0", DIGITS])
def test_only_ordinary_numbers_name_copies(index: str) -> None:
    (problem,) = cnncalc.loads(f"{REPEATED}  - {{tanh: , from: r.{index}}}\n").problems
    assert problem.rule == "unknown-name"
    assert problem.message.startswith(("r has 2 copies, 0 to 1; there is no r.", "there is nothing called", "there is no "))
    assert len(problem.message) < 200
    with pytest.raises(SpecError, match="there is no layer r"):
        cnncalc.loads(REPEATED, set=f"r.{index}.name=a")


def test_copies_are_named_by_their_numbers() -> None:
    net = cnncalc.loads(f"{REPEATED}  - {{tanh: , from: r.0}}\n")
    assert net.problems == []
    assert net["tanh1"].inputs[0] is net["r.0"]


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        (
            "{branches: {a: [{conv: 4, kernel_size: 1, name: s}], b: [{conv: 4, kernel_size: 1, share: s}]}, merge: add}",
            "there is no row s above; s stands inside a: write a.s",
        ),
        (
            "{branches: {a: [{conv: 4, kernel_size: 1, name: s}], b: [{conv: 4, kernel_size: 1, share: a}]}, merge: add}",
            "add1.b.conv1 shares the weights of one layer, and a is a branch or a branches row; write share: a.s",
        ),
    ],
)
def test_names_in_another_branch_are_told_with_their_path(rows: str, part: str) -> None:
    (problem,) = cnncalc.loads(f"input: 8x8x3\nlayers:\n  - {rows}\n").problems
    assert problem.message == part


def test_the_path_that_is_told_works() -> None:
    rows = "{branches: {a: [{conv: 4, kernel_size: 1, name: s}], b: [{conv: 4, kernel_size: 1, share: a.s}]}, merge: add}"
    net = cnncalc.loads(f"input: 8x8x3\nlayers:\n  - {rows}\n")
    # 4 filters of 3 numbers and their biases, once.
    assert (net.problems, net.parameters) == ([], 16)


def test_lists_in_messages_are_bounded() -> None:
    names = [f"p{i}" for i in range(1000)]
    missing = f"input: 8x8x3\nblocks: {{b: {{parameters: {{{': , '.join(names)}: }}, layers: [relu]}}}}\nlayers: [{{block: b}}]\n"
    ring = "".join(f"  b{i}: {{layers: [{{block: b{(i + 1) % 50}}}]}}\n" for i in range(50))
    inputs = f"input: {{{', '.join(f'{name}: 8x8x3' for name in names)}}}\nlayers: [relu]\n"
    for text in (missing, f"input: 8x8x3\nblocks:\n{ring}layers: [{{block: b0}}]\n", inputs):
        problems = cnncalc.loads(text).problems
        assert problems
        assert max(len(problem.message) for problem in problems) < 250


def test_suggestions_end_before_they_take_minutes() -> None:
    blocks = "".join(f"  b{i}: {{layers: [relu]}}\n" for i in range(2000))
    rows = "".join(f"  - {{block: c{i}}}\n" for i in range(2000))
    problems = cnncalc.loads(f"input: 8x8x3\nblocks:\n{blocks}layers:\n{rows}").problems
    assert len(problems) == 2000
    assert problems[0].message.startswith("there is no block c0; there is b0, b1, b10, ")
    # 100,000 comparisons are 50 rows with 2,000 blocks each.
    assert sum("; " in problem.message for problem in problems) == 50
