"""Manuals as they are read."""

from __future__ import annotations

import re

import pytest

import cnncalc
from cnncalc.layers import KINDS
from cnncalc.report.explain import ROWS, explain, listing, names, words
from cnncalc.report.plain import text
from cnncalc.report.topics import topics


@pytest.mark.parametrize("name", words())
def test_every_name_has_a_manual_that_fits(name: str) -> None:
    said = text(explain(name, 72))
    assert re.search(rf"^{name}( |$)", said, re.MULTILINE)
    long = [line for line in said.splitlines() if len(line) > 72]
    # Examples are never broken, and stand four spaces in.
    assert all(line.startswith("    ") for line in long)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_its_fields_and_an_example_that_holds(name: str) -> None:
    said = text(explain(name, 100))
    for field, declared in KINDS[name].options.items():
        assert f"\n  {name if declared.main else field} " in said
    example = said.split("\nExample\n")[1].splitlines()
    *inputs, row, gives = (line[4:] for line in example)
    given = inputs[0].removeprefix("input: ") if len(inputs) == 1 else "8x8x3" if not inputs else "{" + ", ".join(inputs) + "}"
    net = cnncalc.loads(f"input: {given}\nlayers:\n  {row}\n")
    assert net.problems == []
    (layer,) = net.layers
    assert gives == f"gives {layer.shape}, {layer.parameters:,} parameter{'' if layer.parameters == 1 else 's'}"


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_are_no_layer(name: str) -> None:
    assert "Every row may also have name, from, repeat" in text(explain(name, 200))


def test_listing_has_a_line_for_each() -> None:
    said = text(listing()).splitlines()
    assert [line.split()[0] for line in said if line.startswith("  ")] == [
        *(n for n in names() if n in KINDS or n in ROWS),
        *(n for n in names() if n not in KINDS and n not in ROWS),
        *topics(),
    ]


@pytest.mark.parametrize(
    ("written", "manual"), [("x-common", "anchors"), ("&", "anchors"), ("<<", "anchors"), ("stage.*", "repeat"), ("${}", "expressions"), ("_", "shape")]
)  # fmt: skip
def test_signs_of_the_language_have_manuals(written: str, manual: str) -> None:
    assert text(explain(written, 80)).startswith(f"{manual}  " if manual in ("repeat", "shape") else f"{manual}\n")


def test_an_unknown_name() -> None:
    with pytest.raises(KeyError, match="nothing"):
        explain("nothing", 80)


@pytest.mark.parametrize("name", ROWS)
def test_the_example_of_a_row_that_is_no_layer_is_yaml_as_it_stands(name: str) -> None:
    lines = [line for line in text(explain(name, 100)).splitlines() if line.startswith("    ")]
    example = "\n".join(line.removeprefix("    ") for line in lines)
    if name == "branches":
        example = "layers:\n" + example
    assert cnncalc.loads(f"input: 8x8x64\n{example}\n").problems == []
