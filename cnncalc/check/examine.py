"""One text or network → its problems, as the settings ask for them."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc import network, rules
from cnncalc.build.reading import Source
from cnncalc.check.settings import Settings
from cnncalc.language.overrides import Options
from cnncalc.problem import Problem, SpecError


class How(NamedTuple):
    """The settings of a check, the same for all files.

    `lines` keeps the lines that problems stand on; `fix` computes the safe fixes, and with `write` the files are changed, so
    that only the problems that are left are reported. `options` change the networks. `fixes`: the output has the fixes.
    """

    lines: bool = False
    fix: bool = False
    write: bool = False
    options: Options = Options()
    fixes: bool = False


DEFAULT = How()


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
        net = network.of(source, how.options.changes())
    except SpecError as error:
        return None, [_of(problem, source, name) for problem in error.problems]
    return net, [_of(problem, source, name) for problem in problems_of(net, settings, how)]


def problems_of(net: network.Network, settings: Settings, how: How = DEFAULT) -> list[Problem]:
    """Return the problems of a network that the settings ask for, errors included."""
    # A changed network may not need an ignore that its file does need.
    chosen = settings.chosen - {"unused-ignore"} if how.options else settings.chosen
    found = rules.run(net.reading, chosen)
    # `select` chooses among warnings and notes; stride-fit is left out only if `ignore` names it.
    ignored = "stride-fit" in (settings.ignore or ())
    problems = [p for p in net.problems if p.rule != "stride-fit"] if ignored else net.problems
    if found:
        problems = sorted(problems + found, key=lambda p: (p.location, p.rule, p.message))
    return problems


def _of(problem: Problem, source: Source, file: str | None) -> Problem:
    """A problem under the name of the file that was given; one in another file, the source of a PyTorch model, keeps its own."""
    return problem if problem.file not in (None, source.file) else problem._replace(file=file)
