"""One file or text → what is wrong with it."""

from __future__ import annotations

import os
from typing import NamedTuple

from cnncalc import formats, network, rules
from cnncalc.build.reading import MAX_BYTES, Source, decode
from cnncalc.check.claims import claims
from cnncalc.check.settings import Settings
from cnncalc.check.sources import Candidate
from cnncalc.language.overrides import changes
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.report.problems.base import Result, lines_at


class How(NamedTuple):
    """How files are checked, the same for all of them.

    `lines` keeps the lines that problems stand on; `fix` computes the safe fixes, and with `write` the files are changed, so
    that only the problems that are left are reported. The rest changes the networks as on the command line.
    """

    lines: bool = False
    fix: bool = False
    write: bool = False
    input: str | None = None
    set: tuple[str, ...] = ()
    fit: str | None = None
    layout: str | None = None

    @property
    def changes(self) -> bool:
        """Whether the networks are changed from outside their files."""
        return self.input is not None or self.fit is not None or bool(self.set)


DEFAULT = How()


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
        from cnncalc.check.fixes import fixed, replace

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


def _of(problem: Problem, source: Source, file: str | None) -> Problem:
    """A problem under the name of the file that was given; one in another file, the source of a PyTorch model, keeps its own."""
    return problem if problem.file not in (None, source.file) else problem._replace(file=file)


def _is_outside(candidate: Candidate) -> bool:
    """Whether links lead from the folder that was given to a file outside of it."""
    if candidate.folder is None:
        return False
    top = os.path.join(os.path.realpath(candidate.folder), "")
    return not os.path.realpath(candidate.file).startswith(top)


def check_text(text: str, file: str | None, settings: Settings, how: How = DEFAULT) -> tuple[list[Problem], bool]:
    """The problems of a text, and whether it is no network at all."""
    net, problems = examine(Source(file, text=text), settings, how)
    return problems, net is None


def examine(
    source: Source, settings: Settings, how: How = DEFAULT, *, file: str | None = None
) -> tuple[network.Network | None, list[Problem]]:
    """The network of a source, None if it is none, and the problems that the settings ask for; they name the file `file`."""
    name = file if file is not None else source.file
    try:
        net = network.of(source, changes(how.input, how.set, how.fit, how.layout))
    except SpecError as error:
        return None, [_of(problem, source, name) for problem in error.problems]
    return net, [_of(problem, source, name) for problem in problems_of(net, settings, how)]


def problems_of(net: network.Network, settings: Settings, how: How = DEFAULT) -> list[Problem]:
    """Return the problems of a network that the settings ask for, errors included."""
    # A changed network may not need an ignore that its file does need.
    chosen = settings.chosen - {"unused-ignore"} if how.changes else settings.chosen
    found = rules.run(net.reading, chosen)
    # An error is left out by its name alone, not because others were chosen.
    ignored = "stride-fit" in (settings.ignore or ())
    problems = [p for p in net.problems if p.rule != "stride-fit"] if ignored else net.problems
    if found:
        problems = sorted(problems + found, key=lambda p: (p.location, p.rule, p.message))
    return problems


def _result(text: str, file: str, candidate: Candidate, how: How, more: list[Problem]) -> Result:
    problems, unusable = check_text(text, file, candidate.settings, how)
    shown = lines_at(problems, file, text) if how.lines else {}
    return Result(
        file,
        more + problems,
        unusable=unusable or bool(more),
        strict=bool(candidate.settings.strict),
        lines=shown,
        expect_skipped=bool(how.changes),
    )
