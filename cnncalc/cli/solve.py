"""`cnncalc solve`: the fields of one layer that fit, or that give the output asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.words import LETTERS, USAGE, Said, Single, complete, complete_field, read
from cnncalc.layers import Join, Layer
from cnncalc.layers.option import Cells, Count, PerAxis

if TYPE_CHECKING:
    from cnncalc.shape import Shape
    from cnncalc.studies.solve import Search, Solution

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT KIND=VALUE FIELD=VALUE...",
        help="As for cnncalc layer; kernel_size, stride and padding are open where they are left out.",
        autocompletion=complete,
    ),
]
#: Rules that say what a layer is, and not whether it fits: these stop the search before it begins.
_FITTING = frozenset(("window", "stride-fit"))


def solve(
    words: Words,
    wanted: Annotated[
        str | None, typer.Option("--output", metavar="SHAPE", help="What must come out: 28x28x10, or the spatial sizes 28x28.")
    ] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option(
            "--open",
            metavar="FIELD",
            help="Another field to seek: dilation, groups, … Repeatable.",
            autocompletion=complete_field,
        ),
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="FIELD=N",
            help="How far to seek: kernel_size=7; N alone is for every open field. By default kernel_size goes up to 11, "
            "stride up to the window, padding up to half of it. Repeatable.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Show the best N; 0 shows all.")] = 20,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How it is written.")] = "table",
    layout: options.Layout = None,
    as_row: Annotated[bool, typer.Option("--as-row", hidden=True)] = False,
) -> None:
    """Find the fields of a layer that fit: every kernel_size, stride and padding, or those that give --output.

    The best come first: least padding, the same on both sides before uneven, then fewer parameters.

    Exit status: 0 where something fits, 1 where nothing does, 2 for an unknown kind or field.
    """
    from cnncalc.studies.solve import TooMany

    search, found = _search(read(words), opened or [], most or [], layout, wanted)
    target = _target(wanted, search.x, layout)
    try:
        solutions = search.solutions(target)
        near = search.nearest(target, limit or 20) if target and not solutions else []
    except TooMany as fault:
        raise typer.BadParameter(str(fault)) from None
    shown = solutions[:limit] if limit else solutions
    if form == "json":
        _json(search, shown, len(solutions), found.network.layout)
    else:
        _table(search, shown or near, len(solutions), wanted, found.network.layout, as_row=as_row)
    raise typer.Exit(OK if solutions else PROBLEMS)


solve.epilog = "Example: cnncalc solve 32x32x3 conv=10 kernel_size=5 --output 32x32"  # type: ignore[attr-defined]  # for --help


def _search(said: Said, opened: list[str], most: list[str], layout: str | None, wanted: str | None) -> tuple[Search, Single]:
    """The search that the words ask for; the given fields are read as those of a file are."""
    from cnncalc.problem import SpecError
    from cnncalc.shape import Shape
    from cnncalc.studies.solve import USUAL, Search

    kind = said.layer
    given = {kind.main.name if kind and kind.main and key == said.kind else key for key, value, _ in said.pairs if value}
    asked = [_field(name, kind) for name in opened]
    twice = sorted(given & set(asked))
    if twice:
        raise typer.BadParameter(f"{twice[0]} is given already; leave it out to seek it", param_hint="'--open'")
    seek = set(asked)
    if kind is not None:
        if issubclass(kind, Join):
            raise typer.BadParameter(f"{said.kind} joins what it is given: there is nothing to seek")
        seek |= {name for name in USUAL if name in kind.options and name not in given}
        seek |= {name for name, declared in kind.options.items() if declared.required and name not in given}
        for name in (name for name in kind.options if name in seek):
            _open(said, kind, name, wanted)
    bounds = _bounds(most, seek)
    try:
        single = Single(said, layout=layout)
    except SpecError as error:
        output.complain(p._replace(file=said.input_word, location=p.location._replace(line=0)) for p in error.problems)
        raise typer.Exit(UNUSABLE) from None
    wrong = single.reworded(p for p in single.network.problems if p.rule not in _FITTING)
    x = single.network.inputs[0].flow
    if wrong or kind is None or not isinstance(x, Shape):
        output.complain(wrong)
        if not wrong:
            raise typer.BadParameter(f"{said.kind} has no sizes to seek")
        raise typer.Exit(UNUSABLE if any(p.rule in USAGE for p in wrong) else PROBLEMS)
    if not seek:
        raise typer.BadParameter(
            f"nothing is left open; leave a field out, or say --open FIELD: {', '.join(kind.options) or 'it has none'}"
        )
    layer = single.node.layer
    return Search(kind, {name: layer.value(name) for name in kind.options if name in given}, x, seek, bounds), single


def _open(said: Said, kind: type[Layer], name: str, wanted: str | None) -> None:
    """Puts a value that can be read in the place of an open field, so that the rest can be read beside it."""
    declared = kind.options[name]
    if not isinstance(declared.type, (PerAxis, Cells, Count)):
        raise typer.BadParameter(f"{name} is {declared.type.describe()}: say it, it cannot be sought")
    if declared is kind.main and isinstance(declared.type, Count) and "kernel_size" in kind.options and not wanted:
        raise typer.BadParameter(f"{kind.kind} needs its value, {declared.doc}: write {kind.kind}=10, or ask for an --output")
    dummy = "0" if isinstance(declared.type, Cells) or _least(declared.type) == 0 else "1"
    key = kind.kind if declared is kind.main else name
    said.pairs = [pair for pair in said.pairs if pair[0] != key]
    said.pairs.append((key, dummy, f"{key}={dummy}"))


def _least(declared: PerAxis | Count) -> int:
    return declared.least if isinstance(declared, Count) else declared.count.least


def _field(name: str, kind: type[Layer] | None) -> str:
    from cnncalc.spelling import did_you_mean

    found = LETTERS.get(name, name)
    if kind is not None and found == kind.kind and kind.main is not None:
        found = kind.main.name
    if kind is not None and found not in kind.options:
        raise typer.BadParameter(f"{kind.kind} has no {name}{did_you_mean(name, kind.options)}", param_hint="'--open'")
    return found


def _bounds(most: list[str], seek: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in most:
        name, equals, number = text.rpartition("=")
        if not number.isdecimal() or len(number) > 6:
            raise typer.BadParameter(f"{text} is no bound; write kernel_size=7, or 7 for every open field", param_hint="'--max'")
        name = LETTERS.get(name, name)
        if equals and name not in seek:
            raise typer.BadParameter(f"{name} is not open; open are {', '.join(sorted(seek))}", param_hint="'--max'")
        found.update({name: int(number)} if equals else dict.fromkeys(seek, int(number)))
    return found


def _target(wanted: str | None, x: Shape, layout: str | None) -> tuple[int, ...] | None:
    """The output asked for: a shape in the reader's layout, or spatial sizes alone."""
    if wanted is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,9}(x[1-9]\d{0,9}){0,3}", wanted, re.ASCII):
        raise typer.BadParameter(f"{wanted} is no output; write 28x28x10, or 28x28", param_hint="'--output'")
    sizes = tuple(map(int, wanted.split("x")))
    if layout == "channels_first" and len(sizes) == len(x):
        return (*sizes[1:], sizes[0])
    return sizes


