"""Text for layers and numbers that all reports share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnncalc.graph import Input, Node, Producer
from cnncalc.layers import Join
from cnncalc.machine import written
from cnncalc.problem import one_line
from cnncalc.shape import Flow, Shape
from cnncalc.subject import Subject

#: The number of inputs of a join up to which all are named.
_NAMED = 6


def flow(value: Flow | None, layout: str) -> str:
    """A shape or tokens as text in `layout`; `?` if it is unknown."""
    return "?" if value is None else value.text(layout)


def at_least(subject: Subject, total: str) -> str:
    """`≥` before a total that leaves out layers, else nothing."""
    return "≥" if subject.graph.leaves_out(total) else ""


def total(subject: Subject, key: str) -> str:
    """A total in digits, with `≥` if it leaves out layers."""
    return f"{at_least(subject, key)}{subject.totals[key]:,}"


def parameters(nodes: Iterable[Node]) -> str:
    """The number of parameters of layers; `?` if one of them could not be computed."""
    counts = [None if node.shape is None else node.parameters for node in nodes]
    known = [count for count in counts if count is not None]
    return plural(sum(known), "parameter") if len(known) == len(counts) else "? parameters"


def in_layout(value: Any, layout: str) -> Any:
    """A field's value in `layout`; shapes and lists of axes are stored with the channels last."""
    if layout == "channels_first":
        if isinstance(value, Shape):
            return value.ordered(layout)
        if isinstance(value, tuple) and "channels" in value:
            return (value[-1], *value[:-1])
    return value


def kind(node: Node) -> str:
    """The kind as in the file: `branches` for the layer that merges branches."""
    return "branches" if node.merges is not None else node.kind


def fields(node: Node, layout: str) -> dict[str, Any]:
    """The hyper-parameters by name, for JSON. A join also has the names of its inputs, merged branches their own names."""
    if node.merges is not None:
        return {"merge": node.kind, "branches": list(node.merges.labels)}
    found = node.fields
    if isinstance(node.layer, Join):
        found["names"] = [source.name for source in node.inputs]
    for name in node.layer.stored if layout == "channels_first" else ():
        value = node.layer.value(name)
        changed = in_layout(value, layout)
        if changed is not value:
            found[name] = list(changed)
    return found


def summary(node: Node, layout: str) -> str:
    """The hyper-parameters in a few words, with names relative to the layer's own scope."""
    if node.merges is not None:
        merge = "" if node.kind == "branches" else f"{node.kind} "
        return one_line(f"{merge}of {', '.join(node.merges.labels)}")
    text = node.layer.summary(node.inputs[0].flow if node.inputs else None, layout)
    if isinstance(node.layer, Join):
        scope = node.group.name + "." if node.group else ""
        names = [nearby(source, scope) for source in node.inputs]
        if len(names) > _NAMED:
            names[2:-1] = [f"{len(names) - 3} more"]
        return ", ".join([*names, *([one_line(text)] if text else [])])
    return one_line(text)


def nearby(source: Producer, scope: str) -> str:
    """The name of a row's input as seen inside `scope`; `outside` marks a row of the network that is not in the block."""
    name = one_line(source.name)
    if name.startswith(scope):
        return name.removeprefix(scope)
    return name if "." in name or isinstance(source, Input) else f"{name} outside"


def sentence(text: str | None) -> str:
    """Free text of the file on one line."""
    return one_line(" ".join((text or "").split()))


def share(value: float) -> str:
    """Format a share between 0 and 1 as a percentage with one decimal."""
    if value == 0:
        return "0%"
    return "<0.1%" if value < 0.0005 else f"{100 * value:.1f}%"


def plural(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def difference(before: int, after: int) -> str:
    """The change of a number, and its percentage of the old value.

    >>> difference(1000, 750), difference(0, 5), difference(3, 3), difference(10, 1010), difference(9000, 8999)
    ('−250 (−25.0%)', '+5', '0', '+1,000 (+10,000.0%)', '−1 (<0.1%)')
    """
    change = after - before
    text = f"{change:+,}" if change else "0"
    if change and before:
        percent = 100 * change / before
        text += f" ({percent:+,.1f}%)" if abs(percent) >= 0.05 else " (<0.1%)"
    return text.replace("-", "−")


def rounded(number: int) -> str:
    """Return a count with three significant digits and a decimal prefix.

    >>> rounded(4_089_184_256), rounded(25_557_032), rounded(61_706), rounded(999), rounded(999_999)
    ('4.09 G', '25.6 M', '61.7 K', '999', '1.00 M')
    """
    if number < 1000:
        return str(number)
    value, prefixes = number / 1000, "KMGTP"
    while value >= 999.5 and len(prefixes) > 1:
        value, prefixes = value / 1000, prefixes[1:]
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{digits}f} {prefixes[0]}"


def memory(size: int) -> str:
    """A number of bytes, with a larger unit in brackets from 1,024 bytes on.

    >>> memory(104857600), memory(500)
    ('104,857,600 bytes (100.0 MiB)', '500 bytes')
    """
    return plural(size, "byte") if size < 1024 else f"{size:,} bytes ({written(size)})"
