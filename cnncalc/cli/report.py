"""`cnncalc report`: a page about a network, or about the difference between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import UNUSABLE, options, output
from cnncalc.cli.spec import complete, load, status

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.network import Network


@options.changing("dtype")
def report(
    spec: options.Spec,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="A second network; the page then shows the differences.", autocompletion=complete),
    ] = None,
    to: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Output file; default: standard output.")
    ] = None,
    *,
    changes: Options,
) -> None:
    """Write an HTML page about a network: picture, table, parameters, MACs, memory, and problems with their source lines.

    The page is a single file that loads nothing else. JavaScript is optional: it folds and sorts the table. With two networks,
    the page shows the differences.

    Exit status: 0 without problems, 1 with errors in a network, 2 if a file is not a network.
    """
    networks = [load(one, changes) for one in (spec, other) if one is not None]
    if any(network is None for network in networks):
        raise typer.Exit(UNUSABLE)
    found = [network for network in networks if network is not None]
    if other is None:
        output.deliver(_page(found[0]), to)
    else:
        from cnncalc.analysis.comparison import compare
        from cnncalc.report.page import comparison

        before, after = found
        output.deliver(comparison.page(compare(before, after), (before, after), (spec, other), after.layout), to)
    for network in found:
        output.complain(network.problems)
    raise typer.Exit(status(found))


report.epilog = "Example: cnncalc report resnet50 -o resnet50.html"  # type: ignore[attr-defined]  # for --help


def _page(network: Network) -> str:
    from cnncalc.check.examine import problems_of
    from cnncalc.check.settings import Settings
    from cnncalc.report.page.page import page
    from cnncalc.report.problems.base import lines_at

    problems = problems_of(network, Settings())
    return page(network, problems, lines_at(problems, network.file, network.reading.text))
