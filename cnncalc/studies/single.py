"""One layer from words, INPUT KIND=VALUE FIELD=VALUE…: a network of one row, whose problems name the words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cnncalc import values
from cnncalc.layers import KINDS, Join, Layer
from cnncalc.shape import LayerError

if TYPE_CHECKING:
    from cnncalc.graph import Node
    from cnncalc.language.source import YamlNode
    from cnncalc.network import Network
    from cnncalc.problem import Problem

LETTERS = {"F": "kernel_size", "S": "stride", "P": "padding", "D": "dilation", "K": "filters"}
"""The lecture's letters; N is the input's size, which is part of the input."""

_FIELDS = frozenset(name for kind in KINDS.values() for name, declared in kind.options.items() if not declared.main)

#: A fault of these rules means that there is no such layer to look at.
USAGE = frozenset(("unknown-kind", "unknown-key", "row", "missing", "duplicate-key", "yaml"))
_TOKENS = ("tokens", "vocabulary")
_SHAPE = re.compile(r"[0-9_]|\{")


class WordsError(ValueError):
    """The words describe no layer. The message says what is missing, or what to write instead."""


class Words:
    """The words in order: `input_word`, the kind, each field with its word, and the fields that are left open with `?`."""

    def __init__(self, words: Sequence[str]) -> None:
        self.kind: str | None = None
        self.pairs: list[tuple[str, str | None, str]] = []
        self.opened: list[str] = []
        self.input_word = ""
        tokens: dict[str, str] = {}
        for i, word in enumerate(words):
            key, equals, value = word.partition("=")
            if (
                not self.input_word
                and (not equals or word.startswith("{"))
                and (_SHAPE.match(word) or i == 0)
                and key not in KINDS
            ):
                self.input_word = word
            elif key in _TOKENS and equals:
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
        """Turn letters, and a main value that is written under its field's name, into the keys of a row."""
        if self.kind is None and any(key in ("K", "filters") for key, _, _ in self.pairs):
            # The lecture's K filters of F cells: a convolution.
            self.kind = "conv"
        main = self.layer.main if self.layer is not None else None
        settled: list[tuple[str, str | None, str]] = []
        for key, value, word in self.pairs:
            name = LETTERS.get(key, key)
            if main is not None and self.kind is not None and name == main.name and name != self.kind and value is not None:
                # `maxpool F=2`: the window is the value of the kind, which then has no value itself.
                settled = [pair for pair in settled if pair[0] != self.kind or pair[1] is not None]
                name = self.kind
            if value == "?":
                self.opened.append(main.name if main is not None and name == self.kind else name)
            else:
                settled.append((name, value, word))
        named = {key for key, value, _ in settled if value is not None}
        self.pairs = [pair for pair in settled if pair[1] is not None or pair[0] not in named]
        if self.kind is not None and self.kind not in {key for key, _, _ in self.pairs}:
            self.pairs.insert(0, (self.kind, None, self.kind))


