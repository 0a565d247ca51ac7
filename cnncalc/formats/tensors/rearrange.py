"""Rearrangements as layers: from the axes of an array to other axes made of the same atoms."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncalc.formats.tensors.emit import Cannot
from cnncalc.formats.tensors.view import MOST_AXES, Atom, Group, Groups, TensorView, flat, size_of, whole
from cnncalc.shape import AXES, Shape

if TYPE_CHECKING:
    from cnncalc.formats.tensors.emit import Emitter, Made


def rearranged(view: TensorView, axes: Sequence[Group], emit: Emitter) -> TensorView:
    """The view with the array's axes as wanted; layers are added if they are not. The atoms must be the same."""
    wanted: Groups = tuple(tuple(axis) for axis in axes)
    have = tuple(whole(axis) for axis in view.axes)
    want = tuple(whole(axis) for axis in wanted)
    if have == want:
        return TensorView(view.producer, wanted, view.dims)
    if flat(have) == flat(want):
        return TensorView(_reshaped(view, wanted, emit), wanted, view.dims)
    named = _shuffle(view, want, emit)
    if named is not None:
        return TensorView(named, wanted, view.dims)
    return _permuted(view, wanted, emit)


def _shape(axes: Sequence[Group]) -> Shape:
    sizes = [size_of(axis) for axis in axes]
    return Shape(*sizes[1:], sizes[0])


def _reshaped(view: TensorView, wanted: Groups, emit: Emitter) -> Made:
    if len(wanted) == 1:
        return emit.layer("flatten", {}, [view.producer])
    return emit.layer("reshape", {"shape": _shape(wanted)}, [view.producer])


def _shuffle(view: TensorView, want: Groups, emit: Emitter) -> Made | None:
    """A shuffle that has a name."""
    have = tuple(whole(axis) for axis in view.axes)
    if len(have) == len(want) and have[1:] == want[1:] and len(have[0]) > 1:
        for cut in range(1, len(have[0])):
            if want[0] == have[0][cut:] + have[0][:cut]:
                return emit.layer("channel_shuffle", {"groups": size_of(have[0][:cut])}, [view.producer])
    if len(have) == 3 and len(want) == 3:
        (c, h, w), (cc, hh, ww) = have, want
        # (C r s), H, W → C, (H r), (W s)
        if len(hh) > len(h) and hh[: len(h)] == h and ww[: len(w)] == w and c == cc + hh[len(h) :] + ww[len(w) :]:
            r, s = size_of(hh[len(h) :]), size_of(ww[len(w) :])
            if r == s:
                return emit.layer("pixel_shuffle", {"factor": r}, [view.producer])
        # C, (H r), (W s) → (C r s), H, W
        if len(h) > len(hh) and h[: len(hh)] == hh and w[: len(ww)] == ww and cc == c + h[len(hh) :] + w[len(ww) :]:
            r, s = size_of(h[len(hh) :]), size_of(w[len(ww) :])
            if r == s:
                return emit.layer("space_to_depth", {"factor": r}, [view.producer])
        if len(h) > len(hh) and h[: len(hh)] == hh and w[: len(ww)] == ww and cc == h[len(hh) :] + w[len(ww) :] + c:
            r, s = size_of(h[len(hh) :]), size_of(w[len(ww) :])
            if r == s and emit.has("space_to_depth", "order"):
                return emit.layer("space_to_depth", {"factor": r, "order": emit.CELLS_FIRST}, [view.producer])
    return None


def _permuted(view: TensorView, wanted: Groups, emit: Emitter) -> TensorView:
    """Any other order: reshape to the parts that keep together, permute these, reshape."""
    order = list(flat(view.axes))
    target = list(flat(wanted))
    view = TensorView(view.producer, tuple(whole(axis) for axis in view.axes), view.dims)
    if len({id(atom) for atom in order}) != len(order):
        raise Cannot("an atom stands twice")
    while order != target:
        parts, places = _step(order, target)
        axes = tuple(tuple(part) for part in parts)
        if view.axes != axes:
            view = TensorView(_reshaped(view, axes, emit), axes, view.dims)
        names = ("channels", *AXES[len(axes) - 1])
        moved = [names[i] for i in places]
        # The language writes the channels last.
        producer = emit.layer("permute", {"axes": (*moved[1:], moved[0])}, [view.producer])
        axes = tuple(axes[i] for i in places)
        view = TensorView(producer, axes, view.dims)
        order = list(flat(axes))
    if tuple(whole(axis) for axis in wanted) != view.axes:
        view = TensorView(_reshaped(view, wanted, emit), wanted, view.dims)
    return TensorView(view.producer, wanted, view.dims)


def _runs(order: list[Atom], target: list[Atom]) -> list[list[Atom]]:
    """`order` in the longest parts that stay together in `target`."""
    after = {id(a): b for a, b in itertools.pairwise(target)}
    runs: list[list[Atom]] = []
    for atom in order:
        if runs and after.get(id(runs[-1][-1])) is atom:
            runs[-1].append(atom)
        else:
            runs.append([atom])
    return runs


def _step(order: list[Atom], target: list[Atom]) -> tuple[list[list[Atom]], list[int]]:
    """Parts of `order`, at most four, and the order they are put into: all if there are at most four, else one swap."""
    runs = _runs(order, target)
    places = {id(atom): i for i, atom in enumerate(target)}
    if len(runs) <= MOST_AXES:
        wanted = sorted(range(len(runs)), key=lambda i: places[id(runs[i][0])])
        return runs, wanted
    # The first part that is not in its place, and the part that belongs there: the parts between them move after it.
    done = 0
    for i, atom in enumerate(target):
        if order[i] is not atom:
            done = i
            break
    start = next(i for i, atom in enumerate(order) if atom is target[done])
    end = start
    while end < len(order) and done + end - start < len(target) and order[end] is target[done + end - start]:
        end += 1
    parts = [order[:done], order[done:start], order[start:end], order[end:]]
    kept = [part for part in parts if part]
    first = kept.index(parts[1])
    swapped = list(range(len(kept)))
    swapped[first], swapped[first + 1] = first + 1, first
    return kept, swapped
