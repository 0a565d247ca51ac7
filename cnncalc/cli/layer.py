"""`cnncalc layer`: compute one layer without a file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.studies.single import USAGE, Single, WordsError, read


def layer(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        options.layer_words("A shape, a kind with its value, and fields. The letters F S P D K are accepted too."),
    ] = None,
    form: Annotated[
        Literal["text", "json", "svg"],
        typer.Option("--format", help="Output format; svg draws the window over the input: stride, padding, unread cells."),
    ] = "text",
    fit: options.Fit = None,
    layout: Annotated[
        Literal["channels_last", "channels_first"] | None,
        typer.Option("--layout", help="Order of the axes in shapes that are read and printed: 32x32x3 or 3x32x32."),
    ] = None,
) -> None:
    """Compute one layer: its output by the formula with numbers, its parameters, and how many sharing weights saves.

    INPUT is a shape such as 32x32x3, or tokens=56 vocabulary=20000 for text. Write a kind that takes no value as a plain
    word: relu. The value of a join is its other inputs: 28x28x64 concat=28x28x32.

    Exit status: 0 if the layer fits its input, 1 if it does not, 2 for an unknown kind or field.
    """
    from cnncalc.problem import SpecError
    from cnncalc.report import single

    if not words:
        typer.echo(context.get_help())
        raise typer.Exit(UNUSABLE)
    try:
        given = read(words)
        if given.opened:
            more = ["--layout", layout] if layout is not None else []
            raise WordsError(f"{given.opened[0]} is left open; to find its values, use cnncalc solve {_quoted([*words, *more])}")
        found = Single(given, fit=fit, layout=layout)
    except WordsError as error:
        raise typer.BadParameter(str(error)) from None
    except SpecError as error:
        output.complain(p._replace(file=given.input_word, location=p.location._replace(line=0)) for p in error.problems)
        raise typer.Exit(UNUSABLE) from None
    network = found.network
    network.problems = found.reworded(network.problems)
    status = OK
    if network.problems:
        status = UNUSABLE if any(p.rule in USAGE for p in network.problems) else PROBLEMS
    if form == "json":
        from cnncalc.report.network.formats.json import text

        output.say(text([single.document(network, found.node)], as_list=False) if status != UNUSABLE else "")
        output.complain(network.problems if status == UNUSABLE else ())
        raise typer.Exit(status)
    if form == "svg":
        raise typer.Exit(_draw(found, status))
    if status != UNUSABLE and found.node.inferred.layer.kind:
        rows = single.rows(network, found.node, output.width())
        output.say_rows([*rows, []] if network.problems and output.width() else rows)
    output.complain(network.problems)
    raise typer.Exit(status)


layer.epilog = "Example: cnncalc layer 32x32x3 conv=10 kernel_size=5 padding=2"  # type: ignore[attr-defined]  # for --help


def _quoted(words: list[str]) -> str:
    from cnncalc.report.solutions import quoted

    return " ".join(map(quoted, words))


def _draw(found: Single, status: int) -> int:
    """Print the picture of the window over the input, and return the exit status."""
    from cnncalc.report.picture import sliding, svg
    from cnncalc.report.picture.options import CannotDraw

    output.complain(found.network.problems)
    if status == UNUSABLE or found.node.shape is None:
        return status
    try:
        output.say(svg.text(sliding.scene(found.network, found.node)))
    except CannotDraw as error:
        output.warn(f"error: {error}")
        return UNUSABLE
    return status
