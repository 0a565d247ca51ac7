"""Shared weights: finds the row whose weights a row uses, by its own `share` or by the `share` of a block around it."""

from __future__ import annotations

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.graph import Node
from cnncalc.language.row import Argument, Row
from cnncalc.language.scope import Copy, Scope
from cnncalc.problem import Location
from cnncalc.shape import LayerError
from cnncalc.values import Value, written


def counterpart(row: Row, base: str, k: int | None, scope: Scope, problems: Problems) -> Copy | None:
    """Return the row at the same position of the block whose weights the block around this row shares."""
    if scope.peer is None:
        return None
    binding = scope.peer.names.get(base)
    if binding is not None and binding.copies and (k is None or k < len(binding.copies)):
        return binding.copies[-1 if k is None else k]
    if row.layer is not None or row.kind in ("block", "branches"):
        message = f"{scope.prefix}{base} has no counterpart in the block it shares weights with"
        problems.add("share", row.at, message, layer=f"{scope.prefix}{base}")
    return None


def named_peer(argument: Argument, name: Value, layer: str, scope: Scope, problems: Problems) -> Copy | None:
    """Return the row that `share` names; report it and return None if there is no such row."""
    if isinstance(name, str):
        try:
            return scope.find(name)
        except LayerError as error:
            problems.error(error, argument.location, layer=layer)
    elif name is not None:
        problems.add("value", argument.location, f"share is the name of one row, not {written(name)}", layer=layer)
    return None


def share_block(row: Row, name: str, block: str, inner: Scope, peer: Copy, problems: Problems) -> None:
    """Make every row of a block share the weights of its counterpart in another use of that block."""
    if peer.inner is not None and peer.title == block:
        inner.peer = peer.inner
        return
    argument = row.row_keys.get("share")
    other = written(argument.value) if argument is not None and not argument.dynamic else "its counterpart"  # type: ignore[arg-type]  # static
    theirs = f"a use of block {peer.title}" if peer.title else "no use of a block"
    message = f"{name} uses block {block}, and {other} is {theirs}; weights are shared between uses of one block"
    problems.add("share", _place(row), message, layer=name)


def shared_branch(row: Row, name: str, label: str, peer: Copy, problems: Problems) -> Scope | None:
    """Return the branch whose weights the branch called `label` shares."""
    binding = peer.inner.names.get(label) if peer.inner is not None and not peer.title else None
    if binding is None or not binding.copies:
        message = f"{name} has a branch {label}, and the row whose weights it shares has none of that name"
        problems.add("share", _place(row), message, layer=name)
        return None
    return binding.copies[-1].inner


def share_layer(row: Row, node: Node, peer: Copy, builder: Builder, problems: Problems) -> None:
    """Make `node` share the weights of `peer`."""
    if not node.weights and "share" not in row.row_keys:
        return
    if peer.inner is None:
        builder.share(node, peer.source, _place(row))
        return
    argument = row.row_keys.get("share")
    name = str(argument.value) if argument is not None and not argument.dynamic else "its counterpart"
    group = f"a use of block {peer.title}" if peer.title else "a branch or a branches row"
    message = f"{node.name} shares the weights of one layer, and {written(name)} is {group}"
    layers = [label for label, one in peer.inner.names.items() if one.copies and _alike(node, one.copies[-1])]
    problems.add("share", _place(row), message + (f"; write share: {name}.{layers[0]}" if layers else ""), layer=node.name)


def _alike(node: Node, other: Copy) -> bool:
    """Return whether `other` is a layer whose weights `node` can share."""
    return other.inner is None and isinstance(other.source, Node) and other.source.kind == node.kind


def _place(row: Row) -> Location:
    """Return the location of `share`, or of the row if a block around it has the `share`."""
    return row.row_keys["share"].location if "share" in row.row_keys else row.at
