"""The network of an exported PyTorch model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.formats.pytorch import composed, moves, operators  # noqa: F401 - register the handlers
from cnncalc.formats.pytorch.translate import Translated
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.finish import finish
from cnncalc.formats.tensors.lowering import Lowering
from cnncalc.formats.tensors.program import Program
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
        notes=(*_uncounted(described, program, builder.graph.totals["parameters"]), *low.notes()),
    )


def _uncounted(described: Mapping[str, Any], program: Program, counted: int) -> Iterator[str]:
    """Notes on parameters that no layer has: those that no output depends on, and gains of standardised weights."""
    sizes = {name: prod(one["shape"]) for name, one in described["arrays"].items() if one["kind"] == "parameter"}
    read = [one for operation in program.operations for one in operation.inputs] + [one for _, one in program.outputs]
    used = {part.name for one in read if isinstance(one, Constant) for part in one.stored()}
    unused = {**described["unused"], **{name: size for name, size in sizes.items() if name not in used}}
    if unused:
        modules = list(dict.fromkeys(name.rpartition(".")[0] or name for name in unused))
        names = ", ".join(modules[:3]) + (f" and {len(modules) - 3} more" if len(modules) > 3 else "")
        yield f"{sum(unused.values()):,} parameters are not counted, because no output depends on them: {names}"
    left = sum(size for name, size in sizes.items() if name in used) - counted
    if left > 0:
        yield f"{left:,} parameters are not counted, because they only change the weights of other layers"