def _json(search: Search, shown: list[Solution], total: int, layout: str) -> None:
    import json

    from cnncalc.report.solutions import document

    output.say(json.dumps(document(search, shown, total, layout), indent=2) + "\n")


def _table(search: Search, shown: list[Solution], total: int, wanted: str | None, layout: str, *, as_row: bool) -> None:
    from cnncalc.report.solutions import rows, typed

    if not total and wanted:
        nearest = "; what fits and comes nearest:" if shown else ""
        output.say(f"nothing fits that gives {wanted} from {search.x.text(layout)}, {_sought(search)}{nearest}\n")
    elif not total:
        output.say(f"nothing fits on {search.x.text(layout)}, {_sought(search)}\n")
    if shown:
        output.say_rows(rows(search, shown, layout, output.width()))
    if total > len(shown):
        output.say(f"\n{total - len(shown):,} more fit; --limit 0 shows them\n")
    if shown and total:
        best = f"cnncalc layer {search.x.text(layout)} {typed(search, shown[0])}"
        output.say(f"\nthe first one: {typed(search, shown[0], as_row=True) if as_row else best}\n")


def _sought(search: Search) -> str:
    """How far the search went, for whoever finds nothing."""
    return " and ".join(f"{name} up to {search.bound(name)}" for name in search.opened)
