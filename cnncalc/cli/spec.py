"""SPEC on the command line: a file, `-`, or the name of a bundled network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from typer import Context

from cnncalc.bundled import bundled, resolve
from cnncalc.cli import PROBLEMS, UNUSABLE, output

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.network import Network


def load(spec: str, changes: Options, *, compared: bool = False) -> Network | None:
    """Load the network named by SPEC with changes. Return None, after reporting why, if it is not a network.

    With `compared`, the network is also loaded without the changes, for the comparison below the table.
    """
    from cnncalc import network
    from cnncalc.build.reading import Source
    from cnncalc.problem import SpecError

    try:
        # Kept for both readings: standard input can be read once.
        source = Source(resolve(spec))
        found = network.of(source, changes.changes())
        if not (compared and changes):
            return found
        from cnncalc.analysis.comparison import before

        # Without the changes the file may not load: it may leave the size of its input open.
        with contextlib.suppress(SpecError):
            found.before = before(
                network.of(source, changes._replace(input=None, set=None, fit=None, layout=None).changes()), found
            )
        # Sort by the order of the layers, so that a cause precedes its consequences.
        places = {node.name: i for i, node in enumerate(found.layers)}
        found.problems.sort(key=lambda problem: places.get(problem.layer or "", -1))
        return found
    except SpecError as error:
        output.complain(error.problems)
        return None


def status(networks: Iterable[Network | None]) -> int:
    """The exit status for several networks: the highest one."""
    worst = 0
    for network in networks:
        if network is None:
            return UNUSABLE
        if any(problem.level == "error" for problem in network.problems):
            worst = PROBLEMS
    return worst


def complete(incomplete: str) -> list[str]:
    """Completion of SPEC: bundled networks, files of every format that is read, and folders."""
    from glob import escape, glob

    from cnncalc.formats import suffixes

    names = [name for name in bundled() if name.startswith(incomplete)]
    paths = sorted(glob(escape(os.path.expanduser(incomplete)) + "*"))
    files = [path for path in paths if path.lower().endswith(suffixes())]
    return [*names, *files, *(os.path.join(path, "") for path in paths if os.path.isdir(path))]


def complete_set(ctx: Context, incomplete: str) -> list[str]:
    """Completion of --set: the vars and layer fields of the SPEC already on the command line."""
    from cnncalc import network
    from cnncalc.problem import SpecError

    # During completion, arguments that are not parsed yet are in ctx.args.
    spec = ctx.params.get("spec") or next(iter([*(ctx.params.get("specs") or ()), *ctx.args]), None)
    if not isinstance(spec, str) or spec == "-" or "=" in incomplete:
        return []
    try:
        found = network.load(resolve(spec))
    except SpecError:
        return []
    fields = [f"{node.name}.{name}=" for node in found.layers if node.merges is None for name in node.layer.stored]
    return [word for word in (*(f"{name}=" for name in found.reading.vars), *fields) if word.startswith(incomplete)]
