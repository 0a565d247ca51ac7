"""A network that is built and changed row by row: its text, what it is now, and every state before, for undo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.language import edit
from cnncalc.language.document import TOP_KEYS
from cnncalc.language.source import Mapping, Scalar, YamlNode, compose
from cnncalc.layers import KINDS
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.shape import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncalc.network import Network

#: A change that brings one of these is refused: the rest would stand on something that cannot be read.
UNREADABLE = frozenset(
    ("yaml", "limit", "duplicate-key", "unknown-key", "unknown-kind", "row", "missing", "value", "name", "unknown-name",
     "cycle", "expression", "set", "share")
)  # fmt: skip
#: Some value: an input alone is tried with a layer that takes whatever comes.
_PROBE = "identity"


class Refused(Exception):
    """What was typed cannot be done; nothing has changed."""


class Answer(NamedTuple):
    """What a change did: the rows to show, and the problems that are new."""

    rows: tuple[str, ...]
    problems: tuple[Problem, ...]


class Session:
    """The text of a network under the hand, with the way back."""

    def __init__(self) -> None:
        self.text = ""
        self.network: Network | None = None
        #: Where it was loaded from or saved to, and its text there.
        self.file: str | None = None
        self.saved = ""
        self._past: list[str] = []
        self._future: list[str] = []

    # What it is

    @property
    def unsaved(self) -> bool:
        return self.text != self.saved

    @property
    def names(self) -> list[str]:
        """The names of the top-level rows, in order."""
        return list(self.network.rows) if self.network is not None else []

    @property
    def output(self) -> str:
        """What comes out at the end, or the input where there are no rows yet."""
        network = self.network or self._probed(self.text)
        if network is None:
            return ""
        ends = network.outputs if self.network is not None else network.inputs
        return ", ".join("?" if source.flow is None else source.flow.text(network.layout) for source in ends)

    @property
    def onward(self) -> tuple[list[str], str]:
        """What comes out at the end as words of the command line, and the layout that they are in."""
        network = self.network or self._probed(self.text)
        if network is None:
            return [], "channels_last"
        ends = network.outputs if self.network is not None else network.inputs
        flow = ends[-1].flow if ends else None
        if isinstance(flow, Tokens):
            return [f"tokens={flow.length}", f"vocabulary={flow.vocabulary}"], network.layout
        if flow is None:
            raise Refused("what comes out at the end is not known; mend the problems first")
        return [flow.text(network.layout)], network.layout

    @property
    def problems(self) -> list[Problem]:
        return list(self.network.problems) if self.network is not None else []

    @staticmethod
    def _probed(text: str) -> Network | None:
        """The network of the input alone."""
        from cnncalc.network import loads

        try:
            return loads(edit.insert(text, 0, _PROBE)) if text else None
        except (SpecError, edit.CannotEdit):
            return None

    # How it changes

    def load(self, text: str, file: str | None) -> None:
        """Takes a network from a file; undo goes back to the one before. Raises SpecError."""
        from cnncalc.network import loads

        network = loads(text)
        self._remember()
        self.text, self.network = text, network
        self.file, self.saved = file, text

    def undo(self) -> None:
        """Back by one change."""
        if not self._past:
            raise Refused("there is nothing to undo")
        self._future.append(self.text)
        self._put(self._past.pop())

    def redo(self) -> None:
        """Forward again, as long as nothing else was changed."""
        if not self._future:
            raise Refused("there is nothing to redo")
        self._past.append(self.text)
        self._put(self._future.pop())

    def say(self, line: str) -> Answer:
        """A row as in YAML, or a key of the top level: `conv: 64, kernel_size: 3`, `relu`, `input: 32x32x3`."""
        node = _read(line)
        key = _top_key(node)
        if key is not None:
            return self._set_top(key, line.partition(":")[2].strip())
        return self._insert(len(self.names), line)

    def insert(self, before: str, line: str) -> Answer:
        """A row in front of another."""
        index = self._index(before)
        if _top_key(_read(line)) is not None:
            raise Refused("a row is put in, not a key of the network")
        return self._insert(index, line)

    def delete(self, name: str) -> Answer:
        """Takes a row out."""
        return self._change(edit.delete(self.text, self._index(name)))

    def move(self, name: str, before: str) -> Answer:
        """Puts a row in front of another, or at the end."""
        to = len(self.names) if before == "end" else self._index(before)
        return self._change(edit.move(self.text, self._index(name), to), by_name=False)

    def set(self, target: str, value: str) -> Answer:
        """`conv1.stride`: a field of a row, at any depth; a name alone: a var, or a key of the network."""
        name, dot, field = target.rpartition(".")
        if not dot:
            if target in TOP_KEYS and target not in ("layers", "vars", "blocks"):
                return self._set_top(target, value)
            return self._change(edit.set_var(self.text, target, value))
        if self.network is None:
            raise Refused("there are no rows yet")
        at = self.network.rows.get(name)
        if at is None:
            try:
                at = self.network[name].location
            except KeyError as unknown:
                raise Refused(str(unknown.args[0])) from None
        kind = self._kind(name)
        if kind is not None and KINDS[kind].main is not None and field == getattr(KINDS[kind].main, "name", None):
            field = kind
        return self._change(edit.set_field(self.text, at, field, value))

    def _kind(self, name: str) -> str | None:
        assert self.network is not None
        found = next((node.kind for node in self.network.layers if node.name == name), None)
        return found if found in KINDS else None

    def _index(self, name: str) -> int:
        from cnncalc.spelling import did_you_mean

        if self.network is None:
            raise Refused("there are no rows yet")
        at = self.network.rows.get(name)
        if at is None:
            inner = " (it stands in a block or branch)" if name in self.network else ""
            raise Refused(f"there is no row {name} at the top level{inner}{did_you_mean(name, self.names)}")
        rows = edit.Text(self.text).rows
        return next(i for i, row in enumerate(rows) if (row.line, row.column) == (at.line, at.column))

    def _insert(self, index: int, line: str) -> Answer:
        if self.network is None and self._probed(self.text) is None:
            raise Refused("say the input first, as in input: 32x32x3")
        return self._change(edit.insert(self.text, index, _row(line)))

    def _set_top(self, key: str, value: str) -> Answer:
        if key == "layers":
            raise Refused("type the rows one by one, or load a file")
        if not value:
            raise Refused(f"{key} has no value; write it behind the colon")
        return self._change(edit.set_top(self.text, key, value))

    def _change(self, text: str, *, by_name: bool = True) -> Answer:
        """Makes a change, or refuses it and leaves everything as it was."""
        before = self.network
        known = {(p.rule, p.message) for p in self.problems}
        network = self._loaded(text)
        found = [p for p in (network.problems if network is not None else []) if (p.rule, p.message) not in known]
        wrong = [p for p in found if p.rule in UNREADABLE]
        if wrong:
            raise Refused("\n".join(said(wrong)))
        self._remember()
        self.text, self.network = text, network
        return Answer(_touched(before, network, by_name=by_name), tuple(found))

    def _loaded(self, text: str) -> Network | None:
        from cnncalc.network import loads

        if edit.Text(text).rows:
            return loads(text)
        problems = loads(edit.insert(text, 0, _PROBE)).problems if text.strip() else []
        wrong = [p for p in problems if p.rule in UNREADABLE]
        if wrong:
            raise Refused("\n".join(said(wrong)))
        return None

    def _remember(self) -> None:
        self._past.append(self.text)
        self._future.clear()

    def _put(self, text: str) -> None:
        self.text = text
        self.network = self._loaded(text)


def _touched(before: Network | None, after: Network | None, *, by_name: bool) -> tuple[str, ...]:
    """The top-level rows that are new, not as they were or called otherwise: by these names they are reached from now on."""
    if after is None:
        return ()
    if before is None or not by_name:
        return tuple(after.rows) if before is None else ()
    from cnncalc.analysis.comparison import compare

    found = compare(before, after)
    changed = {*found.twins.values(), *(change.after.name for change in found.changes if change.after is not None)}
    return tuple(name for name in after.rows if any(c == name or c.startswith(f"{name}.") for c in changed))


def said(problems: Iterable[Problem]) -> list[str]:
    """Problems in their text form without a place: the text that they stand in is not before the reader's eyes."""
    return [str(problem._replace(file=None, location=Location())) for problem in problems]


