"""Name lookup: a scope for the network, and a scope for every copy of a block or a branch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from cnncalc.build.problems import Problems
from cnncalc.graph import Input, Node, Producer
from cnncalc.language.expression import Texts
from cnncalc.language.row import Body
from cnncalc.layers import Layer
from cnncalc.problem import Location
from cnncalc.shape import LayerError
from cnncalc.spelling import did_you_mean, listed
from cnncalc.values import written

#: The number of unknown names that get a suggestion: in a file with thousands, the names are not the mistake.
MAX_HINTS = 100
#: The number of rows whose blocks and branches are searched for an unknown name.
MAX_SEARCHED = 1000


class Copy:
    """The result of one copy of a row, and the scope inside it."""

    __slots__ = ("inner", "source", "title")

    def __init__(self, source: Producer | None, inner: Scope | None = None, title: str = "") -> None:
        self.source = source
        self.inner = inner
        #: The block's name, for a use of a block.
        self.title = title


class Binding:
    """The copies that a row's name refers to; the name without a number means the last copy.

    `results` are those of the finished copies of a repeated row, in order.
    """

    __slots__ = ("copies", "repeated", "results")

    def __init__(self, copies: list[Copy], repeated: bool) -> None:
        self.copies = copies
        self.repeated = repeated
        self.results: list[Producer] = []


class Scope:
    """The names in a network, in one copy of a block, or in a branch, and the settings that apply to its rows."""

    __slots__ = (
        "_fill", "_names", "body", "fit", "frozen", "input", "parent", "path", "peer", "prefix", "texts", "unknown",
    )  # fmt: skip

    def __init__(self, body: Body, source: Producer | None, parent: Scope | None, texts: Texts) -> None:
        self.body = body
        #: The input of its first row, called `input`.
        self.input = source
        self.parent = parent
        #: Vars, parameters and `i`, by name.
        self.texts = texts
        self._names: dict[str, Binding] = {}
        #: Adds the names of a copied scope when they are first asked for.
        self._fill: Callable[[], None] | None = None
        self.prefix: str = parent.prefix if parent else ""
        self.fit: str = parent.fit if parent else ""
        self.frozen: bool = parent.frozen if parent else False
        #: The number of names that were not found; counted in the top scope only.
        self.unknown = 0
        #: Name, index and whether it is the last copy, for each row around this scope; filled if `--set` sets fields.
        self.path: tuple[tuple[str, int | None, bool], ...] = parent.path if parent else ()
        #: The scope whose weights the rows of this scope share.
        self.peer: Scope | None = None

    @property
    def names(self) -> dict[str, Binding]:
        """The rows so far, by name."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill()
        return self._names

    def mirror(self, model: Scope, nodes: Sequence[Node], copies: Sequence[Node]) -> None:
        """Take the names of another scope, whose layers `nodes` were copied for this one."""
        self.body, self.fit, self.frozen, self.texts = model.body, model.fit, model.frozen, model.texts

        def fill() -> None:
            made: dict[Producer | None, Producer | None] = {None: None, model.input: self.input}
            self._copy(model, {**made, **dict(zip(nodes, copies, strict=True))})

        self._fill = fill

    def _copy(self, model: Scope, made: dict[Producer | None, Producer | None]) -> None:
        for name, binding in model.names.items():
            copies = []
            for one in binding.copies:
                inner = None
                if one.inner is not None:
                    inner = Scope(one.inner.body, made[one.inner.input], self, one.inner.texts)
                    inner.prefix = self.prefix + one.inner.prefix[len(model.prefix) :]
                    inner.fit, inner.frozen = one.inner.fit, one.inner.frozen
                    inner._copy(one.inner, made)
                copies.append(Copy(made[one.source], inner, one.title))
            self._names[name] = Binding(copies, binding.repeated)
            self._names[name].results = [copy.source or Input(name, None) for copy in copies]

    def fit_for(self, kind: type[Layer] | None) -> str:
        """Return the fit of a row without `fit`: only pools inherit `ceil` from a file or block, other kinds use `floor`."""
        return "floor" if self.fit == "ceil" and kind is not None and not kind.ceils else self.fit

    def is_inside(self, body: Body) -> bool:
        """Whether this scope, or one around it, walks the rows of `body`."""
        scope: Scope | None = self
        while scope is not None:
            if scope.body is body:
                return True
            scope = scope.parent
        return False

    def outward(self) -> Iterator[Scope]:
        """Yield this scope and the scopes around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, name: str) -> Copy:
        """Look up `name`, which may be a path into blocks and branches. Raises LayerError that suggests the nearest name."""
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

    def results(self, names: Sequence[tuple[str, Location]], problems: Problems) -> list[Producer]:
        """Return the results of the rows that `outputs` names; an unknown name is reported."""
        found = []
        for name, at in names:
            try:
                source = self.find(name).source
            except LayerError as error:
                problems.error(error, at, prefix="outputs: ")
                continue
            if source is not None:
                found.append(source)
        return found

    def copies(self, name: str) -> list[Producer]:
        """Return the results of all copies of a repeated row; inside one of them, of those before it.

        Raises LayerError if there is no such row, or if it is not repeated.
        """
        *path, last = name.split(".")
        try:
            inner = self.find(".".join(path)).inner if path else None
        except LayerError:
            # In a block or branch that is not finished, the rows above are finished.
            inner = None
        scopes = [inner] if inner is not None else [] if path else list(self.outward())
        binding = next((found for scope in scopes if (found := scope.names.get(last)) is not None), None)
        if binding is None:
            raise self._unknown(name, name.partition(".")[0])
        if not binding.repeated:
            raise LayerError(f"{name}.* stands for the copies of a row with repeat, and {name} has none", rule="unknown-name")
        return binding.results

    def _inside(self, name: str) -> str | None:
        """Return the path to a row called `name` in a block or branch that can be reached from here; None if none is nearby."""
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

    def _counted(self, name: str) -> str | None:
        """Return the name of the row that Darknet calls `name`: −1 is the row above, 0 the first; None for any other name."""
        name = "-1" if name in ("previous", "prev", "above", "last") else name
        if not name.removeprefix("-").isdecimal() or len(name) > 6:
            return None
        done = [n for n, b in self.names.items() if b.copies and b.copies[-1].source is not None]
        names = [*done, "input"] if name.startswith("-") else done
        place = int(name)
        if place < 0:
            return "input" if len(done) == -place - 1 else done[place] if len(done) >= -place else None
        return names[place] if place < len(names) else None

    def _unknown(self, name: str, first: str) -> LayerError:
        for scope in self.outward():
            later = scope.body.row_called(first)
            if later is not None:
                message = f"{written(name)} stands on line {later.at.line}, and a row reads only what stands above it"
                return LayerError(message, rule="unknown-name")
        message = f"there is no row {written(name)} above"
        counted = self._counted(name)
        if counted is not None:
            return LayerError(f"{message}; rows are called by name: write {counted}", rule="unknown-name")
        top = [*self.outward()][-1]
        top.unknown += 1
        if top.unknown <= MAX_HINTS and (path := self._inside(name)) is not None:
            message += f"; {written(name)} stands inside {path.removesuffix(f'.{name}')}: write {path}"
        elif top.unknown <= MAX_HINTS:
            # An unfinished row is the row that reads the name, or a row around it.
            done = [
                n for scope in self.outward() for n, b in scope.names.items() if not b.copies or b.copies[-1].source is not None
            ]
            message += did_you_mean(name, [*done, "input"])
        return LayerError(message, rule="unknown-name")


def _number(part: str) -> int | None:
    """Return the number of a copy, written in ASCII digits without leading zeros; None for anything else."""
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
                message = f"{walked} has {count}" + (f", 0 to {len(copies) - 1}" if len(copies) > 1 else ", 0" if copies else "")
                raise LayerError(f"{message}; there is no {walked}.{written(part)}", rule="unknown-name")
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
