"""The network of an exported PyTorch model."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.formats.pytorch import moves, operators  # noqa: F401 - register the handlers
from cnncalc.formats.pytorch.translate import Translated
from cnncalc.formats.tensors.finish import finish
from cnncalc.formats.tensors.lowering import Lowering
from cnncalc.formats.tensors.recognise import recognise
from cnncalc.shape import Flow, Tokens

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes


def network(source: Source, described: Mapping[str, Any], flows: Mapping[str | None, Flow], changes: Changes) -> Reading:
    """The reading of an exported model."""
    problems = Problems(source.file)
    problems.layout = changes.layout or "channels_last"
    changes.check_vars((), [name for name in flows if name is not None])
    translated = Translated(dict(described))
    program = translated.program
    recognise(program)
    given = list(flows.values())
    by_name: dict[str, Flow] = {}
    channels: dict[str, int] = {}
    tokens: dict[str, int] = {}
    for value, flow in zip(program.inputs, given, strict=False):
        by_name[value.name] = flow
        shape = value.shape or ()
        if isinstance(flow, Tokens):
            tokens[value.name] = flow.vocabulary
        else:
            channels[value.name] = 1 if len(shape) > 1 and shape[1] == flow.channels else len(shape) - 1
    low = Lowering(program, channels, tokens)
    low.run()
    builder = Builder(problems, changes)
    changed = bool(changes.set) or changes.fit is not None
    finished = finish(low, builder, problems, by_name, changes.fit, check=not changed)
    changes.check_used(node.name for node in builder.graph.nodes)
    return Reading(
        source,
        builder.graph,
        problems.sorted(),
        name=described["model"],
        description=f"PyTorch {described['torch']}",
        layout=problems.layout,
        complete=finished.complete,
        changed=changed,
        notes=(*_notes(described["unused"]), *_uncounted(described["arrays"], builder.graph.totals["parameters"]), *low.notes()),
    )


def _notes(unused: Mapping[str, int]) -> tuple[str, ...]:
    if not unused:
        return ()
    modules = list(dict.fromkeys(name.rpartition(".")[0] or name for name in unused))
    names = ", ".join(modules[:3]) + (f" and {len(modules) - 3} more" if len(modules) > 3 else "")
    return (f"{sum(unused.values()):,} parameters are not counted, because the forward pass does not use them: {names}",)


def _uncounted(arrays: Mapping[str, Any], counted: int) -> tuple[str, ...]:
    """A note on parameters that no layer has, such as the gains of standardised weights."""
    used = sum(prod(one["shape"]) for one in arrays.values() if one["kind"] == "parameter")
    if used <= counted:
        return ()
    return (f"{used - counted:,} parameters are not counted, because they only change the weights of other layers",)