class Single:
    """The network of one row that the words describe, loaded as a file would be."""

    def __init__(self, words: Words, *, fit: str | None = None, layout: str | None = None) -> None:
        from cnncalc.network import loads
        from cnncalc.place import NOWHERE

        self.words = words
        #: The word of each line of the text.
        self._words: dict[int, str] = {}
        self.network: Network = loads(self._text(words, layout, fit))
        for source in self.network.inputs:
            # No file states this input: the layout is an option.
            source.location = NOWHERE
        if not self.network.layers and not self.network.problems:
            raise WordsError("repeat=0 leaves no layer to compute")

    @property
    def node(self) -> Node:
        return self.network.layers[0]

    def _text(self, words: Words, layout: str | None, fit: str | None) -> str:
        head, join = _inputs(words)
        lines = [f"input: {head}"]
        self._words[1] = words.input_word
        if layout is not None:
            lines.append(f"layout: {layout}")
        lines.append("layers:")
        lead = "  - "
        for key, value, word in words.pairs:
            text = "" if value is None else _value(value, word)
            if join and key == words.kind:
                text = join
            lines.append(f"{lead}{json.dumps(key)}: {text}")
            self._words[len(lines)] = word
            lead = "    "
        if words.kind and not any(key == "name" for key, _, _ in words.pairs):
            lines.append(f"    name: {words.kind}")
        if words.kind and fit is not None and not any(key == "fit" for key, _, _ in words.pairs):
            # As the row's own: a file's ceil is for pools alone.
            lines.append(f"    fit: {fit}")
        return "\n".join(lines) + "\n"

    def reworded(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return the problems, each with its word in place of file and line."""
        from cnncalc.problem import Location

        found = []
        for problem in problems:
            word = self._words.get(problem.location.line)
            # The user has typed words, not lines.
            message = re.sub(r", first on line [0-9]+|, or begin a row of its own with a dash.*", "", problem.message)
            message = re.sub(r"(?<=write )\{(\w+): null\}, or - \1 alone$", r"\1", message)
            message = re.sub(r"(?<=write )(?:input: )?\{(.+)\}$", lambda row: _as_words(row[1]), message)
            found.append(problem._replace(file=word, location=Location(), fixes=(), message=message))
        return found


def _as_words(row: str) -> str:
    """The inside of a row in braces as words: `conv: 6, kernel_size: 3` → `conv=6 kernel_size=3`."""
    return re.sub(r"(\w+): ", r"\1=", re.sub(r", (?=\w+: )", " ", row)).replace(", ", ",")


def _inputs(words: Words) -> tuple[str, str]:
    """Return the `input` of the text. The value of a join is the shapes of its other inputs, which become inputs too."""
    first = _value(words.input_word, words.input_word, quoted=not words.input_word.startswith("{"))
    if words.layer is None or not issubclass(words.layer, Join):
        return first, ""
    others = next((value for key, value, _ in words.pairs if key == words.kind and value), None)
    if others is None:
        raise WordsError(f"{words.kind} joins INPUT with other shapes; write {words.kind}={words.input_word}")
    shapes = [first]
    for shape in others.strip("[]").split(","):
        try:
            shapes.append(str(values.shape(shape.strip())))
        except LayerError as error:
            raise WordsError(f"{words.kind}={others}: {error}") from None
    names = [chr(ord("a") + i) for i in range(min(len(shapes), 26))]
    inputs = ", ".join(f"{name}: {shape}" for name, shape in zip(names, shapes, strict=False))
    return f"{{{inputs}}}", f"[{', '.join(names)}]"


def _value(text: str, word: str, *, quoted: bool = True) -> str:
    """A value as YAML that says the same and nothing else: words in quotes, lists and maps in brackets."""
    from cnncalc.language.compose import compose
    from cnncalc.problem import SpecError

    try:
        node = compose(text, None, [])
    except SpecError as error:
        raise WordsError(f"{word} cannot be read: {error.problems[0].message}") from None
    return "" if node is None else _flow(node) if quoted else text


def _flow(node: YamlNode) -> str:
    from cnncalc.language.source import Scalar, Sequence

    if isinstance(node, Scalar):
        return "~" if node.null else json.dumps(node.text, ensure_ascii=False)
    if isinstance(node, Sequence):
        return f"[{', '.join(map(_flow, node.items))}]"
    return "{" + ", ".join(f"{json.dumps(key)}: {_flow(value)}" for key, (_, value) in node.pairs.items()) + "}"


def read(texts: Sequence[str]) -> Words:
    """The words, if they name an input and a kind. Raises WordsError."""
    words = Words(texts)
    letters = [word for key, _, word in words.pairs if key == "N"]
    if letters:
        size = letters[0].partition("=")[2] or "32"
        raise WordsError(f"{letters[0]}: N is the size of the input; write the whole shape, as {size}x{size}x3")
    if not words.input_word:
        raise WordsError("the input is missing: a shape such as 32x32x3, or tokens=56 vocabulary=20000")
    if not words.pairs:
        raise WordsError(f"the layer is missing: {words.input_word} conv=10 kernel_size=5")
    if words.kind is None and all(key in _FIELDS for key, _, _ in words.pairs):
        raise WordsError(
            f"the kind of layer is missing, such as conv=10 or maxpool=2: {words.input_word} conv=10 {' '.join(texts[1:])}"
        )
    grouped = next((word for key, _, word in words.pairs if key in ("block", "branches")), None)
    if grouped:
        raise WordsError(f"{grouped}: this command is about one layer; blocks and branches stand in files")
    return words


def complete(incomplete: str) -> list[str]:
    """Return kinds and fields that begin with the word."""
    fields = {name for kind in KINDS.values() for name, o in kind.options.items() if not o.main}
    plain = {name for name, kind in KINDS.items() if kind.main is None or not kind.main.required}
    words = [name for name in KINDS if name in plain] + [f"{name}=" for name, kind in KINDS.items() if kind.main is not None]
    words += [f"{name}=" for name in sorted(fields)]
    return [word for word in dict.fromkeys(words) if word.startswith(incomplete)]


def complete_field(incomplete: str) -> list[str]:
    """Return fields of any kind that begin with the word."""
    fields = dict.fromkeys(name for kind in KINDS.values() for name in kind.options)
    return [name for name in fields if name.startswith(incomplete)]
