"""`cnncalc solve`: find the fields of one layer that fit, or that give a required output."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.studies.single import USAGE, WordsError, complete_field, read


def solve(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        options.layer_words("As for cnncalc layer. If kernel_size, stride or padding is left out, it is searched."),
    ] = None,
    wanted: Annotated[
        str | None, typer.Option("--output", metavar="SHAPE", help="Required output: 28x28x10, or only the spatial sizes 28x28.")
    ] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option(
            "--open",
            metavar="FIELD",
            help="Search another field too: dilation, groups, … Repeatable.",
            autocompletion=complete_field,
        ),
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="FIELD=N",
            help="Largest value to try: kernel_size=7, or N for all fields searched. Default: kernel_size up to 11, "
            "stride up to the window, padding up to half of it. Repeatable.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Show the best N; 0 shows all.")] = 20,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
    layout: options.Layout = None,
    as_row: Annotated[bool, typer.Option("--as-row", hidden=True)] = False,
) -> None:
    """Find the kernel_size, stride and padding of a layer that fit its input, or that give the output of --output.

    A field is searched if it is written FIELD=?; kernel_size, stride and padding also if they are left out. The best solutions
    come first: least padding, then equal padding on both sides, then fewest parameters.

    Exit status: 0 with a solution, 1 without one, 2 for an unknown kind or field.
    """
    from cnncalc.problem import SpecError
    from cnncalc.report import solutions as report
    from cnncalc.studies.question import OptionError, Wrong, question
    from cnncalc.studies.solve import TooMany

    if not words:
        typer.echo(context.get_help())
        raise typer.Exit(UNUSABLE)
    try:
        search, target, written = question(read(words), opened=opened or [], bounds=most or [], output=wanted, layout=layout)
        solutions = search.solutions(target)
        near = search.nearest(target, limit or 20) if target and not solutions else []
    except (WordsError, TooMany) as error:
        hint = f"'{error.option}'" if isinstance(error, OptionError) else None
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except Wrong as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE if any(p.rule in USAGE for p in error.problems) else PROBLEMS) from None
    except SpecError as error:
        output.complain(p._replace(location=p.location._replace(line=0)) for p in error.problems)
        raise typer.Exit(UNUSABLE) from None
    shown = solutions[:limit] if limit else solutions
    if form == "json":
        import json

        output.say(json.dumps(report.document(search, shown, len(solutions), written), indent=2) + "\n")
    else:
        answer = report.ShownSolutions(shown or near, len(solutions), wanted)
        output.say_rows(report.answer(search, answer, written, output.width(), as_row=as_row))
    raise typer.Exit(OK if solutions else PROBLEMS)


solve.epilog = "Example: cnncalc solve 32x32x3 conv=10 kernel_size=5 --output 32x32"  # type: ignore[attr-defined]  # for --help
