"""INPUT KIND=VALUE FIELD=VALUE…: words of the command line → a network of one row, and its problems → words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from cnncalc.layers import KINDS, Join, Layer

if TYPE_CHECKING:
    from cnncalc.graph import Node
    from cnncalc.language.source import YamlNode
    from cnncalc.network import Network
    from cnncalc.problem import Problem

LETTERS = {"F": "kernel_size", "S": "stride", "P": "padding", "D": "dilation", "K": "filters"}
"""The lecture's letters; N is the input's size, which stands first."""

#: A fault of these rules means that there is no such layer to look at.
USAGE = frozenset(("unknown-kind", "unknown-key", "row", "missing", "duplicate-key", "yaml"))
_TOKENS = ("tokens", "vocabulary")


class Said:
    """The words in order: `input` as YAML, the kind, and each field with its word."""

    def __init__(self, words: Sequence[str]) -> None:
        self.kind: str | None = None
        self.pairs: list[tuple[str, str | None, str]] = []
        tokens: dict[str, str] = {}
        rest = list(words)
        self.input_word = rest.pop(0) if rest and ("=" not in rest[0] or rest[0].startswith("{")) else ""
        for word in rest:
            key, equals, value = word.partition("=")
            if key in _TOKENS and equals:
                tokens[key] = value
            else:
                self._pair(key, value if equals else None, word)
        if tokens and not self.input_word:
            self.input_word = "{" + ", ".join(f"{key}: {value}" for key, value in tokens.items()) + "}"
        self._settle()

    @property
    def layer(self) -> type[Layer] | None:
        return KINDS.get(self.kind or "")

    def _pair(self, key: str, value: str | None, word: str) -> None:
        if key in KINDS and self.kind is None:
            self.kind = key
        self.pairs.append((key, value, word))

    def _settle(self) -> None:
        """Turns letters, and the kind's value said by its field's name, into what a row says."""
        main = self.layer.main if self.layer is not None else None
        settled: list[tuple[str, str | None, str]] = []
        for key, value, word in self.pairs:
            name = LETTERS.get(key, key)
            if main is not None and self.kind is not None and name == main.name and name != self.kind and value is not None:
                # `maxpool F=2`: the window is the value of the kind, which then says nothing itself.
                settled = [pair for pair in settled if pair[0] != self.kind or pair[1] is not None]
                name = self.kind
            settled.append((name, value, word))
        named = {key for key, value, _ in settled if value is not None}
        self.pairs = [pair for pair in settled if pair[1] is not None or pair[0] not in named]


class Single:
    """The network of one row that the words say, loaded as a file would be."""

    def __init__(self, said: Said, *, fit: str | None = None, layout: str | None = None) -> None:
        from cnncalc.network import loads

        self.said = said
        #: Which word stands on which line of the text.
        self._words: dict[int, str] = {}
        self.network: Network = loads(self._text(said, layout, fit))

    @property
    def node(self) -> Node:
        return self.network.layers[0]

    def _text(self, said: Said, layout: str | None, fit: str | None) -> str:
        head, join = _inputs(said)
        lines = [f"input: {head}"]
        self._words[1] = said.input_word
        if layout is not None:
            lines.append(f"layout: {layout}")
        lines.append("layers:")
        lead = "  - "
        for key, value, word in said.pairs:
            text = "" if value is None else _value(value, word)
            if join and key == said.kind:
                text = join
            lines.append(f"{lead}{json.dumps(key)}: {text}")
            self._words[len(lines)] = word
            lead = "    "
        if said.kind and not any(key == "name" for key, _, _ in said.pairs):
            lines.append(f"    name: {said.kind}")
        if said.kind and fit is not None and not any(key == "fit" for key, _, _ in said.pairs):
            # As the row's own: a file's ceil is for pools alone.
            lines.append(f"    fit: {fit}")
        return "\n".join(lines) + "\n"

    def reworded(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems with the word that each comes from in the place of file and line."""
        from cnncalc.problem import Location

        found = []
        for problem in problems:
            word = self._words.get(problem.location.line)
            # Lines are not what the reader sees.
            message = re.sub(", first on line [0-9]+", "", problem.message)
            message = re.sub(r"(?<=write )\{(.+)\}$", lambda row: _as_words(row[1]), message)
            found.append(problem._replace(file=word, location=Location(), fixes=(), message=message))
        return found


