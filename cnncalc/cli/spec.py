"""SPEC on the command line: a file, `-`, or the name of a network that comes along."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from typer import Context

from cnncalc.cli import PROBLEMS, UNUSABLE, output

if TYPE_CHECKING:
    from cnncalc.network import Network
    from cnncalc.problem import SpecError


def bundled() -> dict[str, str]:
    """The files of the networks that come along, by name: in the wheel they stand in the package, in a checkout beside it."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in (os.path.join(package, "specs"), os.path.join(os.path.dirname(package), "specs")):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        found = {name.removesuffix(".yaml"): os.path.join(folder, name) for name in names if name.endswith(".yaml")}
        if found:
            return found
    return {}


def resolve(spec: str) -> str:
    """The file that SPEC means; a file of that name wins over a network that comes along. Raises SpecError."""
    if spec == "-" or os.path.isfile(spec) or os.path.dirname(spec):
        return spec
    known = bundled()
    if spec in known:
        # As one would type it, where it stands below the current folder.
        return known[spec].removeprefix(os.path.join(os.getcwd(), ""))
    if os.path.lexists(spec):
        return spec
    stem = spec.removesuffix(".yaml").removesuffix(".yml")
    if stem in known:
        raise _missing(spec, f"there is no such file here; the network that comes along is called {stem}")
    if stem == spec and known:
        from cnncalc.spelling import nearest

        near = nearest(spec, known)
        hint = f"did you mean {near}?" if near else "`cnncalc specs` lists those that do"
        raise _missing(spec, f"there is no such file, and no network of that name comes along; {hint}")
    return spec


def _missing(spec: str, message: str) -> SpecError:
    from cnncalc.problem import Location, Problem, SpecError

    return SpecError([Problem("file", "error", spec, Location(), None, message)])


def load(
    spec: str,
    *,
    input: str | None = None,  # noqa: A002 - the word of the language
    set: Sequence[str] | None = None,  # noqa: A002 - as on the command line
    fit: str | None = None,
    layout: str | None = None,
    dtype: str | None = None,
    compared: bool = False,
) -> Network | None:
    """The network that SPEC means, changed as the options say; None where it is none, which is then said on stderr.

    `compared` tells it what it was without the changes.
    """
    from cnncalc import network
    from cnncalc.problem import SpecError

    try:
        file = resolve(spec)
        if not (compared and (input or set or fit)):
            return network.load(file, input=input, set=set or (), fit=fit, layout=layout, dtype=dtype)
        from cnncalc.analysis.comparison import before

        text = network.text_of(file)
        found = network.loads(text, file=file, input=input, set=set or (), fit=fit, layout=layout, dtype=dtype)
        found.before = before(network.loads(text, file=file, dtype=dtype), found)
        return found
    except SpecError as error:
        output.complain(error.problems)
        return None


def status(networks: Iterable[Network | None]) -> int:
    """The exit status that the worst of the networks makes."""
    worst = 0
    for network in networks:
        if network is None:
            return UNUSABLE
        if any(problem.level == "error" for problem in network.problems):
            worst = PROBLEMS
    return worst


def complete(incomplete: str) -> list[str]:
    """Networks that come along, specs and folders, for the shell."""
    from glob import escape, glob

    names = [name for name in bundled() if name.startswith(incomplete)]
    paths = sorted(glob(escape(os.path.expanduser(incomplete)) + "*"))
    files = [path for path in paths if path.endswith((".yaml", ".yml"))]
    return [*names, *files, *(os.path.join(path, "") for path in paths if os.path.isdir(path))]


def complete_set(ctx: Context, incomplete: str) -> list[str]:
    """Vars, and fields of layers, of the network that stands on the command line already."""
    from cnncalc import network
    from cnncalc.problem import SpecError

    # What is not yet parsed when the shell asks stands among the arguments that are left.
    spec = ctx.params.get("spec") or next(iter([*(ctx.params.get("specs") or ()), *ctx.args]), None)
    if not isinstance(spec, str) or spec == "-" or "=" in incomplete:
        return []
    try:
        found = network.load(resolve(spec))
    except SpecError:
        return []
    fields = [f"{node.name}.{name}=" for node in found.layers if node.merges is None for name in node.layer.stored]
    return [word for word in (*(f"{name}=" for name in found.reading.vars), *fields) if word.startswith(incomplete)]
