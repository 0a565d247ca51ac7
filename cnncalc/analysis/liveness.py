"""The results that are live at each step of a schedule, and their memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnncalc.graph import Node, Producer
from cnncalc.layers.memory import Reuse


class ScheduleStep(NamedTuple):
    """The results that a step reads, and the result that it computes."""

    reads: Sequence[Producer]
    result: Node


def last_readings(steps: Sequence[ScheduleStep], kept: Sequence[Producer]) -> list[tuple[Producer, ...]]:
    """Return for each step the results that no later step reads and that are not in `kept`: after it they can be freed.

    A result that nothing reads is freed after the step that computes it.
    """
    needed = set(kept)
    found: list[tuple[Producer, ...]] = []
    for reads, result in reversed(steps):
        frees = [source for source in dict.fromkeys((*reads, result)) if source not in needed]
        needed.update(frees)
        found.append(tuple(frees))
    found.reverse()
    return found


class Piece:
    """A piece of memory: its bytes, the number of live results in it, and the result that it was allocated for."""

    __slots__ = ("live", "owner", "size")

    def __init__(self, size: int, owner: Producer) -> None:
        self.size = size
        self.live = 1
        self.owner = owner


class Storages:
    """The memory of results while a schedule runs: several results share a piece of memory if they are views or overwrite.

    `frees` is what `last_readings` returns, `size` the bytes of a result, `reuse` how a step's result uses its input's memory.
    """

    def __init__(
        self,
        steps: Sequence[ScheduleStep],
        inputs: Sequence[Producer],
        frees: Sequence[tuple[Producer, ...]],
        size: Callable[[Producer], int],
        reuse: Callable[[Node], Reuse],
    ) -> None:
        self._steps = steps
        self._inputs = inputs
        self._frees = frees
        self._size = size
        self._reuse = reuse
        self._memory: dict[Producer, Piece] = {}

    def allocated(self, piece: Piece) -> None:
        """Called when a step needs new memory for its result; does nothing here."""

    def freed(self, piece: Piece) -> None:
        """Called when the last result in a piece of memory is freed; does nothing here."""

    def walk(self) -> Iterator[int]:
        """Yield for each step the bytes that are live while it runs: its inputs, its result, and all that is read later."""
        size, reuse = self._size, self._reuse
        memory = self._memory = {source: Piece(size(source), source) for source in self._inputs}
        live = sum(piece.size for piece in memory.values())
        for (reads, result), frees in zip(self._steps, self._frees, strict=True):
            how = reuse(result)
            piece = memory.get(reads[0]) if reads and how != "none" else None
            # Weights, whose piece has no bytes, are not overwritten.
            overwrites = how == "overwrite" and piece is not None and piece.size and piece.live == 1 and reads[0] in frees
            if piece is not None and (how == "view" or overwrites):
                piece.live += 1
            else:
                piece = Piece(0 if how == "weights" else size(result), result)
                live += piece.size
                self.allocated(piece)
            memory[result] = piece
            yield live
            for source in frees:
                dead = memory.pop(source, None)
                if dead is not None:
                    dead.live -= 1
                    if not dead.live:
                        live -= dead.size
                        self.freed(dead)

    def live_at(self, index: int) -> list[Producer]:
        """Return the results whose memory is in use while step `index` runs: for each piece of memory one that fills it.

        That is the newest one, or the one that the piece was allocated for if only parts of it are read later.
        """
        for k, _ in enumerate(self.walk()):
            if k == index:
                break
        newest = {id(piece): (source, piece) for source, piece in self._memory.items() if piece.size}
        return [source if self._size(source) == piece.size else piece.owner for source, piece in newest.values()]
