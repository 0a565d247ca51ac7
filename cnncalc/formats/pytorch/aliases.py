"""Tensors that share memory: an operator that writes over a view changes the tensor it is a view of, and the other views.

A tensor program has no memory. Each write becomes a new value of the written tensor and of all tensors up to the one that owns
the memory; the other views are computed again when they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncalc.formats.tensors import build
from cnncalc.formats.tensors.constant import Constant
from cnncalc.formats.tensors.program import Program, ProgramError, Tensor, Value

Replay = Callable[[dict[str, Any]], Any]
"""Computes the result of a node again, from the present values of its arguments."""

_SAME_ORDER = frozenset((
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "alias", "detach", "to",
    "contiguous", "type_as", "float", "getitem", "lift_fresh_copy", "lift_fresh",
))  # fmt: skip
"""Views with the numbers of their tensor in the same order."""


class Aliases:
    """The present value of each node, by name."""

    def __init__(self, program: Program, replay: Replay) -> None:
        self.values: dict[str, Any] = {}
        self._program = program
        self._replay = replay
        self._nodes: dict[str, dict[str, Any]] = {}
        self._source: dict[str, str] = {}
        self._views: dict[str, list[str]] = {}
        self._stale: set[str] = set()

    def get(self, name: str) -> Any:
        """The present value of a node; None if it has none."""
        if name in self._stale:
            self._stale.discard(name)
            self.values[name] = self._replay(self._nodes[name])
        return self.values.get(name)

    def computed(self, node: dict[str, Any], value: Any) -> None:
        """Enter the result of a node. If the node is a view, it will follow its first argument."""
        name = node["name"]
        source = node["args"][0].get("node") if node["args"] and isinstance(node["args"][0], dict) else None
        if source is not None and node["writes"]:
            self._write(source, value)
        self.values[name] = value
        if source is not None and (node["writes"] or node["views"]):
            self._nodes[name] = {**node, "op": "alias", "args": node["args"][:1], "kwargs": {}} if node["writes"] else node
            self._source[name] = source
            self._views.setdefault(source, []).append(name)

    def _write(self, name: str, value: Any) -> None:
        """Give a tensor, and the tensors that it is a view of, new numbers."""
        written: str | None = None
        while True:
            self._outdate(name, written)
            self.values[name] = value
            self._stale.discard(name)
            source = self._source.get(name)
            if source is None:
                return
            value = self._scattered(self._nodes[name], self.get(source), value)
            written, name = name, source

    def _outdate(self, name: str, written: str | None) -> None:
        """Mark the views of a tensor as stale, except the view that was written."""
        todo = [view for view in self._views.get(name, ()) if view != written]
        while todo:
            view = todo.pop()
            self._stale.add(view)
            todo += self._views.get(view, ())

    def _scattered(self, node: dict[str, Any], base: Any, part: Any) -> Any:
        """The tensor that `part`, the result of a node, is a view of, with the numbers of `part` in their places."""
        before = len(self._program.operations)
        try:
            if isinstance(base, list):
                # One of the results of a split.
                return [part if i == node["args"][1] else one for i, one in enumerate(base)]
            return self._tensor(node, base, part)
        except (ProgramError, LookupError, TypeError, ValueError, AttributeError):
            del self._program.operations[before:]
            parts = [one for one in (base, *(part if isinstance(part, list) else (part,))) if isinstance(one, (Value, Constant))]
            return self._program.add("custom", parts, base.shape, base.dtype, operator=f"{node['op'].partition('.')[0]}_scatter")

    def _tensor(self, node: dict[str, Any], base: Tensor, part: Any) -> Tensor:
        p, name, args = self._program, node["op"].partition(".")[0], node["args"]
        shape = base.shape
        if shape is None:
            raise ProgramError("an unknown shape")
        if isinstance(part, list):
            # The results of a split cover the whole axis.
            axis = (args[1] if name == "unbind" and len(args) > 1 else args[2] if len(args) > 2 else 0) % len(shape)
            if name == "unbind":
                part = [build.reshape(p, one, (*shape[:axis], 1, *shape[axis + 1 :])) for one in part]
            return build.concat(p, part, axis)
        if name in _SAME_ORDER:
            return build.reshape(p, part, shape)
        if name in ("permute", "transpose", "t", "swapaxes", "swapdims", "mT"):
            order = list(range(len(shape)))
            if name == "permute":
                order = [axis % len(shape) for axis in args[1]]
            else:
                first, second = (args[1] % len(shape), args[2] % len(shape)) if len(args) > 1 else (-2, -1)
                order[first], order[second] = order[second], order[first]
            return build.transpose(p, part, [order.index(axis) for axis in range(len(shape))])
        if name == "select":
            axis = args[1] % len(shape)
            one = build.reshape(p, part, (*shape[:axis], 1, *shape[axis + 1 :]))
            return build.scatter(p, base, one, axis, args[2] % shape[axis], 1)
        if name not in ("slice", "narrow"):
            raise ProgramError(name)
        axis = args[1] % len(shape) if len(args) > 1 else 0
        if name == "narrow":
            return build.scatter(p, base, part, axis, args[2], 1)
        start, end, step = (*args[2:], None, None, None)[:3]
        first, _, by = slice(start, end, step).indices(shape[axis])
        return build.scatter(p, base, part, axis, first, by)
