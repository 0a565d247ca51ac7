"""The network of a shell session: its text, the loaded network, and earlier texts for undo."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.cli.shell.typed import Refused, read, row, top_key
from cnncalc.language import edit
from cnncalc.language.document import TOP_KEYS
from cnncalc.language.row import ROW_KEYS, Row
from cnncalc.layers import KINDS
from cnncalc.place import apply
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.shape import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.network import Network
    from cnncalc.place import Place

#: Problems of these rules refuse a change, because later rows would depend on a row that cannot be read.
UNREADABLE = frozenset(
    ("yaml", "limit", "duplicate-key", "unknown-key", "unknown-kind", "row", "missing", "value", "name", "unknown-name",
     "cycle", "expression", "set", "share")
)  # fmt: skip
#: A layer that accepts any input, added to load a text that has no rows yet.
_PROBE = "identity"


class Answer(NamedTuple):
    """The result of a change: the rows to show and the new problems."""

    rows: tuple[str, ...]
    problems: tuple[Problem, ...]
    #: False if the change left the text the same.
    changed: bool = True


class Session:
    """The text of a network, the network loaded from it, and the history of texts for undo and redo."""

    def __init__(self) -> None:
        self.text = ""
        self.network: Network | None = None
        #: The file that the network was loaded from or saved to, and the text of that file.
        self.file: str | None = None
        self.saved = ""
        #: Whether an expectation was typed, not only loaded.
        self._expects = False
        self._past: list[str] = []
        self._future: list[str] = []

    # State

    @property
    def unsaved(self) -> bool:
        return self.text != self.saved

    @property
    def names(self) -> list[str]:
        """The names of the top-level rows, in order."""
        return list(self.network.rows) if self.network is not None else []

    @property
    def output(self) -> str:
        """The output shapes as text; if there are no rows yet, the input shapes."""
        network = self.network or self._probed(self.text)
        if network is None:
            return ""
        ends = network.outputs if self.network is not None else network.inputs
        return ", ".join("?" if source.flow is None else source.flow.text(network.layout) for source in ends)

    @property
    def onward(self) -> tuple[list[str], str]:
        """The last output as arguments of `layer` or `solve`, and its layout. Raises Refused if the output is unknown."""
        network = self.network or self._probed(self.text)
        if network is None:
            return [], "channels_last"
        ends = network.outputs if self.network is not None else network.inputs
        flow = ends[-1].flow if ends else None
        if isinstance(flow, Tokens):
            return [f"tokens={flow.length}", f"vocabulary={flow.vocabulary}"], network.layout
        if flow is None:
            raise Refused("the output is not known; fix the problems first")
        return [flow.text(network.layout)], network.layout

    @property
    def problems(self) -> list[Problem]:
        return list(self.network.problems) if self.network is not None else []

    @staticmethod
    def _probed(text: str) -> Network | None:
        """The network of `text` with one row that accepts any input; None if it cannot be loaded."""
        from cnncalc.network import loads

        try:
            return loads(edit.insert(text, 0, _PROBE)) if text else None
        except (SpecError, edit.CannotEdit):
            return None

    # Changes

    def load(self, text: str, file: str | None) -> None:
        """Replace the network with one loaded from a file. Raises SpecError."""
        from cnncalc.network import loads

        network = loads(text)
        self._remember()
        self.text, self.network = text, network
        self.file, self.saved = file, text
        self._expects = False

    def undo(self) -> None:
        """Undo the last change. Raises Refused if there is none."""
        if not self._past:
            raise Refused("there is nothing to undo")
        self._future.append(self.text)
        self._put(self._past.pop())

    def redo(self) -> None:
        """Redo the last undone change. Raises Refused if there is none or something was changed since."""
        if not self._future:
            raise Refused("there is nothing to redo")
        self._past.append(self.text)
        self._put(self._future.pop())

    def say(self, line: str) -> Answer:
        """Add a row or set a top-level key, typed as in YAML: `conv: 64, kernel_size: 3`, `relu`, `input: 32x32x3`."""
        self._expects = self._expects or "expect" in line
        key = top_key(read(line))
        if key is not None:
            return self._set_top(key, line.partition(":")[2].rstrip() if "\n" in line else line.partition(":")[2].strip())
        return self._insert(len(self.names), line)

    def insert(self, before: str, line: str) -> Answer:
        """Insert a row before another."""
        index = self._index(before)
        if top_key(read(line)) is not None:
            raise Refused("only a row can be inserted, not a key of the network")
        return self._insert(index, line)

    def delete(self, name: str) -> Answer:
        """Delete a row."""
        return self._change(edit.delete(self.text, self._index(name)))

    def move(self, name: str, before: str) -> Answer:
        """Move a row before another, or to the end."""
        to = len(self.names) if before == "end" else self._index(before)
        return self._change(edit.move(self.text, self._index(name), to), by_name=False)

    def set(self, target: str, value: str) -> Answer:
        """Set a field (`conv1.stride`, at any depth), or a var or top-level key (a name without a dot)."""
        name, dot, field = target.rpartition(".")
        if not dot:
            if target in TOP_KEYS and target not in ("layers", "vars", "blocks"):
                return self._set_top(target, value)
            return self._change(edit.set_var(self.text, target, value))
        if self.network is None:
            raise Refused("there are no rows yet")
        self._expects = self._expects or field == "expect"
        if "*" in name or "?" in name:
            return self._set_all(name, field, value)
        row = self.network.rows.get(name)
        if row is None:
            try:
                row = self.network[name].place
            except KeyError as unknown:
                raise Refused(str(unknown.args[0])) from None
        return self._set_fields([row], field, value)

    def _set_all(self, pattern: str, field: str, value: str) -> Answer:
        """Set a field in every row that matches the pattern and whose kind has the field."""
        assert self.network is not None
        meant = [node for node in self.network.layers if fnmatchcase(node.name, pattern)]
        rows = {node.location: node.place for node in meant if node.kind in KINDS and _has(node.kind, field)}
        if not rows:
            raise Refused(f"no layer that {pattern} matches has a field {field}")
        return self._set_fields(rows.values(), field, value)

    def _set_fields(self, rows: Iterable[Place], field: str, value: str) -> Answer:
        return self._change(apply(self.text, [row.change(field, value) for row in rows if isinstance(row, Row)]))

    def _index(self, name: str) -> int:
        from cnncalc.spelling import did_you_mean

        if self.network is None:
            raise Refused("there are no rows yet")
        at = self.network.rows.get(name)
        if at is None:
            inner = " (it is in a block or branch)" if name in self.network else ""
            raise Refused(f"there is no row {name} at the top level{inner}{did_you_mean(name, self.names)}")
        rows = edit.ParsedText(self.text).rows
        return next(i for i, row in enumerate(rows) if (row.line, row.column) == at.location[:2])

    def _insert(self, index: int, line: str) -> Answer:
        if self.network is None and self._probed(self.text) is None:
            raise Refused("set the input first, for example input: 32x32x3")
        return self._change(edit.insert(self.text, index, row(line)))

    def _set_top(self, key: str, value: str) -> Answer:
        if key == "layers":
            raise Refused("type the rows one by one, or load a file")
        if not value:
            raise Refused(f"{key} has no value; write the value after the colon")
        return self._change(edit.set_top(self.text, key, value))

    def _change(self, text: str, *, by_name: bool = True) -> Answer:
        """Replace the text and load it. Raises Refused, with nothing changed, if the new text brings a problem of UNREADABLE."""
        if text == self.text:
            return Answer((), (), changed=False)
        before = self.network
        known = {(p.rule, p.message) for p in self.problems}
        network = self._loaded(text)
        found = [p for p in (network.problems if network is not None else []) if (p.rule, p.message) not in known]
        wrong = [p for p in found if p.rule in UNREADABLE]
        if wrong:
            raise Refused("\n".join(texts_of(wrong)))
        self._remember()
        self.text, self.network = text, network
        return Answer(_touched(before, network, by_name=by_name), tuple(found))

    def _loaded(self, text: str) -> Network | None:
        """Load a text; None if it has no rows yet. Raises Refused if a key of such a text cannot be read."""
        from cnncalc.network import loads

        if edit.ParsedText(text).rows:
            return self._without_expectations(loads(text), text)
        if text.strip():
            top = edit.ParsedText(text).top
            probe = text if top is not None and "input" in top.pairs else edit.set_top(text, "input", "1x1x1")
            wrong = [p for p in loads(edit.insert(probe, 0, _PROBE)).problems if p.rule in UNREADABLE]
            if wrong:
                raise Refused("\n".join(texts_of(wrong)))
        return None

    def _without_expectations(self, network: Network, text: str) -> Network:
        """`network`, without problems of `expect` if the loaded file was changed and its `expect` was not."""
        if text != self.saved and self.saved and not self._expects:
            # The network's own list has advice, and is made from this one when it is first read.
            problems = network.reading.problems
            left = [p for p in problems if p.rule != "expect"]
            if len(left) < len(problems):
                problems[:] = left
                network.reading.expect_skipped = True
        return network

    def _remember(self) -> None:
        self._past.append(self.text)
        self._future.clear()

    def _put(self, text: str) -> None:
        self.text = text
        self.network = self._loaded(text)


def _touched(before: Network | None, after: Network | None, *, by_name: bool) -> tuple[str, ...]:
    """The current names of the top-level rows that are new, changed or renamed."""
    if after is None:
        return ()
    if before is None or not by_name:
        return tuple(after.rows) if before is None else ()
    from cnncalc.analysis.comparison import compare

    found = compare(before, after)
    changed = {*found.twins.values(), *(change.after.name for change in found.changes if change.after is not None)}
    return tuple(name for name in after.rows if any(c == name or c.startswith(f"{name}.") for c in changed))


def texts_of(problems: Iterable[Problem]) -> list[str]:
    """Problems as text, without positions, because the shell does not show the text of the network."""
    return [str(problem._replace(file=None, location=Location())) for problem in problems]


def _has(kind: str, field: str) -> bool:
    return field in KINDS[kind].options or field in ROW_KEYS
