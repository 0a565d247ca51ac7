"""Markdown that GitHub renders as it is meant."""

import re

import cnncalc
from cnncalc.report.network.columns import choose
from cnncalc.report.network.formats.markdown import escaped, text
from tests.cli.command import ROOT


def cells(line):
    return re.split(r"(?<!\\)\|", line)[1:-1]


def test_every_row_has_as_many_cells_as_the_header():
    said = text(cnncalc.load(ROOT / "specs" / "vqa.yaml"), choose(("all",)))
    table = [line for line in said.splitlines() if line.startswith("|")]
    assert {len(cells(line)) for line in table} == {17}
    assert set(cells(table[1])) == {" --- ", " ---: "}
    assert "**149,376,504**" in said


def test_parameters_add_up():
    said = text(cnncalc.load(ROOT / "specs" / "resnet18.yaml"), choose(), depth=1)
    found = [cells(line)[3].strip() for line in said.splitlines() if line.startswith("|")][2:]
    assert sum(int(number.replace(",", "")) for number in found if number) == 11_689_512


def test_what_markdown_would_read_is_escaped():
    assert escaped("a|b*c_d`<e>[f]") == r"a\|b\*c\_d\`\<e\>\[f\]"
    said = text(cnncalc.loads("name: 'a|b'\ninput: 9x9x3\nfit: floor\nlayers: [{maxpool: 2, name: a_b_c}]"), choose())
    assert r"### a\|b" in said
    assert r"| \~ a\_b\_c | maxpool 2×2 |" in said
    assert r"- \~ the last row and column are never read: a\_b\_c" in said


def test_nesting_and_problems():
    said = text(
        cnncalc.loads("input: 8x8x3\nblocks: {b: {layers: [{maxpool: 3}]}}\nlayers: [{block: b}]", file="n.yaml"), choose()
    )
    assert "| **b1** | block b |" in said
    assert "\n| \u00a0\u00a0✗ maxpool1 |" in said
    assert r"- n.yaml:2:24: error: b1.maxpool1 does not fit" in said
    assert said.endswith("\n")
    assert not said.endswith("\n\n")
