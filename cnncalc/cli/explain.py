"""`cnncalc explain`: the manual of a rule, kind, field or figure."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli import output


def complete(incomplete: str) -> list[str]:
    from cnncalc.report.explain import words

    return [name for name in words() if name.startswith(incomplete)]


def explain(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="A rule, layer kind, field, key, function or figure.", autocompletion=complete),
    ] = None,
    every: Annotated[bool, typer.Option("--list", help="List everything that has a manual, one per line.")] = False,
) -> None:
    """Explain a rule, a layer kind, a field, a key of the file, a function, or a figure such as macs."""
    from cnncalc.cli.app import COMMANDS
    from cnncalc.report.explain import explain as rows_of
    from cnncalc.report.explain import listing, suggestion

    if every or not names:
        output.say_rows(listing(output.width()))
        return
    width = min(output.width() or 100, 100)
    manuals = []
    for name in _joined(names):
        try:
            manuals.append(rows_of(name, width))
        except KeyError:
            hint = f"; it is a command: cnncalc {name} --help" if name in COMMANDS else suggestion(name)
            raise typer.BadParameter(f"there is no manual of {name}{hint}", param_hint="'NAME'") from None
    for i, rows in enumerate(manuals):
        output.say_rows([*([[]] if i else []), *rows])


explain.epilog = "Example: cnncalc explain stride-fit"  # type: ignore[attr-defined]  # for --help


def _joined(names: list[str]) -> list[str]:
    """`names`, joined if they are one name together: `receptive field`."""
    from cnncalc.report.topics import topics

    return [" ".join(names)] if "_".join(names).lower() in topics() else names
