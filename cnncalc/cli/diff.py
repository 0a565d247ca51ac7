"""`cnncalc diff`: the differences between two networks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.bundled import bundled, resolve
from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import complete

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.network import Network

_HELP = "A file, - for standard input, a bundled network (cnncalc specs), or REV:path in git."


@options.changing()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=_HELP, autocompletion=complete)],
    b: Annotated[str, typer.Argument(metavar="B", help=_HELP, autocompletion=complete)],
    form: Annotated[Literal["table", "markdown", "json"], typer.Option("--format", help="Output format.")] = "table",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if the networks differ.")] = False,
    *,
    changes: Options,
) -> None:
    """Show what changed between two networks, layer by layer and in the totals.

    Layers are matched by the names given in the files. Default names such as conv1 change if a row is inserted, so layers
    with default names are matched in order, and an inserted row counts as one added layer.

    A or B can be a version in git: HEAD~1:specs/alexnet.yaml. --input, --set and --fit apply to both networks; both must have
    the var or layer of a --set.

    Exit status: 0 if both networks were read, 1 with --exit-code if they differ, 2 if a file is not a network.
    """
    from cnncalc.analysis.comparison import compare
    from cnncalc.report import differences

    networks = [_load(side, changes) for side in (a, b)]
    before, after = networks
    if before is None or after is None:
        raise typer.Exit(UNUSABLE)
    found = compare(before, after)
    names = (a, b)
    if form == "json":
        import json

        output.say(json.dumps(differences.document(found, names, after.layout), indent=2) + "\n")
    elif form == "markdown":
        output.say(differences.markdown(found, names, after.layout))
    else:
        output.say_rows(differences.rows(found, names, after.layout, output.width()))
    output.complain(before.problems)
    # A problem of a file that is compared with itself is reported once.
    output.complain([problem for problem in after.problems if problem not in before.problems])
    raise typer.Exit(PROBLEMS if exit_code and found else OK)


diff.epilog = "Example: cnncalc diff HEAD:net.yaml net.yaml --format markdown"  # type: ignore[attr-defined]  # for --help


def _load(side: str, changes: Options) -> Network | None:
    """Load one side. Return None if it is not a network, after reporting that on stderr."""
    from cnncalc import network
    from cnncalc.build.reading import Source
    from cnncalc.problem import SpecError

    try:
        source = Source(side, text=_shown(side)) if _in_history(side) else Source(resolve(side))
        return network.of(source, changes.changes())
    except SpecError as error:
        output.complain(error.problems)
        return None


def _in_history(side: str) -> bool:
    """Whether `side` is REV:path in git. An existing file of that name takes precedence."""
    revision, colon, path = side.partition(":")
    if not (colon and revision and path) or os.path.exists(side) or side in bundled():
        return False
    from cnncalc.formats import is_import

    return not is_import(side)


def _shown(side: str) -> str:
    """The text of REV:path. Raises SpecError with git's message."""
    from cnncalc.build.reading import decode
    from cnncalc.git import GitError, git
    from cnncalc.problem import Location, Problem, SpecError

    revision, _, path = side.partition(":")
    message = ""
    # First relative to the current folder, like other paths; then relative to the root of the repository, as in git.
    for place in (f"{revision}:./{path}", f"{revision}:{path}"):
        try:
            return decode(git("show", "--end-of-options", place), side)
        except GitError as error:
            message = f"git has no such file: {error}" if error.refused else str(error)
            if not error.refused:
                break
    raise SpecError([Problem("file", "error", side, Location(), None, message)])