def _as_words(row: str) -> str:
    """The inside of a row in braces as words: `conv: 6, kernel_size: 3` → `conv=6 kernel_size=3`."""
    return re.sub(r"(\w+): ", r"\1=", re.sub(r", (?=\w+: )", " ", row)).replace(", ", ",")


def _inputs(said: Said) -> tuple[str, str]:
    """The `input` of the text; for a join also what it reads, for its value is the shapes of the others."""
    first = _value(said.input_word, said.input_word, quoted=not said.input_word.startswith("{"))
    if said.layer is None or not issubclass(said.layer, Join):
        return first, ""
    others = next((value for key, value, _ in said.pairs if key == said.kind and value), None)
    if others is None:
        raise typer.BadParameter(f"{said.kind} joins INPUT with other shapes; write {said.kind}={said.input_word}")
    shapes = [first, *(_value(shape.strip(), shape) for shape in others.split(","))]
    names = [chr(ord("a") + i) for i in range(min(len(shapes), 26))]
    inputs = ", ".join(f"{name}: {shape}" for name, shape in zip(names, shapes, strict=False))
    return f"{{{inputs}}}", f"[{', '.join(names)}]"


def _value(text: str, word: str, *, quoted: bool = True) -> str:
    """A value as YAML that says the same and nothing else: words in quotes, lists and maps in brackets."""
    from cnncalc.language.source import compose
    from cnncalc.problem import SpecError

    try:
        node = compose(text, None, [])
    except SpecError as error:
        raise typer.BadParameter(f"{word} cannot be read: {error.problems[0].message}") from None
    return "" if node is None else _flow(node) if quoted else text


def _flow(node: YamlNode) -> str:
    from cnncalc.language.source import Scalar, Sequence

    if isinstance(node, Scalar):
        return "~" if node.null else json.dumps(node.text, ensure_ascii=False)
    if isinstance(node, Sequence):
        return f"[{', '.join(map(_flow, node.items))}]"
    return "{" + ", ".join(f"{json.dumps(key)}: {_flow(value)}" for key, (_, value) in node.pairs.items()) + "}"


def read(words: Sequence[str]) -> Said:
    """The words, where there are an input and a kind. Raises BadParameter."""
    said = Said(words)
    letters = [word for key, _, word in said.pairs if key == "N"]
    if letters:
        raise typer.BadParameter(f"{letters[0]}: N is the size of the input, which stands first, as 32x32x3")
    if not said.input_word:
        raise typer.BadParameter("the input comes first, as in 32x32x3 or tokens=56 vocabulary=20000")
    if not said.pairs:
        raise typer.BadParameter(f"say a layer behind the input, as in {said.input_word} conv=10 kernel_size=5")
    grouped = next((word for key, _, word in said.pairs if key in ("block", "branches")), None)
    if grouped:
        raise typer.BadParameter(f"{grouped}: this is about one layer; blocks and branches stand in files")
    return said


def complete(incomplete: str) -> list[str]:
    """Kinds and fields that begin as the word does."""
    fields = {name for kind in KINDS.values() for name, o in kind.options.items() if not o.main}
    plain = {name for name, kind in KINDS.items() if kind.main is None or not kind.main.required}
    words = [name for name in KINDS if name in plain] + [f"{name}=" for name, kind in KINDS.items() if kind.main is not None]
    words += [f"{name}=" for name in sorted(fields)]
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def complete_field(incomplete: str) -> list[str]:
    """Fields of any kind that begin as the word does."""
    fields = dict.fromkeys(name for kind in KINDS.values() for name in kind.options)
    return [name for name in fields if name.startswith(incomplete)]
