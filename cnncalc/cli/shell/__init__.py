"""`cnncalc shell`: build and change a network row by row."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, output
from cnncalc.cli.spec import complete


def shell(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[SPEC]",
            help="A file to begin with, or a name from cnncalc specs.",
            autocompletion=complete,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Build and change a network row by row, and see each output at once; help lists the commands there.

    Rows are typed as in YAML: conv: 64, kernel_size: 3. From a pipe the lines are a script.

    Exit status: 0, or from a pipe 1 where a line was refused or the network has errors at the end; 2 where SPEC is no network.
    """
    from cnncalc.cli.shell.commands import Leave, Shell

    here = Shell()
    if spec is not None:
        here.do(f"load! {spec}")
        if here.refused:
            raise typer.Exit(UNUSABLE)
    if sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty():
        from cnncalc.cli.shell.prompt import loop

        loop(here)
        raise typer.Exit(OK)
    try:
        for line in sys.stdin or ():
            here.do(line)
    except Leave:
        pass
    except UnicodeDecodeError:
        output.say("error: the script is not UTF-8 text\n")
        raise typer.Exit(UNUSABLE) from None
    failed = here.refused or any(problem.level == "error" for problem in here.session.problems)
    raise typer.Exit(PROBLEMS if failed else OK)


shell.epilog = "Example: cnncalc shell alexnet"  # type: ignore[attr-defined]  # for --help
