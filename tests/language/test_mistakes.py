"""One mistake, one message: rows written in other ways than the language's."""

from __future__ import annotations

import pytest

import cnncalc


def problems(*rows: str) -> list[tuple[int, int, str, str]]:
    net = cnncalc.loads("input: 8x8x3\nlayers:\n" + "".join(f"  {row}\n" for row in rows))
    return [(p.location.line, p.location.column, p.rule, p.message) for p in net.problems]


@pytest.mark.parametrize(
    ("row", "column", "rule", "message"),
    [
        ("- {conv: 8, kernal_size: 3}", 15, "unknown-key", "conv has no kernal_size; did you mean kernel_size?"),
        (
            "- {conv: 8, F: 3, S: 1, P: 1}", 15, "unknown-key",
            "conv has no F, S, P: fields are written in words; write {conv: 8, kernel_size: 3, stride: 1, padding: 1}",
        ),
        (
            "- {K: 8, F: 3, S: 1}", 6, "unknown-kind",
            "K is no layer kind: a row is written in words; write {conv: 8, kernel_size: 3, stride: 1}",
        ),
        (
            "- conv: {filters: 64, kernel_size: 7}", 11, "value",
            "the fields of conv stand beside it, not below it; write {conv: 64, kernel_size: 7}",
        ),
        ("- maxpool: {pool_size: 2, strides: 2}", 14, "value", "the fields of maxpool stand beside it, not below it; write {maxpool: 2, stride: 2}"),
        ("- {conv: 8, kernel: 3}", 15, "unknown-key", "conv has no kernel; did you mean kernel_size?"),
    ],
)  # fmt: skip
def test_a_row(row: str, column: int, rule: str, message: str) -> None:
    assert problems(row) == [(3, column, rule, message)]


def test_dashes_in_front_of_fields() -> None:
    found = problems("- conv: 8", "- kernel_size: 3", "- stride: 1", "- relu", "- maxpool: 2", "- stride: 2", "- {fc: 10}")
    assert [one[:3] for one in found] == [(4, 5, "row"), (8, 5, "row")]
    assert found[0][3].startswith(
        "kernel_size, stride are fields of the row above and no row; write - {conv: 8, kernel_size: 3, stride: 1}"
    )
    assert found[1][3].startswith("stride is a field of the row above and no row; write - {maxpool: 2, stride: 2}")


def test_rows_behind_such_a_row_are_still_read() -> None:
    text = "input: 8x8x3\nlayers:\n  - conv: 8\n  - kernel_size: 3\n  - {fc: 10}\n"
    net = cnncalc.loads(text)
    # 8 filters of 3×3×3 and biases; 6·6·8 numbers into 10 units and biases.
    assert (net.layers[-1].shape, net.parameters) == (cnncalc.Shape(10), 8 * 28 + 10 * 289)


def test_two_mistakes_are_two_messages() -> None:
    assert [one[:2] for one in problems("- {conv: 8, kernel_size: 3, strid: 2, paddin: 1}")] == [(3, 31), (3, 41)]
    assert [one[2] for one in problems("- {conv: 8, colour: red}")] == ["missing", "unknown-key"]
