"""`# cnncalc: ignore[rule]`: which row a comment speaks of."""

from __future__ import annotations

import pytest

import cnncalc
from cnncalc.check.examine import check_text
from cnncalc.check.settings import Settings

MARK = "# cnncalc: ignore[stride-fit]"
HEAD = "input: 8x8x3\nlayers:\n"


def rules(text: str) -> list[tuple[str, int]]:
    found, unusable = check_text(text, None, Settings())
    assert not unusable
    return [(p.rule, p.location.line) for p in found]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2}  @\n", id="behind a row"),
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2}  @ because it is so\n", id="with a reason"),
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2}\t#cnncalc:ignore[ stride-fit ]\n", id="without spaces"),
        pytest.param("  - conv: 4\n    kernel_size: 3\n    stride: 2  @\n", id="on the last line of a block"),
        pytest.param("  - conv: 4  @\n    kernel_size: 3\n    stride: 2\n  - relu\n", id="on its first"),
        pytest.param("  - conv: 4\n    kernel_size: 3  @\n    stride: 2\n  - relu\n", id="on one between"),
        pytest.param("  - {conv: 4,\n     kernel_size: 3,\n     stride: 2}   @\n", id="behind a map over several lines"),
        pytest.param("  - branches: {a: [{conv: 4, kernel_size: 3, stride: 2}], b: [{maxpool: 2}]}  @\n    merge: concat\n", id="in one line with its branches"),
        pytest.param("  - branches:\n      a:\n        - {conv: 4, kernel_size: 3, stride: 2}  @\n      b: [{avgpool: 2}]\n    merge: concat\n", id="in a branch"),
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2, repeat: 1}  # cnncalc: ignore[checkerboard, stride-fit]\n", id="several rules"),
    ],
)  # fmt: skip
def test_hides(rows: str) -> None:
    text = (HEAD + rows).replace("@", MARK)
    assert "stride-fit" not in [rule for rule, _ in rules(text)]
    # Not in check alone: the file says it, so every command heeds it.
    assert [p.rule for p in cnncalc.loads(text).problems if p.rule == "stride-fit"] == []
    assert "stride-fit" in [rule for rule, _ in rules(text.replace("ignore", "ignored"))]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        pytest.param("  @\n  - {conv: 4, kernel_size: 3, stride: 2}\n", 4, id="above"),
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2}\n  @\n", 3, id="below"),
        pytest.param("  - conv: 4\n    kernel_size: 3\n    stride: 2\n  @\n  - relu\n", 3, id="between rows"),
        pytest.param("  - {conv: 4, kernel_size: 3, stride: 2}\n  - relu  @\n", 3, id="on the next row"),
        pytest.param("  - branches:  @\n      a:\n        - {conv: 4, kernel_size: 3, stride: 2}\n      b: [{avgpool: 2}]\n    merge: concat\n", 5, id="on the row around"),
    ],
)  # fmt: skip
def test_hides_nothing_elsewhere(rows: str, line: int) -> None:
    found = rules((HEAD + rows).replace("@", MARK))
    assert ("stride-fit", line) in found
    assert "unused-ignore" in [rule for rule, _ in found]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"name: 'a {MARK}'\n{HEAD}  - relu\n", id="in a quoted word"),
        pytest.param(f"description: >-\n  a\n  {MARK}\n{HEAD}  - relu\n", id="in a folded text"),
        pytest.param(f"{HEAD}  - {{relu: , name: a{MARK.replace(' ', '').replace('[', '').replace(']', '')[1:].replace(':', '')}}}\n", id="in a name"),
        pytest.param(f"{HEAD}  - relu\n# see cnncalc: it says so\n", id="another comment"),
    ],
)  # fmt: skip
def test_what_is_no_such_comment(text: str) -> None:
    assert rules(text) == []


def test_an_error_cannot_be_hidden() -> None:
    found = rules(HEAD + "  - {conv: 4, kernel_size: 9}  # cnncalc: ignore[window]\n")
    assert found == [("window", 3), ("unused-ignore", 3)]


def test_lines_as_libyaml_counts_them() -> None:
    found = rules("input: 8x8x3  # \u2028layers:\r  - {conv: 4, kernel_size: 3, stride: 2}  " + MARK + "\r\n")
    assert found == []


def test_a_thousand_comments_cost_a_look_each():
    # Each problem compared with each comment and each row was a hundred seconds' work here.
    text = "input: 9x9x3\nlayers:\n" + f"  - {{maxpool: 2, from: input}}  {MARK}\n" * 1000 + "  - {maxpool: 2, from: input}\n"
    assert [p.location.line for p in cnncalc.loads(text).problems] == [1003]
