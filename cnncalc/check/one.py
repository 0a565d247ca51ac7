"""One file → its problems, with safe fixes if they are wanted."""

from __future__ import annotations

import os

from cnncalc import formats
from cnncalc.build.reading import MAX_BYTES, Source, decode
from cnncalc.check.claims import claims
from cnncalc.check.examine import DEFAULT, How, examine
from cnncalc.check.fixes import fixed, lasting, replace
from cnncalc.check.sources import Candidate
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.report.problems.base import Result, lines_at


def check_file(candidate: Candidate, how: How = DEFAULT, *, name: str | None = None) -> Result:
    """A file's problems; they call it `name` if that is given."""
    file = name or candidate.file
    try:
        source = Source(candidate.file)
        if _is_foreign(candidate, source):
            return _foreign(source, file, candidate, how)
        data = source.start(MAX_BYTES + 1)
        if not candidate.named and not claims(data):
            return Result(file, [], skipped=True)
        text = decode(data, file)
    except SpecError as error:
        problems = [problem._replace(file=file) for problem in error.problems]
        return Result(file, problems, unusable=True, strict=bool(candidate.settings.strict))
    change = None
    if how.fix:
        after = fixed(text, file, candidate.settings)
        outside = _is_outside(candidate)
        if after != text and how.write:
            try:
                if outside:
                    raise OSError(f"it is a link to a file outside of {candidate.folder}; name the file itself to fix it")
                replace(candidate.file, data, after)
            except OSError as error:
                message = f"the fixes were not written: {error.strerror or error}"
                return _result(text, file, candidate, how, [Problem("file", "error", file, Location(), None, message)])
        if after != text and not outside:
            change = text, after
            text = after if how.write else text
    return _result(text, file, candidate, how, [])._replace(change=change)


def _is_foreign(candidate: Candidate, source: Source) -> bool:
    """Whether a file is to be read as another format than cnncalc's own. Raises SpecError for one that no format knows."""
    if candidate.named:
        return formats.format_of(source) is not None
    return candidate.included and formats.claims(candidate.file, source.start())


def _foreign(source: Source, file: str, candidate: Candidate, how: How) -> Result:
    """The problems of a file of another format, which is never changed."""
    net, problems = examine(source, candidate.settings, how, file=file)
    strict = bool(candidate.settings.strict)
    lines = lines_at(problems, file, net.reading.text) if how.lines and net is not None else {}
    return Result(file, problems, unusable=net is None, strict=strict, lines=lines)


def _is_outside(candidate: Candidate) -> bool:
    """Whether links lead from the folder that was given to a file outside of it."""
    if candidate.folder is None:
        return False
    top = os.path.join(os.path.realpath(candidate.folder), "")
    return not os.path.realpath(candidate.file).startswith(top)


def _result(text: str, file: str, candidate: Candidate, how: How, more: list[Problem]) -> Result:
    net, problems = examine(Source(file, text=text), candidate.settings, how)
    if how.fixes and net is not None and not how.options:
        problems = lasting(problems, net, candidate.settings)
    shown = lines_at(problems, file, text) if how.lines else {}
    return Result(
        file,
        more + problems,
        unusable=net is None or bool(more),
        strict=bool(candidate.settings.strict),
        lines=shown,
        expect_skipped=bool(how.options),
    )
