"""`cnncalc sweep`: a row for each combination of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import complete_set, resolve

if TYPE_CHECKING:
    from cnncalc.network import Network
    from cnncalc.problem import Problem
    from cnncalc.studies.grid import Axis
    from cnncalc.studies.trial import Recipe, Trial

COUNTED = ("parameters", "trainable", "buffers", "macs")
_BUDGETED = (*COUNTED, "weights")


def sweep(
    spec: options.Spec,
    set: Annotated[  # noqa: A002 - the word of the language
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="Values of a var or a field: width=0.25,0.5,1 or conv1.stride=1..4, with a step input=128..224:32; "
            "input and fit are names too. Repeatable: every combination is tried.",
            autocompletion=complete_set,
        ),
    ],
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="NAME", help="By parameters, macs, … or a name that is set; -macs: largest first."),
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            "--budget", metavar="NAME=N", help="Leave out what exceeds it: parameters=5M, macs=600M, weights=20MiB. Repeatable."
        ),
    ] = None,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="How it is written.")] = "table",
    input: options.Input = None,  # noqa: A002 - the word of the language
    fit: options.Fit = None,
    layout: options.Layout = None,
) -> None:
    """Try every combination of values: a row each, with output, parameters, MACs and what does not fit.

    A number for input is the size of every spatial axis; a whole shape such as 224x160x3 serves as well.

    Exit status: 0 where a combination works, 1 where none does or none is within the budget, 2 for wrong values.
    """
    from cnncalc.cli.progress import bar
    from cnncalc.studies.grid import axis, combinations
    from cnncalc.studies.trial import trials

    limits = _limits(budget or [])
    try:
        axes = [axis(text) for text in set]
        values = list(combinations(axes))
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
    _check_sort(sort, axes)
    recipe = _recipe(spec, axes, input, fit, layout)
    rows = list(bar(trials(recipe, values), len(values), "combinations"))
    if not any(row.usable for row in rows):
        output.complain(_complaints(spec, rows[0]))
        raise typer.Exit(UNUSABLE)
    kept = [row for row in rows if row.usable and _within(row, limits)] if limits else rows
    kept = _sorted(kept, sort, axes)
    _say(kept, axes, form, len(rows))
    raise typer.Exit(OK if any(row.fits for row in kept) else PROBLEMS)


sweep.epilog = (  # type: ignore[attr-defined]  # for --help
    "Example: cnncalc sweep mobilenet_v2 --set width=0.25,0.5,1 --set input=128..224:32 --sort macs"
)


def _recipe(spec: str, axes: Sequence[Axis], input: str | None, fit: str | None, layout: str | None) -> Recipe:  # noqa: A002
    """The network as it stands, and which of the names are its inputs."""
    from cnncalc import network
    from cnncalc.problem import SpecError
    from cnncalc.studies.trial import Recipe

    try:
        file = resolve(spec)
        text = network.text_of(file)
        found = network.loads(text, file=file, input=input, fit=fit, layout=layout)
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    kinds = tuple(_kind(one, found) for one in axes)
    return Recipe(text, file, tuple(one.name for one in axes), kinds, input, fit, layout)


def _kind(one: Axis, network: Network) -> str:
    """How a name changes the network; for an input its shape as text, with {} for the size of every spatial axis."""
    from cnncalc.shape import Shape

    if one.name == "fit":
        return "fit"
    flow = next((source.flow for source in network.inputs if source.name == one.name), None)
    if flow is None:
        return "set"
    if isinstance(flow, Shape):
        sizes = Shape(*((-1,) * flow.rank), flow.channels).text(network.reading.layout).replace("-1", "{}")
    else:
        sizes = f"{{tokens: {{}}, vocabulary: {flow.vocabulary}}}"
    return f"{one.name}={sizes}"


def _limits(budget: Sequence[str]) -> dict[str, int]:
    from cnncalc.values import quantity

    found = {}
    for text in budget:
        name, _, said = text.partition("=")
        most = quantity(said)
        if name not in _BUDGETED or most is None:
            raise typer.BadParameter(
                f"{text} is no budget; write NAME=N, as parameters=5M: {', '.join(_BUDGETED)}", param_hint="'--budget'"
            )
        found[name] = most
    return found


def _within(row: Trial, limits: dict[str, int]) -> bool:
    totals = {**row.totals, "weights": 4 * row.totals["parameters"]}
    return all(totals[name] <= most for name, most in limits.items())


def _check_sort(sort: str | None, axes: Sequence[Axis]) -> None:
    from cnncalc.spelling import did_you_mean

    names = [*COUNTED, *(one.name for one in axes)]
    if sort is not None and sort.removeprefix("-") not in names:
        raise typer.BadParameter(f"there is no column {sort}{did_you_mean(sort, names)}", param_hint="'--sort'")


def _sorted(rows: list[Trial], sort: str | None, axes: Sequence[Axis]) -> list[Trial]:
    """By a number, or by the place of a value in its list; what is no network stands last."""
    if sort is None:
        return rows
    name = sort.removeprefix("-")
    places = [one.name for one in axes]
    if name in places:
        i = places.index(name)
        order = {value: place for place, value in enumerate(axes[i].values)}
        rows = sorted(rows, key=lambda row: order[row.values[i]], reverse=sort.startswith("-"))
    else:
        rows = sorted(rows, key=lambda row: row.totals.get(name, 0), reverse=sort.startswith("-"))
    return sorted(rows, key=lambda row: not row.usable)


def _complaints(spec: str, row: Trial) -> list[Problem]:
    from cnncalc.problem import Location, Problem

    return [Problem(rule, "error", spec, Location(), None, message) for rule, message in row.problems]


def _say(rows: list[Trial], axes: Sequence[Axis], form: str, tried: int) -> None:
    from cnncalc.report import trials as report

    names = [one.name for one in axes]
    if form == "json":
        output.say(report.json_text(rows, names))
    elif form == "csv":
        output.say(report.csv_text(rows, names))
    else:
        output.say_rows(report.rows(rows, names, tried, output.width()))
