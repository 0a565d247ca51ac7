"""`cnncalc sizes`: the input sizes on which a network works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.bundled import resolve
from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.studies.oracle import Oracle


@options.changing("dtype")
def sizes(
    spec: options.Spec,
    most: Annotated[
        int | None,
        typer.Option(
            "--max",
            min=1,
            max=100_000,
            metavar="N",
            help="Largest size to try; by default 1,024, or four periods of the network's strides if that is more.",
        ),
    ] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="Output format.")] = "text",
    *,
    changes: Options,
) -> None:
    """Find the input sizes on which a network works: every stride fits, every join matches, and no map vanishes.

    Each axis is varied alone, and the two axes of an image also together; channels do not change. If the network uses
    `fit: floor` or `fit: ceil`, a second column shows the sizes for which every stride fits.

    Exit status: 0 if a size works, 1 if none was found, 2 if the file is not a network.
    """
    from cnncalc.build.reading import Source
    from cnncalc.problem import SpecError
    from cnncalc.studies.oracle import Oracle

    try:
        oracle = Oracle(Source(resolve(spec)), changes)
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    raise typer.Exit(tell(oracle, most, form))


sizes.epilog = "Example: cnncalc sizes unet"  # type: ignore[attr-defined]  # for --help


def tell(oracle: Oracle, most: int | None = None, form: str = "text") -> int:
    """Print the sizes and return the exit status."""
    from cnncalc.report import sizes as report
    from cnncalc.report import words
    from cnncalc.studies.sizes import surveys

    network = oracle.network
    if lasting := oracle.lasting_problems():
        output.complain(lasting)
        these = "these problems do" if len(lasting) > 1 else "this problem does"
        output.say(f"no input size works, because {these} not depend on the size\n")
        return PROBLEMS
    tried = surveys(oracle, most)
    # The file can hold conditions that the graph does not show, so load it again with the sizes that were found.
    for judge, found in tried.values():
        wrong = oracle.problems_on(judge.flows(found.smallest)) if found.smallest is not None else []
        if wrong:
            output.complain(wrong)
            own, other = (words.flow(flow, network.layout) for flow in (judge.flow, found.smallest))
            these = "these problems" if len(wrong) > 1 else "this problem"
            output.say(
                f"{f'{own} works; ' if oracle.works else ''}{other} seemed to work, but then the file has {these}, "
                "so other sizes are not known\n"
            )
            return OK if oracle.works else PROBLEMS
    results = {name: found for name, (_, found) in tried.items()}
    if form == "json":
        import json

        output.say(json.dumps(report.document(network, results)) + "\n")
    else:
        output.say_rows(report.rows(network, results, output.width(), expect_skipped=oracle.expects))
    # Equal inputs need not work while one of them varies alone.
    return (
        OK
        if any(" = " in name and found.smallest is not None for name, found in results.items())
        or all(found.smallest is not None for found in results.values())
        else PROBLEMS
    )
