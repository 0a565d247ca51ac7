"""`cnncalc shell`: build and change a network row by row."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import complete


def shell(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[SPEC]",
            help="A file or a bundled network (cnncalc specs) to load first.",
            autocompletion=complete,
            show_default=False,
        ),
    ] = None,
    input: options.Input = None,  # noqa: A002 - the word of the language
    python: options.Python = None,
) -> None:
    """Build and change a network row by row, and see each output at once.

    Type rows as in YAML: conv: 64, kernel_size: 3. Parts of a file can be pasted. The command help lists the commands. If
    standard input is not a terminal, its lines are run as a script.

    Exit status: 0; 1 if a line of a script failed or its network has errors; 2 if SPEC is not a network.
    """
    from cnncalc.cli.shell.commands import Leave, Shell
    from cnncalc.cli.shell.rescue import rescuing
    from cnncalc.cli.shell.typed import LineJoiner

    here = Shell()
    here.input = tuple(input or ())
    if spec is not None:
        here.do(f"load! {spec}")
        if here.status:
            raise typer.Exit(UNUSABLE)
    with rescuing(here.session):
        if sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty():
            from cnncalc.cli.shell.prompt import loop

            loop(here)
            raise typer.Exit(OK)
        lines = LineJoiner()
        try:
            for line in sys.stdin or ():
                for one in lines.feed(line):
                    here.do(one)
            for one in lines.flush():
                here.do(one)
        except Leave:
            pass
        except UnicodeDecodeError:
            output.say("error: the script is not UTF-8 text\n")
            raise typer.Exit(UNUSABLE) from None
    failed = any(problem.level == "error" for problem in here.session.problems)
    raise typer.Exit(max(here.status, PROBLEMS if failed else OK))


shell.epilog = "Example: cnncalc shell alexnet"  # type: ignore[attr-defined]  # for --help
