"""Names and what they stand for: a scope for the network, and one for every copy of a block or a branch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from cnncalc.graph import Producer
from cnncalc.language.expression import Texts
from cnncalc.language.row import Body
from cnncalc.layers import Layer
from cnncalc.shape import LayerError
from cnncalc.spelling import did_you_mean, listed
from cnncalc.values import written

#: Unknown names that get the nearest known one with them: a file with thousands has another fault.
MAX_HINTS = 100
#: Rows in whose blocks and branches an unknown name is looked for.
MAX_SEARCHED = 1000


class Copy:
    """What one copy of a row gave, and the scope inside it."""

    __slots__ = ("inner", "source", "title")

    def __init__(self, source: Producer | None, inner: Scope | None = None, title: str = "") -> None:
        self.source = source
        self.inner = inner
        #: The block's name, for a use of a block.
        self.title = title


class Binding:
    """What a row's name stands for: its copies, of which the last one speaks for all."""

    __slots__ = ("copies", "line", "repeated")

    def __init__(self, copies: list[Copy], repeated: bool, line: int) -> None:
        self.copies = copies
        self.repeated = repeated
        self.line = line


class Scope:
    """The rows of a network, of one copy of a block, or of a branch: their names, and all that holds for them."""

    __slots__ = ("body", "fit", "frozen", "input", "names", "parent", "path", "peer", "prefix", "texts", "unknown")

    def __init__(self, body: Body, source: Producer | None, parent: Scope | None, texts: Texts) -> None:
        self.body = body
        #: What its first row reads, called `input`.
        self.input = source
        self.parent = parent
        #: Vars, parameters and `i`, by name.
        self.texts = texts
        self.names: dict[str, Binding] = {}
        self.prefix: str = parent.prefix if parent else ""
        self.fit: str = parent.fit if parent else ""
        self.frozen: bool = parent.frozen if parent else False
        #: How many names were not found, of the top scope alone.
        self.unknown = 0
        #: Names, indexes and whether they are the last, of the rows it stands in; kept where fields are set from outside.
        self.path: tuple[tuple[str, int | None, bool], ...] = parent.path if parent else ()
        #: The scope whose weights the rows of this one use.
        self.peer: Scope | None = None

    def fit_for(self, kind: type[Layer] | None) -> str:
        """The fit of a row that has none of its own: only pools take the ceiling of a file or block, other kinds the floor."""
        return "floor" if self.fit == "ceil" and kind is not None and not kind.ceils else self.fit

    def outward(self) -> Iterator[Scope]:
        """This scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Copy:
        """What `name` stands for here, also a path into blocks and branches. Raises LayerError with the nearest name there is."""
        first, *rest = name.split(".")
        if rest and rest[-1] == "*":
            raise LayerError(
                f"{written(name)} stands for several rows; a join reads them, as in concat: [{name}]", rule="unknown-name"
            )
        if first == "input" and not rest:
            if self.input is None:
                names = listed([*[*self.outward()][-1].names])
                raise LayerError(f"the network has several inputs; name one of them: {names}", rule="unknown-name")
            return Copy(self.input)
        for scope in self.outward():
            binding = scope.names.get(first)
            if binding is not None:
                return _descend(binding, first, rest)
        raise self._unknown(name, first)

    def copies(self, name: str) -> list[Producer]:
        """The results of all copies of a repeated row. Raises LayerError if `name` is not one that is finished."""
        *path, last = name.split(".")
        try:
            inner = self.find(".".join(path)).inner if path else None
        except LayerError:
            # Of a block or branch that is not finished yet, the rows above are.
            inner = None
        scopes = [inner] if inner is not None else [] if path else list(self.outward())
        binding = next((found for scope in scopes if (found := scope.names.get(last)) is not None), None)
        if binding is None:
            raise self._unknown(name, name.partition(".")[0])
        if not binding.repeated:
            raise LayerError(f"{name}.* stands for the copies of a row with repeat, and {name} has none", rule="unknown-name")
        results = [copy.source for copy in binding.copies if copy.source is not None]
        if len(results) < len(binding.copies):
            raise LayerError(f"{name} is not finished here: this row is part of it", rule="unknown-name")
        return results

    def _inside(self, name: str) -> str | None:
        """The path to a row called `name` in a block or branch that is reached from here; None if there is none nearby."""
        todo = deque(
            (f"{label}.", binding.copies[-1].inner)
            for scope in self.outward()
            for label, binding in scope.names.items()
            if binding.copies and binding.copies[-1].source is not None
        )
        searched = 0
        while todo and searched < MAX_SEARCHED:
            searched += 1
            prefix, inner = todo.popleft()
            if inner is None:
                continue
            if name in inner.names:
                return f"{prefix}{name}"
            todo.extend((f"{prefix}{label}.", b.copies[-1].inner) for label, b in inner.names.items() if b.copies)
        return None

    def _unknown(self, name: str, first: str) -> LayerError:
        for scope in self.outward():
            later = scope.body.row_called(first)
            if later is not None:
                said = f"{written(name)} stands on line {later.at.line}, and a row reads only what stands above it"
                return LayerError(said, rule="unknown-name")
        said = f"there is no row {written(name)} above"
        top = [*self.outward()][-1]
        top.unknown += 1
        if top.unknown <= MAX_HINTS and (path := self._inside(name)) is not None:
            said += f"; {written(name)} stands inside {path.removesuffix(f'.{name}')}: write {path}"
        elif top.unknown <= MAX_HINTS:
            # A row that is not finished is the one that asks, or around it.
            done = [
                n for scope in self.outward() for n, b in scope.names.items() if not b.copies or b.copies[-1].source is not None
            ]
            said += did_you_mean(name, [*done, "input"])
        return LayerError(said, rule="unknown-name")


def _number(part: str) -> int | None:
    """The number of a copy, written in ordinary digits without leading zeros; None for anything else."""
    return int(part) if len(part) < 10 and part.isascii() and part.isdigit() and (part == "0" or part[0] != "0") else None


def _descend(binding: Binding, walked: str, rest: list[str]) -> Copy:
    copy: Copy | None = binding.copies[-1] if binding.copies else None
    repeated = binding.repeated
    copies = binding.copies
    for part in rest:
        if part.isdigit() and repeated:
            number = _number(part)
            if number is None or number >= len(copies):
                count = f"{len(copies)} cop{'y' if len(copies) == 1 else 'ies'}"
                said = f"{walked} has {count}" + (f", 0 to {len(copies) - 1}" if len(copies) > 1 else ", 0" if copies else "")
                raise LayerError(f"{said}; there is no {walked}.{written(part)}", rule="unknown-name")
            copy = copies[number]
            repeated = False
        else:
            inner = copy.inner if copy else None
            if inner is None:
                raise LayerError(f"there is nothing called {written(part)} inside {walked}", rule="unknown-name")
            found = inner.names.get(part)
            if found is None:
                raise LayerError(
                    f"there is no {written(part)} inside {walked}" + did_you_mean(part, inner.names), rule="unknown-name"
                )
            copies, repeated = found.copies, found.repeated
            copy = copies[-1] if copies else None
        walked = f"{walked}.{part}"
    if copy is None:
        raise LayerError(f"{walked} stands 0 times; there is nothing to read", rule="unknown-name")
    if copy.source is None:
        raise LayerError(f"{walked} is not finished here: this row is part of it", rule="unknown-name")
    return copy
