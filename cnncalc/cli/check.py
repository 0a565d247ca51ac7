"""`cnncalc check`: files and folders, for CI."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from cnncalc.cli import UNUSABLE, options, output
from cnncalc.report.problems import FORMATS

if TYPE_CHECKING:
    from cnncalc.check.examine import How
    from cnncalc.check.settings import Settings
    from cnncalc.language.overrides import Options
    from cnncalc.report.problems import Result

    Form = str
else:
    Form = Literal[FORMATS]


@options.changing("dtype")
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Files, folders, patterns, or - for standard input; default: the current folder."),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", metavar="RULES", help="Report only these warnings and notes, separated by commas; errors always count."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="RULES", help="Do not report these warnings, notes or stride-fit, separated by commas."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="PATTERN", help="Skip files and folders that match, such as build or nets/old/*. Repeatable."
        ),
    ] = None,
    notes: Annotated[
        bool | None, typer.Option("--notes/--no-notes", help="Report notes too; a note never fails the check.")
    ] = None,
    strict: Annotated[bool | None, typer.Option("--strict/--no-strict", help="Exit with 1 for warnings too.")] = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 even if problems are found.")] = False,
    form: Annotated[Form, typer.Option("--format", help="Output format.")] = "text",
    output_file: Annotated[
        str | None,
        typer.Option("--output-file", "-o", metavar="FILE", help="Write the report to FILE instead of standard output."),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the fixes as a diff; change nothing.")] = False,
    diff_base: Annotated[
        str | None,
        typer.Option("--diff-base", metavar="REF", help="Check only files that differ from a git ref, such as origin/main."),
    ] = None,
    stdin_filename: Annotated[
        str | None, typer.Option("--stdin-filename", metavar="FILE", help="File name to report for standard input.")
    ] = None,
    skip_others: Annotated[
        bool, typer.Option("--skip-others", help="Skip files named on the command line that are not networks or are excluded.")
    ] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="Number of processes.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, or local for a cluster here."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print the summary.")] = False,
    *,
    changes: Options,
) -> None:
    """Check files and folders for CI. Each problem is one line: its position, the reason and how to fix it.

    In a folder, cnncalc checks each *.yaml and *.yml file whose top level has input and layers, or one of the two and a list
    of layers. Other YAML files are skipped and counted. The settings select, ignore, notes, strict and exclude can also be
    set under [tool.cnncalc] in pyproject.toml.

    Exit status: 0 without problems, 1 with errors (with --strict also with warnings), 2 if a file is not a network.
    """
    from cnncalc.check.examine import How
    from cnncalc.check.session import CheckRequest, CheckSession
    from cnncalc.check.settings import SettingsError
    from cnncalc.cluster import ClusterError

    if fix and diff:
        raise typer.BadParameter("--fix changes the files and --diff only shows the changes; choose one", param_hint="'--fix'")
    if (fix or diff) and changes:
        raise typer.BadParameter(
            "fixes apply to the files without changes; leave out --input, --set and --fit", param_hint="'--fix'"
        )
    terminal = output.width() is not None and form == "text" and output_file is None
    how = How(terminal, fix or diff, fix, changes, fixes=form in ("json", "sarif"))
    try:
        given = _settings(select, ignore, exclude, strict, notes)
        session = CheckSession(CheckRequest(paths or ["."], given, how, diff_base, stdin_filename, skip_others, jobs, scheduler))
        for warning in session.warnings:
            _say(f"warning: {warning}")
        status = _report(session.results(), how, form, output_file, quiet)
    except (SettingsError, ClusterError) as error:
        _wrong(str(error))
    raise typer.Exit(0 if exit_zero else status)


check.epilog = "Example: cnncalc check specs --strict --format github"  # type: ignore[attr-defined]  # for --help


def _settings(
    select: list[str] | None, ignore: list[str] | None, exclude: list[str] | None, strict: bool | None, notes: bool | None
) -> Settings:
    from cnncalc.check.settings import Pattern, Settings, check_names

    return Settings(
        None if select is None else check_names(tuple(options.names(select)), "--select"),
        None if ignore is None else check_names(tuple(options.names(ignore)), "--ignore"),
        strict,
        notes,
        None if exclude is None else tuple(Pattern(os.getcwd(), text, "--exclude") for text in exclude),
    )


def _say(message: str) -> None:
    from cnncalc.problem import one_line
    from cnncalc.report.plain import write

    write(f"{one_line(message)}\n", sys.stderr)


def _wrong(message: str) -> NoReturn:
    _say(f"error: {message}")
    raise typer.Exit(UNUSABLE)


def _report(results: Iterator[Result], how: How, form: str, output_file: str | None, quiet: bool) -> int:
    """Write the results and the summary, and return the exit status."""
    from cnncalc.check.tally import Tally

    tally = Tally(fixes="made" if how.write else "shown" if how.fix else "offered")
    parts = _parts(
        "diff" if how.fix and not how.write else form, tally.counted(results), terminal=how.lines, to_file=bool(output_file)
    )
    if output_file is None:
        for part in parts:
            output.say(part)
    else:
        from cnncalc.files import write_atomically

        with write_atomically(output_file) as stream:
            stream.writelines(part.encode("utf-8", "backslashreplace") for part in parts)
    if not tally.files and tally.skipped:
        _say(f"warning: {tally}")
    elif not quiet:
        _say(str(tally))
        if tally.expect_skipped:
            from cnncalc.report.network.footer import SKIPPED

            _say(SKIPPED)
    return tally.status


def _parts(form: str, results: Iterable[Result], *, terminal: bool, to_file: bool) -> Iterator[str]:
    """The results in the output format. Inside GitHub Actions, `text` also prints annotations."""
    from cnncalc.report import problems as formats

    if form != "text":
        yield from formats.write(form, results)
    elif os.environ.get("GITHUB_ACTIONS") == "true" and not to_file:
        for result in results:
            yield from formats.write("text", [result])
            yield from formats.write("github", [result])
    elif not to_file and (terminal or output.coloured()):
        from cnncalc.report.problems.text import pretty

        yield from pretty(results, colour=output.coloured())
    else:
        yield from formats.write("text", results)
