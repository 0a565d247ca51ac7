"""Darknet's .cfg files: `[net]` and then a section for each layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.formats.draft import is_complete
from cnncalc.problem import Location, SpecError
from cnncalc.shape import LayerError, Shape
from cnncalc.spelling import did_you_mean
from cnncalc.values import written

if TYPE_CHECKING:
    from cnncalc.build.changes import Changes
    from cnncalc.formats.darknet.layers import DarknetDraft
    from cnncalc.formats.darknet.sections import Section, Values
    from cnncalc.graph import Producer

SUFFIXES = (".cfg",)
ABOUT = "Darknet (.cfg that begins with [net])"

_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s*(?:[#;][^\r\n]*)?[\r\n]+)*[ \t]*\[[ \t]*(net|network)[ \t]*\]", re.IGNORECASE)


def claims(first_bytes: bytes) -> bool:
    r"""Whether the first section of a file is `[net]`.

    >>> claims(b"# tiny\n[net]\nwidth=416\n"), claims(b"[metadata]\nname = cnncalc\n")
    (True, False)
    """
    return _FIRST.match(first_bytes) is not None


def read(source: Source, changes: Changes) -> Reading:
    """The network of a file. Raises SpecError if the text has no [net] or no layers, or a change cannot be applied."""
    from cnncalc.formats.darknet.layers import DarknetDraft
    from cnncalc.formats.darknet.sections import Values, read_sections
    from cnncalc.formats.draft import TooManyLayers

    problems = Problems(source.file)
    problems.layout = changes.layout or "channels_first"
    sections = read_sections(source.text, problems)
    first = sections[0] if sections else None
    if first is None or first.kind not in ("net", "network") or len(sections) < 2:
        at = first.header if first is not None else Location(1, 1, 1, 1)
        problems.add("file", at, "a Darknet file begins with [net], followed by a section for each layer")
        raise SpecError(problems.sorted())
    changes.check_vars(())
    builder = Builder(problems, changes)
    stated = _input(first, problems)
    channels = {"input": stated.channels} if stated is not None else {}
    flow = changes.inputs({"input": stated}, changes.layout or "channels_first", channels)["input"]
    if flow is None:
        raise SpecError(problems.sorted())
    net = DarknetDraft(builder, changes.fit or "floor")
    x: Producer | None = builder.input("input", flow, first.header)
    try:
        for index, section in enumerate(sections[1:]):
            name = f"{_stem(section.kind)}{index}"
            x = _section(net, name, index, section, Values(section, problems, name), x, problems)
            net.results.append(x)
    except TooManyLayers as error:
        problems.add("limit", sections[len(net.results) + 1].header, str(error))
        raise SpecError(problems.sorted()) from None
    builder.outputs(_outputs(net, sections))
    changes.check_used([node.name for node in builder.graph.nodes])
    return Reading(
        source,
        builder.graph,
        problems.sorted(),
        layout="channels_first",
        complete=is_complete(builder.graph),
        changed=bool(changes),
    )


def _stem(kind: str) -> str:
    """Return the first part of the names of layers."""
    from cnncalc.formats.darknet.layers import ALIASES

    kind = ALIASES.get(kind, kind)
    return "conv" if kind == "convolutional" else kind if kind.isidentifier() else "layer"


def _input(section: Section, problems: Problems) -> Shape | None:
    """The input of `[net]`: height, width and channels, or a number of inputs; None if it has neither."""
    from cnncalc.formats.darknet.sections import Values

    values = Values(section, problems)
    sizes = [values.whole(key, 0) for key in ("height", "width", "channels")]
    if all(sizes):
        return Shape(*sizes)
    count = values.whole("inputs", 0)
    if count:
        return Shape(count)
    missing = ", ".join(key for key, size in zip(("height", "width", "channels"), sizes, strict=True) if not size)
    problems.add("missing", section.header, f"[net] needs {missing}, or inputs for a vector")
    return None


def _section(
    net: DarknetDraft, name: str, index: int, section: Section, values: Values, x: Producer | None, problems: Problems
) -> Producer | None:
    """Lay out one section and return its result; None if it is not known."""
    from cnncalc.formats.darknet.joins import JOINS, join
    from cnncalc.formats.darknet.keys import KEYS
    from cnncalc.formats.darknet.layers import ALIASES, LAYOUTS
    from cnncalc.formats.darknet.sections import SectionPlace
    from cnncalc.formats.draft import UnknownInput

    section.kind = ALIASES.get(section.kind, section.kind)
    net.location, net.place = section.location, SectionPlace(section)
    before = len(net.builder.graph.nodes)
    layout = LAYOUTS.get(section.kind)
    if layout is None and section.kind not in JOINS:
        known = did_you_mean(section.kind, (*LAYOUTS, *JOINS))
        problems.add("unknown-kind", section.header, f"section [{written(section.kind)}] is not known{known}", layer=name)
    try:
        if section.kind in KEYS:
            values.check_keys(KEYS[section.kind])
        if section.kind in JOINS:
            found = join(net, name, index, values, x, problems)
        elif layout is None or x is None:
            raise UnknownInput
        else:
            found = layout(net, name, values, x)
        return found if found.flow is not None else None
    except UnknownInput:
        pass
    except LayerError as error:
        at = net.place.field(error.field) if error.field else None
        problems.add(error.rule, at or section.header, f"{name}: {error.text(problems.layout)}", layer=name)
    if len(net.builder.graph.nodes) == before:
        net.builder.layer(name, None, [x] if x is not None else [], kind=section.kind, place=net.place)
    return None


def _outputs(net: DarknetDraft, sections: list[Section]) -> list[Producer]:
    """The heads of a detector, else the last layer."""
    heads = ("yolo", "gaussian_yolo", "region", "detection", "contrastive")
    found = [x for x, section in zip(net.results, sections[1:], strict=True) if x is not None and section.kind in heads]
    last = net.results[-1]
    return found or ([last] if last is not None else [])
