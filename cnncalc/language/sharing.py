"""Shared weights: which row's weights a row uses, and whether they are of its shapes."""

from __future__ import annotations

from cnncalc.graph import Node
from cnncalc.language.problems import Problems
from cnncalc.language.rows import Row
from cnncalc.language.scope import Copy, Scope
from cnncalc.problem import Location
from cnncalc.values import written


def counterpart(row: Row, base: str, k: int | None, scope: Scope, problems: Problems) -> Copy | None:
    """The row that stands in the same place of the block whose weights the block around this row uses."""
    if scope.peer is None:
        return None
    binding = scope.peer.names.get(base)
    if binding is not None and binding.copies and (k is None or k < len(binding.copies)):
        return binding.copies[-1 if k is None else k]
    if row.layer is not None or row.kind in ("block", "branches"):
        said = f"{scope.prefix}{base} has no counterpart in the block it shares weights with"
        problems.add("share", row.at, said, layer=f"{scope.prefix}{base}")
    return None


def share_block(row: Row, name: str, block: str, inner: Scope, peer: Copy, problems: Problems) -> None:
    """Lets every row of a block use the weights of its counterpart in another use of that block."""
    if peer.inner is not None and peer.title == block:
        inner.peer = peer.inner
        return
    argument = row.row_keys.get("share")
    other = written(argument.value) if argument is not None and not argument.dynamic else "its counterpart"  # type: ignore[arg-type]  # static
    theirs = f"a use of block {peer.title}" if peer.title else "no use of a block"
    said = f"{name} uses block {block}, and {other} is {theirs}; weights are shared between uses of one block"
    problems.add("share", _place(row), said, layer=name)


def shared_branch(row: Row, name: str, label: str, peer: Copy, problems: Problems) -> Scope | None:
    """The branch whose weights the one called `label` uses."""
    binding = peer.inner.names.get(label) if peer.inner is not None and not peer.title else None
    if binding is None or not binding.copies:
        said = f"{name} has a branch {label}, and what it shares weights with has none; they are shared between rows alike"
        problems.add("share", _place(row), said, layer=name)
        return None
    return binding.copies[-1].inner


def share_layer(row: Row, node: Node, peer: Copy, problems: Problems) -> None:
    """Lets `node` use the weights of `peer`, where they are of the same kind and shapes."""
    if node.weights or "share" in row.row_keys:
        fault = _take(node, peer)
        if fault:
            problems.add("share", _place(row), fault, layer=node.name)


def _take(node: Node, peer: Copy) -> str | None:
    """Shares, or says why that cannot be."""
    target = peer.source
    if node.shape is None or target is None or (target.shape if isinstance(target, Node) else target.flow) is None:
        # What is not known is not blamed; that it owns no weights still holds.
        node.shared = target if isinstance(target, Node) else None
        return None
    if not isinstance(target, Node) or peer.inner is not None:
        return f"{node.name} shares weights with a layer, and {target.name} is none"
    if target.kind != node.kind:
        return f"{node.name} is {node.kind} and {target.name} is {target.kind}; weights are shared between layers of one kind"
    if not node.weights:
        return f"{node.kind} has no weights to share; leave share out"
    if node.weights != target.weights:
        mine, theirs = ("; ".join(f"{w.name} {'×'.join(map(str, w.shape))}" for w in n.weights) for n in (node, target))
        return f"{node.name} would need {mine}, and {target.name} has {theirs}"
    node.shared = target.shared or target
    return None


def _place(row: Row) -> Location:
    """Where `share` stands; the row, where a block around it shares."""
    return row.row_keys["share"].location if "share" in row.row_keys else row.at
