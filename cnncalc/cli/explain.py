"""`cnncalc explain`: what a rule or a layer kind means."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli import output


def complete(incomplete: str) -> list[str]:
    from cnncalc.report.explain import names

    return [name for name in names() if name.startswith(incomplete)]


def explain(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Rules or layer kinds.", autocompletion=complete)
    ] = None,
    every: Annotated[bool, typer.Option("--list", help="List all kinds and rules, a line each.")] = False,
) -> None:
    """Explain a rule or a layer kind: what it means, its fields or formula, and an example."""
    from cnncalc.report.explain import explain as rows_of
    from cnncalc.report.explain import fields, listing
    from cnncalc.report.explain import names as known

    if every or not names:
        output.say_rows(listing(output.width()))
        return
    width = min(output.width() or 100, 100)
    for name in names:
        if name not in known():
            from cnncalc.language.suggest import kind_for
            from cnncalc.spelling import did_you_mean

            kind = kind_for(name)
            with_it = fields().get(name)
            if with_it:
                hint = f"; it is a field of {', '.join(with_it)}: cnncalc explain {with_it[0]}"
            else:
                hint = f"; did you mean {kind}?" if kind else did_you_mean(name, known())
            raise typer.BadParameter(f"there is no rule or layer kind {name}{hint}", param_hint="'NAME'")
    for i, name in enumerate(names):
        output.say_rows([*([[]] if i else []), *rows_of(name, width)])


explain.epilog = "Example: cnncalc explain stride-fit"  # type: ignore[attr-defined]  # for --help
