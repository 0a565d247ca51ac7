"""Every manual's wrong example has the rule's problem, and its right one has none at all."""

from __future__ import annotations

import re
import shlex
import textwrap

import pytest

import cnncalc
from cnncalc.problem import ERROR_RULES
from cnncalc.problem import RULES as NAMES
from cnncalc.rules import RULES, run
from cnncalc.rules.errors import manual

MANUALS = {**{name: manual(name) for name in ERROR_RULES}, **{name: rule.manual for name, rule in RULES.items()}}


def example(text: str, heading: str) -> str:
    match = re.search(rf"^{heading}:\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    assert match is not None, f"no {heading} example"
    return textwrap.dedent(match[1]).strip("\n") + "\n"


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
    assert set(problems(example(MANUALS[name], "Wrong"))) == {name}


@pytest.mark.parametrize("name", MANUALS)
def test_right(name: str) -> None:
    assert problems(example(MANUALS[name], "Right")) == []


@pytest.mark.parametrize("name", MANUALS)
def test_says_how_to_mend(name: str) -> None:
    assert re.search(r"^Fix: ", MANUALS[name], re.MULTILINE)


def test_every_name_has_a_rule() -> None:
    assert set(RULES) == set(NAMES)
    assert list(MANUALS) == [*ERROR_RULES, *RULES]
