"""Sections that read layers by their numbers: route, shortcut, scale_channels and sam."""

from __future__ import annotations

from cnncalc.build.problems import Problems
from cnncalc.formats.darknet.layers import DarknetDraft, activated
from cnncalc.formats.darknet.sections import Values
from cnncalc.formats.draft import UnknownInput, channels, shape_of
from cnncalc.graph import Producer
from cnncalc.shape import LayerError

JOINS = ("route", "shortcut", "scale_channels", "sam")


def join(net: DarknetDraft, name: str, index: int, values: Values, x: Producer | None, problems: Problems) -> Producer:
    """The result of a section that reads others. Raises LayerError and UnknownShape."""
    kind = values.section.kind
    key = "layers" if kind == "route" else "from"
    if not values.required(key):
        raise UnknownInput
    sources = [_source(net, name, index, place, values, key, problems) for place in values.numbers(key)]
    if not sources or None in sources:
        raise UnknownInput
    others = [source for source in sources if source is not None]
    if kind == "route":
        return _route(net, name, values, others)
    if x is None:
        raise UnknownInput
    word = values.word("activation", "linear")
    if word == "linear":
        return _joined(net, name, kind, values, x, others)
    with net.group(name, kind, x):
        y = _joined(net, {"shortcut": "add"}.get(kind, "multiply"), kind, values, x, others)
        return activated(net, word if word.isidentifier() else "activation", y, word)


def _source(
    net: DarknetDraft, name: str, index: int, place: int, values: Values, key: str, problems: Problems
) -> Producer | None:
    """The result of a layer above by its number, counted from the first, or backwards from here."""
    target = index + place if place < 0 else place
    if not 0 <= target < index:
        wanted = f"layer {place}" if place >= 0 else f"{-place} layers above"
        above = (
            f"the layers above it are 0 to {index - 1}"
            if index > 1
            else "only layer 0 is above it"
            if index
            else "no layer is above it"
        )
        message = f"{name} reads {wanted}, which does not exist; {above}"
        problems.add("unknown-name", values.section.at(key), message, layer=name)
        return None
    return net.results[target]


def _route(net: DarknetDraft, name: str, values: Values, sources: list[Producer]) -> Producer:
    """Concatenate layers, or one part of the channels of each."""
    groups, part = values.whole("groups", 1, 1), values.whole("group_id", 0)
    if groups == 1:
        return net.layer(name, "concat", *sources) if len(sources) > 1 else net.layer(name, "identity", sources[0])
    if part >= groups:
        raise LayerError(f"group_id must be less than groups={groups}, got {part}", rule="value")
    for source in sources:
        if channels(source) % groups:
            raise LayerError(f"groups={groups} does not divide the {channels(source)} channels of {source.name}", rule="value")
    ends = [(channels(source) // groups * part, channels(source) // groups * (part + 1)) for source in sources]
    if len(sources) == 1:
        return net.layer(name, "slice", sources[0], channels=ends[0])
    with net.group(name, "route", sources[0]):
        parts = [
            net.layer(f"part{i}", "slice", source, channels=end)
            for i, (source, end) in enumerate(zip(sources, ends, strict=True))
        ]
        return net.layer("concat", "concat", *parts)


def _joined(net: DarknetDraft, name: str, kind: str, values: Values, x: Producer, others: list[Producer]) -> Producer:
    if kind != "shortcut":
        return net.layer(name, "multiply", others[0], x)
    how = values.word("weights_type", "none")
    if how == "none":
        return net.layer(name, "add", x, *(_as_wide(net, name, i, x, other) for i, other in enumerate(others)))
    count = len(others) + 1
    if how not in ("per_feature", "per_layer", "per_channel"):
        raise LayerError(f"weights_type must be none, per_feature or per_channel, got {how}", rule="value")
    weights = count * (channels(x) if how == "per_channel" else 1)
    return net.custom(name, "weighted sum", x, *others, output=shape_of(x), parameters=weights, macs=0)


def _as_wide(net: DarknetDraft, name: str, i: int, x: Producer, other: Producer) -> Producer:
    """`other` with the channels of `x`: Darknet adds as many as both have, and lets the rest of `x` pass."""
    other = _as_small(net, name, i, x, other)
    have, want = channels(other), channels(x)
    place = net.free(f"{name}_part{i}")
    if have > want:
        return net.layer(place, "slice", other, channels=(0, want))
    if have < want:
        return net.layer(place, "pad", other, cells=0, channels=(0, want - have))
    return other


def _as_small(net: DarknetDraft, name: str, i: int, x: Producer, other: Producer) -> Producer:
    """`other` in the sizes of `x` if it is a whole number of times as large: Darknet takes every second cell then."""
    sizes, wanted = shape_of(other).spatial, shape_of(x).spatial
    if sizes == wanted or len(sizes) != len(wanted) or any(n % m for n, m in zip(sizes, wanted, strict=True)):
        return other
    steps = tuple(n // m for n, m in zip(sizes, wanted, strict=True))
    return net.layer(net.free(f"{name}_cells{i}"), "maxpool", other, kernel_size=1, stride=steps)
