"""The axes of a tensor as places in the array of the layer that computes it.

A layer's result is an array (channels, *spatial) for one example. Reshapes and transposes of the file are not layers: they change
how the tensor's axes are made of the array's. Both are written as groups of atoms, the finest parts that any of them is cut into:
an array (channels 12, height 4) seen as a tensor [1, 4, 3, 4] has the axes ((a3 b4), (c4)) and the dims ((), (c4), (a3), (b4)).
Axes of size 1 may hold no atom at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.formats.tensors.emit import Maker


MOST_AXES = 4
"""Axes of an array that layers name: channels and three of space."""


class Atom:
    """A part of an axis that is never cut across."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def __repr__(self) -> str:
        return f"<{self.size}>"


Group = tuple[Atom, ...]
Groups = tuple[Group, ...]


def size_of(group: Iterable[Atom]) -> int:
    return math.prod(atom.size for atom in group)


def whole(group: Group) -> Group:
    """The atoms of a group that are not of size 1."""
    return tuple(atom for atom in group if atom.size != 1)


def flat(groups: Iterable[Group]) -> Group:
    """All atoms of the groups that are not of size 1, in order."""
    return tuple(atom for group in groups for atom in group if atom.size != 1)


class TensorView:
    """A tensor as seen in the result of `producer`: the array's `axes`, channels first, and the tensor's `dims`, in atoms."""

    __slots__ = ("axes", "dims", "producer")

    def __init__(self, producer: Maker, axes: Groups, dims: Groups) -> None:
        self.producer = producer
        self.axes = axes
        self.dims = dims

    @classmethod
    def fresh(cls, producer: Maker, sizes: Sequence[int], places: Sequence[int], rank: int) -> TensorView:
        """A tensor of `rank` axes of which axis places[i] is axis i of the array, and the others are of size 1."""
        axes = tuple((Atom(size),) for size in sizes)
        dims: list[Group] = [()] * rank
        for axis, place in zip(axes, places, strict=True):
            dims[place] = axis
        return cls(producer, axes, tuple(dims))

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's sizes."""
        return tuple(size_of(dim) for dim in self.dims)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The array's sizes, channels first."""
        return tuple(size_of(axis) for axis in self.axes)

    def on(self, producer: Maker) -> TensorView:
        """The same view of another layer's result of the same shape."""
        return TensorView(producer, self.axes, self.dims)

    def padded(self, rank: int) -> TensorView:
        """The view with axes of size 1 in front, so that it has `rank` axes."""
        return TensorView(self.producer, self.axes, ((),) * (rank - len(self.dims)) + self.dims)

    def transposed(self, order: Sequence[int]) -> TensorView:
        return TensorView(self.producer, self.axes, tuple(self.dims[axis] for axis in order))

    def reshaped(self, shape: Sequence[int]) -> TensorView | None:
        """The numbers in another shape; None if an atom would be cut where no factor of its size lies."""
        view = self
        dims: list[Group] = []
        left = [atom for dim in self.dims for atom in dim]
        for size in shape:
            group: list[Atom] = []
            if size == 1:
                if left and left[0].size == 1:
                    group.append(left.pop(0))
                dims.append(tuple(group))
                continue
            need = size
            while need > 1:
                while left and left[0].size == 1:
                    left.pop(0)
                if not left:
                    return None
                atom = left[0]
                if need % atom.size == 0:
                    group.append(left.pop(0))
                    need //= atom.size
                elif atom.size % need == 0:
                    first, second = Atom(need), Atom(atom.size // need)
                    view = view.cut(atom, (first, second))
                    left[0:1] = [first, second]
                else:
                    return None
            dims.append(tuple(group))
        return TensorView(self.producer, view.axes, tuple(dims))

    def cut(self, atom: Atom, parts: Group) -> TensorView:
        """The view with an atom replaced by parts of it."""

        def replaced(groups: Groups) -> Groups:
            return tuple(
                tuple(part for one in group for part in (parts if one is atom else (one,))) if atom in group else group
                for group in groups
            )

        return TensorView(self.producer, replaced(self.axes), replaced(self.dims))

    def axis_of(self, dim: int) -> int | None:
        """The array's axis that is exactly one axis of the tensor; None if there is none."""
        wanted = whole(self.dims[dim])
        if not wanted:
            unit = self.dims[dim]
            return next((i for i, axis in enumerate(self.axes) if unit and axis == unit), None)
        return next((i for i, axis in enumerate(self.axes) if whole(axis) == wanted), None)

    def axes_of(self, dims: Iterable[int]) -> list[int] | None:
        """The array's axes that are exactly these axes of the tensor together; None if they are not whole axes."""
        wanted = {id(atom) for dim in dims for atom in whole(self.dims[dim])}
        found = []
        for i, axis in enumerate(self.axes):
            inside = [id(atom) in wanted for atom in whole(axis)]
            if inside and all(inside):
                found.append(i)
            elif any(inside):
                return None
        return found

    def __repr__(self) -> str:
        names = {id(atom): chr(97 + i % 26) + str(atom.size) for i, atom in enumerate(flat(self.axes))}

        def text(groups: Groups) -> str:
            return " ".join("(" + " ".join(names.get(id(atom), "1") for atom in group) + ")" for group in groups)

        return f"<view of {self.producer.name}: {text(self.axes)} as {text(self.dims)}>"


def aligned(first: TensorView, second: TensorView) -> tuple[TensorView, TensorView] | None:
    """Both views with the atoms of equal axes cut at the same places; None if their factors do not allow that.

    Axes of size 1 in one of them and not in the other are left alone.
    """
    for dim in range(len(first.dims)):
        a, b = list(whole(first.dims[dim])), list(whole(second.dims[dim]))
        if not a or not b:
            continue
        while a and b:
            if a[0].size == b[0].size:
                a.pop(0)
                b.pop(0)
            elif a[0].size % b[0].size == 0:
                parts = (Atom(b[0].size), Atom(a[0].size // b[0].size))
                first = first.cut(a[0], parts)
                a[0:1] = parts
            elif b[0].size % a[0].size == 0:
                parts = (Atom(a[0].size), Atom(b[0].size // a[0].size))
                second = second.cut(b[0], parts)
                b[0:1] = parts
            else:
                return None
        if a or b:
            return None
    return first, second


def translated(first: TensorView, second: TensorView) -> Groups:
    """The array axes of `second`, written in the atoms of `first` that stand at the same place of the tensor.

    An atom that `first` lacks because its axis is of size 1 there stays itself.
    """
    names: dict[int, Atom] = {}
    for one, other in zip(first.dims, second.dims, strict=True):
        for a, b in zip(whole(one), whole(other), strict=False):
            names[id(b)] = a
    return tuple(tuple(names.get(id(atom), atom) for atom in whole(axis)) for axis in second.axes)


def default_channels(rank: int) -> int:
    """The default axis of the channels: the second of maps, the last of sequences and vectors."""
    return 1 if rank >= 4 else rank - 1


def default_order(shape: Sequence[int]) -> list[int]:
    """The axes of a tensor as those of an array, the channels first.

    The batch is left out; if there are too many axes, those of size 1 are as well.
    """
    rank = len(shape)
    if rank == 0:
        return []
    first = default_channels(rank)
    order = [first, *(i for i in range(rank) if i != first and (i or shape[i] != 1))]
    if len(order) > MOST_AXES:
        order = [i for i in order if shape[i] != 1]
    return order
