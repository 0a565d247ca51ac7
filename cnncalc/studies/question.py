"""Words, open fields and bounds → the search that `solve` makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncalc.layers import Join, Layer
from cnncalc.layers.option import Cells, Count, PerAxis
from cnncalc.problem import Problem
from cnncalc.shape import Shape
from cnncalc.studies.single import LETTERS, Single, Words, WordsError
from cnncalc.studies.solve import USUAL, Search

#: Rules about whether a layer fits: a search may find values that satisfy them.
_FITTING = frozenset(("window", "stride-fit"))


class OptionError(WordsError):
    """An option that does not belong to the layer; `option` is its name."""

    def __init__(self, option: str, message: str) -> None:
        self.option = option
        super().__init__(message)


class Wrong(Exception):
    """The given fields describe no layer; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems


class Question(NamedTuple):
    """A search, the output asked for (None for any), and the layout that shapes are written in."""

    search: Search
    output: tuple[int, ...] | None
    layout: str


def question(
    words: Words, *, opened: Sequence[str] = (), bounds: Sequence[str] = (), output: str | None = None, layout: str | None = None
) -> Question:
    """The search for the fields that `words` leave open. Raises WordsError, Wrong, and SpecError for an input that is none."""
    kind = words.layer
    asked = [_field(name, kind) for name in (*opened, *words.opened)]
    given = {kind.field_of(key) if kind is not None else key for key, value, _ in words.pairs if value}
    twice = sorted(given & set(asked))
    if twice:
        raise OptionError("--open", f"{twice[0]} has a value already; leave it out to search it")
    wanted = set(asked)
    if kind is not None:
        if issubclass(kind, Join) or not kind.options:
            raise WordsError(f"{words.kind} has no fields to search")
        wanted |= {name for name in USUAL if name in kind.options and name not in given}
        wanted |= {name for name, declared in kind.options.items() if declared.required and name not in given}
        for name in [name for name in kind.options if name in wanted]:
            _put_value(words, kind, name, output)
    limits = _bounds(bounds, wanted)
    single = Single(words, layout=layout)
    wrong = single.reworded(p for p in single.network.problems if p.rule not in _FITTING)
    x = single.network.inputs[0].flow
    if wrong:
        raise Wrong(wrong)
    if kind is None or not isinstance(x, Shape):
        raise WordsError(f"{words.kind} has no sizes to search")
    if not wanted:
        fields = ", ".join(kind.options) or "it has none"
        raise WordsError(f"no field is open; leave one out, write FIELD=?, or use --open FIELD: {fields}")
    layer = single.node.layer
    search = Search(kind, {name: layer.value(name) for name in kind.options if name in given}, x, wanted, limits)
    return Question(search, _output(output, x, layout), single.network.layout)


def _put_value(words: Words, kind: type[Layer], name: str, output: str | None) -> None:
    """Give an open field a value that can be read, so that the other fields can be read."""
    declared = kind.options[name]
    if not isinstance(declared.type, (PerAxis, Cells, Count)):
        raise WordsError(f"{name} is {declared.type.describe()}: it cannot be searched, give it a value")
    if declared is kind.main and isinstance(declared.type, Count) and "kernel_size" in kind.options and not output:
        raise WordsError(f"{kind.kind} needs its value, {declared.doc}: write {kind.kind}=10, or ask for an --output")
    least = 0 if isinstance(declared.type, Cells) else _least(declared.type)
    key = kind.kind if declared is kind.main else name
    words.pairs = [pair for pair in words.pairs if pair[0] != key]
    words.pairs.append((key, str(min(1, least)), f"{key}=?"))


def _least(declared: PerAxis | Count) -> int:
    return declared.least if isinstance(declared, Count) else declared.count.least


def _field(name: str, kind: type[Layer] | None) -> str:
    from cnncalc.spelling import did_you_mean

    found = LETTERS.get(name, name)
    if kind is None:
        return found
    found = kind.field_of(found)
    if found not in kind.options:
        raise OptionError("--open", f"{kind.kind} has no {name}{did_you_mean(name, kind.options)}")
    return found


def _bounds(texts: Sequence[str], wanted: set[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not number.isdecimal() or len(number) > 6:
            raise OptionError("--max", f"{text} is no bound; write kernel_size=7, or 7 for every open field")
        name = LETTERS.get(name, name)
        if equals and name not in wanted:
            raise OptionError("--max", f"{name} is not open; open are {', '.join(sorted(wanted))}")
        found.update({name: int(number)} if equals else dict.fromkeys(wanted, int(number)))
    return found


def _output(text: str | None, x: Shape, layout: str | None) -> tuple[int, ...] | None:
    """A shape in the reader's layout, or spatial sizes alone."""
    if text is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,9}(x[1-9]\d{0,9}){0,3}", text, re.ASCII):
        raise OptionError("--output", f"{text} is no output; write 28x28x10, or 28x28")
    sizes = tuple(map(int, text.split("x")))
    if layout == "channels_first" and len(sizes) == len(x):
        return (*sizes[1:], sizes[0])
    return sizes
