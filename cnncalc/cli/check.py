"""`cnncalc check`: files and folders, for CI."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from cnncalc.cli import PROBLEMS, UNUSABLE, options, output

if TYPE_CHECKING:
    from cnncalc.check.one import How
    from cnncalc.check.settings import Settings
    from cnncalc.check.sources import Candidate
    from cnncalc.report.problems import Result


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Files, folders, patterns, - for standard input. By default the current folder."),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="RULES", help="Of warnings and notes, these alone, with commas; errors count anyway."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULES", help="Not these: warnings, notes, stride-fit; with commas.")
    ] = None,
    notes: Annotated[bool | None, typer.Option("--notes/--no-notes", help="Notes as well, which never fail.")] = None,
    strict: Annotated[bool | None, typer.Option("--strict/--no-strict", help="Warnings fail too.")] = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever is found in the files.")] = False,
    form: Annotated[
        Literal["text", "json", "github", "gitlab", "sarif", "junit"], typer.Option("--format", help="How problems are written.")
    ] = "text",
    mend: Annotated[bool, typer.Option("--fix", help="Make the fixes that cannot change what was meant.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would change; change nothing.")] = False,
    diff_base: Annotated[
        str | None, typer.Option("--diff-base", metavar="REF", help="Only files that differ from a git ref, as origin/main.")
    ] = None,
    stdin_filename: Annotated[
        str | None, typer.Option("--stdin-filename", metavar="FILE", help="What to call standard input.")
    ] = None,
    skip_others: Annotated[
        bool, typer.Option("--skip-others", help="Pass over named files that are no networks or excluded, as in folders.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes; by default as many as pay.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
    input: options.Input = None,  # noqa: A002 - the word of the language
    set: options.Set = None,  # noqa: A002
    fit: options.Fit = None,
    layout: options.Layout = None,
) -> None:
    """Check files and folders for CI: problems one a line, with the place, the reason and how to mend it.

    In a folder every *.yaml and *.yml with input or layers at its top level is checked, the others are counted.
    Settings select, ignore, notes, strict and exclude may stand under [tool.cnncalc] in pyproject.toml.

    Exit status: 0 without problems, 1 with errors (with --strict warnings too), 2 where something is no network.
    """
    from cnncalc.check.one import How
    from cnncalc.check.settings import Settings, SettingsError, check_names

    if mend and diff:
        raise typer.BadParameter("--fix changes the files and --diff shows what it would; take one", param_hint="'--fix'")
    if (mend or diff) and (input is not None or set or fit is not None):
        raise typer.BadParameter(
            "a mend is for the network as its file says it; leave --input, --set and --fit out", param_hint="'--fix'"
        )
    try:
        given = Settings(
            None if select is None else check_names(_names(select), "--select"),
            None if ignore is None else check_names(_names(ignore), "--ignore"),
            strict,
            notes,
        )
        how = How(output.width() is not None and form == "text", mend or diff, mend, input, tuple(set or ()), fit, layout)
        status = _check(paths or ["."], given, how, form, diff_base, stdin_filename, skip_others, jobs, quiet)
    except SettingsError as error:
        _wrong(str(error))
    raise typer.Exit(0 if exit_zero else status)


check.epilog = "Example: cnncalc check specs --strict --format github"  # type: ignore[attr-defined]  # for --help


def _names(texts: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _wrong(message: str) -> NoReturn:
    from cnncalc.problem import one_line
    from cnncalc.report.plain import write

    write(f"error: {one_line(message)}\n", sys.stderr)
    raise typer.Exit(UNUSABLE)


def _check(
    paths: list[str],
    given: Settings,
    how: How,
    form: str,
    diff_base: str | None,
    stdin_filename: str | None,
    skip_others: bool,
    jobs: int | None,
    quiet: bool,
) -> int:
    from cnncalc.check.settings import SettingsError
    from cnncalc.check.sources import candidates

    if how.write and "-" in paths:
        raise SettingsError("--fix changes files, and standard input is none; --diff shows what it would change")
    found, faults = candidates(paths, given, skip_others=skip_others)
    if diff_base is not None:
        found = _changed(found, diff_base)
    if stdin_filename is not None:
        from cnncalc.check.settings import settings_for

        found = [one._replace(settings=settings_for(stdin_filename, given)) if one.file == "-" else one for one in found]
    tally = Tally()
    results = tally.counted(_results(found, faults, how, stdin_filename or "-", jobs))
    if how.fix and not how.write:
        for result in results:
            output.say(_diff(result))
    else:
        for part in _written(form, results, how.lines):
            output.say(part)
    if not quiet:
        _say_summary(tally, how)
    return tally.status


def _results(
    found: list[Candidate], faults: list[tuple[str, str]], how: How, stdin_name: str, jobs: int | None
) -> Iterator[Result]:
    """The results of what cannot be looked into, of standard input, and of files."""
    from cnncalc.check.many import check_files
    from cnncalc.check.one import check_file
    from cnncalc.problem import Location, Problem
    from cnncalc.report.problems import Result

    for place, message in faults:
        yield Result(place, [Problem("file", "error", place, Location(), None, message)], unusable=True)
    for one in found:
        if one.file == "-":
            yield check_file(one, how, name=stdin_name)
    yield from check_files([one for one in found if one.file != "-"], how, jobs=jobs)


def _changed(found: list[Candidate], ref: str) -> list[Candidate]:
    from cnncalc.check.changed import changed_files

    changed = changed_files(ref)
    return [one for one in found if one.file == "-" or os.path.realpath(one.file) in changed]


def _written(form: str, results: Iterable[Result], terminal: bool) -> Iterator[str]:
    """The results in a format; text inside GitHub Actions with the annotations as well."""
    from cnncalc.report import problems as formats

    if form != "text":
        from cnncalc import __version__

        yield from formats.write(form, results, version=__version__)
    elif os.environ.get("GITHUB_ACTIONS") == "true":
        for result in results:
            yield from formats.write("text", [result])
            yield from formats.write("github", [result])
    elif terminal:
        from cnncalc.report.problems.text import pretty

        yield from pretty(results, colour="NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")
    else:
        yield from formats.write("text", results)


def _diff(result: Result) -> str:
    if result.change is None:
        return ""
    import difflib

    before, after = (text.splitlines(keepends=True) for text in result.change)
    lines = difflib.unified_diff(before, after, f"a/{result.file}", f"b/{result.file}")
    return "".join(line if line.endswith(("\n", "\r")) else line + "\n\\ No newline at end of file\n" for line in lines)


class Tally:
    """Counts of what has been looked at, for the summary and the exit status."""

    def __init__(self) -> None:
        self.files = self.skipped = self.with_problems = self.changed = self.status = 0
        self.levels = {"error": 0, "warning": 0, "note": 0}

    def counted(self, results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            if result.skipped:
                self.skipped += 1
            else:
                self.files += 1
                self.changed += result.change is not None
                self.with_problems += bool(result.problems)
                for problem in result.problems:
                    self.levels[problem.level] += 1
                self.status = max(self.status, UNUSABLE if result.unusable else PROBLEMS if result.failed else 0)
            yield result

    def __str__(self) -> str:
        found = ", ".join(_count(n, level) for level, n in self.levels.items() if n)
        files = _count(self.files, "file")
        said = f"{found} in {self.with_problems} of {files}" if found else f"{files} checked, no problems"
        if self.changed:
            said += f"; {_count(self.changed, 'file')} with fixes"
        if self.skipped:
            said += f"; {_count(self.skipped, 'other YAML file')} passed over"
        return said


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say_summary(tally: Tally, how: How) -> None:
    from cnncalc.report.network.footer import SKIPPED
    from cnncalc.report.plain import write

    write(f"{tally}\n" + (f"{SKIPPED}\n" if how.changes else ""), sys.stderr)