def _read(line: str) -> YamlNode:
    """What was typed as YAML: the inside of a row's map, a map, or a word."""
    try:
        node = compose(_row(line), None, [])
    except SpecError as error:
        raise Refused(error.problems[0].message) from None
    if isinstance(node, Scalar) and " " in node.text:
        word, *rest = node.text.replace(",", " ").split()
        if word in KINDS or word in TOP_KEYS:
            raise Refused(f"{word} wants a colon; did you mean {word}: {', '.join(said.replace('=', ': ') for said in rest)}?")
        raise Refused(f"{node.text} is neither a row nor a command; `help` lists the commands")
    if not isinstance(node, (Scalar, Mapping)):
        raise Refused("a row is a word such as relu, or a map such as conv: 64, kernel_size: 3")
    return node


def _row(line: str) -> str:
    """A row as it stands behind its dash."""
    line = re.sub(r"^-\s+", "", line.strip())
    if line.startswith("{") or not re.search(r":(\s|$)", line):
        return line
    return f"{{{line}}}"


def _top_key(node: YamlNode) -> str | None:
    """The key of the top level that a line sets, where it is no row."""
    if isinstance(node, Mapping) and not any(key in KINDS or key in ("block", "branches") for key in node.pairs):
        key = next(iter(node.pairs), "")
        if key in TOP_KEYS or key.startswith("x-"):
            return key
    return None
