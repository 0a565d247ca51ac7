"""`cnncalc convert`: a network in cnncalc's own language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli import PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import load

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options


@options.changing("dtype")
def convert(
    spec: options.Spec,
    to: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Output file; default: standard output.")
    ] = None,
    *,
    changes: Options,
) -> None:
    """Convert a network of any format to cnncalc's YAML. Repeated layers become blocks and repeats.

    The output has the same layers, shapes and totals. cnncalc verifies this by reading the output before it writes the file,
    and records the totals under `expect`. Characters that are not allowed in names become underscores.

    Exit status: 0 if the file was written, 1 if the network has errors, 2 if the file is not a network.
    """
    network = load(spec, changes)
    if network is None:
        raise typer.Exit(UNUSABLE)
    output.complain(network.problems)
    if any(problem.level == "error" for problem in network.problems):
        output.warn("error: a network with errors is not converted; fix them first")
        raise typer.Exit(PROBLEMS)
    from cnncalc.report.network.yaml import CannotWrite, text

    try:
        found = text(network)
    except CannotWrite as error:
        output.warn(f"error: {spec} cannot be converted: {error}")
        raise typer.Exit(PROBLEMS) from None
    output.deliver(found, to)


convert.epilog = "Example: cnncalc convert model.keras -o model.yaml"  # type: ignore[attr-defined]  # for --help
