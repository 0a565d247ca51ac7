"""Every manual's wrong example has the rule's problem, and its right one has none at all."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import cnncalc
from cnncalc.problem import ERROR_RULES
from cnncalc.problem import RULES as NAMES
from cnncalc.rules import RULES, run
from cnncalc.rules.manual import level, manual, summary

FOLDER = Path(cnncalc.__file__).parent / "manuals"
MANUALS = {name: manual(name) for name in (*ERROR_RULES, *NAMES)}


def example(text: str, wrong: bool) -> str:
    """The first example of a manual, or the one that it offers instead."""
    examples = re.findall(r"^```(?:yaml|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    return examples[0 if wrong else 1]


def problems(text: str) -> list[str]:
    if text.startswith("$ cnncalc"):
        _, command, spec, *words = shlex.split(text.removeprefix("$ "))
        options = dict(zip(words[::2], words[1::2], strict=True))
        spec = f"specs/{spec}.yaml" if command == "show" else spec
        try:
            found = cnncalc.load(spec, set=options.get("--set", ()), fit=options.get("--fit")).problems
        except cnncalc.SpecError as error:
            found = error.problems
        return [p.rule for p in found]
    try:
        net = cnncalc.loads(text)
    except cnncalc.SpecError as error:
        return [p.rule for p in error.problems]
    return [p.rule for p in [*net.problems, *run(net.reading, RULES)]]


@pytest.mark.parametrize("name", MANUALS)
def test_wrong(name: str) -> None:
    assert set(problems(example(MANUALS[name], wrong=True))) == {name}


@pytest.mark.parametrize("name", MANUALS)
def test_right(name: str) -> None:
    assert problems(example(MANUALS[name], wrong=False)) == []


@pytest.mark.parametrize("name", MANUALS)
def test_sections(name: str) -> None:
    headings = re.findall(r"^#+ .*", MANUALS[name], re.MULTILINE)
    assert headings[:5] == [f"# {name}", "## What it does", "## Why is this bad?", "## Example", "## Fix"]
    assert headings[5:] in ([], ["## Reference"])
    assert "\n\nUse instead:\n\n" in MANUALS[name]
    assert "\n" not in summary(name)


def test_every_rule_has_a_file_and_a_manual() -> None:
    assert set(RULES) == set(NAMES)
    assert {path.stem for path in FOLDER.glob("*.md")} == set(ERROR_RULES)
    assert all(rule.level in ("warning", "note") for rule in RULES.values())


def test_an_unknown_rule() -> None:
    with pytest.raises(KeyError, match="nothing"):
        manual("nothing")
    assert level("stride-fit") == "error"
