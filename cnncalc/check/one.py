"""One file or text → what is wrong with it."""

from __future__ import annotations

from cnncalc import network, rules
from cnncalc.check.settings import Settings
from cnncalc.check.sources import Candidate, claims
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.report.formats import Result
from cnncalc.spec.comments import LINE_BREAK
from cnncalc.spec.source import decode, read


def check_file(
    candidate: Candidate, *, lines: bool = False, name: str | None = None, fix: bool = False, write: bool = False
) -> Result:
    """A file's problems. `lines` keeps the lines they stand on; `name` is what it is called, where that is not its own.

    `fix` works out the safe mends; with `write` the file is changed, and the problems are those that are left.
    """
    file = name or candidate.file
    try:
        data = read(candidate.file)
        if not candidate.named and not claims(data):
            return Result(file, [], skipped=True)
        text = decode(data, file)
    except SpecError as error:
        problems = [problem._replace(file=file) for problem in error.problems]
        return Result(file, problems, unusable=True, strict=bool(candidate.settings.strict))
    change = None
    if fix:
        from cnncalc.check.fixes import fixed, replace

        mended = fixed(text, file, candidate.settings)
        if mended != text:
            change = text, mended
            if write:
                try:
                    replace(candidate.file, data, mended)
                except OSError as error:
                    said = f"the file could not be written: {error.strerror or error}"
                    return _result(text, file, candidate, lines, [Problem("file", "error", file, Location(), None, said)])
                text = mended
    found = _result(text, file, candidate, lines, [])
    return found._replace(change=change)


def check_text(text: str, file: str | None, settings: Settings) -> tuple[list[Problem], bool]:
    """The problems of a text, and whether it is no network at all."""
    try:
        net = network.loads(text, file=file)
    except SpecError as error:
        return error.problems, True
    found = rules.run(net.graph, net.document, net.ignores, net.problems, text, file, settings.chosen)
    if "stride-fit" in (settings.ignore or ()) or (settings.select is not None and "stride-fit" not in settings.select):
        problems = [p for p in net.problems if p.rule != "stride-fit"]
    else:
        problems = net.problems
    if found:
        problems = sorted(problems + found, key=lambda p: (p.location, p.rule, p.message))
    return problems, False


def _result(text: str, file: str, candidate: Candidate, lines: bool, more: list[Problem]) -> Result:
    problems, unusable = check_text(text, file, candidate.settings)
    shown: dict[int, str] = {}
    if lines and problems:
        every = LINE_BREAK.split(text)
        shown = {p.location.line: every[p.location.line - 1] for p in problems if 0 < p.location.line <= len(every)}
    return Result(file, more + problems, unusable=unusable or bool(more), strict=bool(candidate.settings.strict), lines=shown)
