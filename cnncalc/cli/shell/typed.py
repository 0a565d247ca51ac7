"""Parse typed text as a row or a key, and join lines that belong to one row."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncalc.language.compose import compose
from cnncalc.language.document import TOP_KEYS
from cnncalc.language.source import Mapping, Scalar, YamlNode
from cnncalc.layers import KINDS, Layer
from cnncalc.problem import SpecError
from cnncalc.shape import Shape
from cnncalc.studies.single import LETTERS

if TYPE_CHECKING:
    from cnncalc.graph import Node


class Refused(Exception):
    """The line cannot be executed; nothing has changed."""


#: A change of a layer's field without the command: `conv1.stride=2`, `*.bias: false`.
_CHANGE = re.compile(r"([\w*?-]+(?:\.[\w*?-]+)+)\s*[:=]\s*(\S+)")


def read(line: str) -> YamlNode:
    """Parse a line as a YAML word or map; the braces of a map may be left out. Raises Refused."""
    change = _CHANGE.fullmatch(line.strip())
    if change is not None:
        raise Refused(f"did you mean set {change[1]}={change[2]}?")
    try:
        node = compose(row(line), None, [])
    except SpecError as error:
        raise Refused(error.problems[0].message) from None
    if isinstance(node, Scalar) and " " in node.text:
        from cnncalc.language.calls import row_of

        word, *rest = node.text.replace(",", " ").split()
        if word in TOP_KEYS and word not in KINDS:
            raise Refused(f"{word} needs a colon; did you mean {word}: {' '.join(rest)}?")
        if word in KINDS:
            fault = "needs a colon" if KINDS[word].options else "takes no value"
            raise Refused(f"{word} {fault}; {_suggestion(KINDS[word], rest)}")
        code = row_of(node.text)
        if code is not None:
            raise Refused(f"{node.text} is code of another tool; write {code}")
        raise Refused(f"{node.text} is neither a row nor a command; `help` lists the commands")
    if not isinstance(node, (Scalar, Mapping)):
        raise Refused("a row is a word such as relu, or a map such as conv: 64, kernel_size: 3")
    return node


def _suggestion(kind: type[Layer], words: list[str]) -> str:
    """Suggest the row that was probably meant if `kind` can read it, else an example row."""
    from cnncalc.language.colons import pairs_meant
    from cnncalc.language.suggest import usage

    pairs = pairs_meant(kind, words)
    if pairs is not None:
        return f"did you mean {', '.join(f'{name}: {value}' for name, value in pairs.items()) or kind.kind}?"
    return f"write {usage(kind, {}).strip('{}') if kind.options else kind.kind}"


def row(line: str) -> str:
    """The line as a YAML row without its dash: `conv: 8, stride: 2` gets braces; several lines stay unchanged."""
    line = re.sub(r"^-\s+", "", line.strip())
    if "\n" in line or line.startswith("{") or not re.search(r":(\s|$)", line):
        return line
    return f"{{{line}}}"


def top_key(node: YamlNode) -> str | None:
    """The top-level key that a line sets; None if the line is a row."""
    if isinstance(node, Mapping) and not any(key in KINDS or key in ("block", "branches") for key in node.pairs):
        key = next(iter(node.pairs), "")
        if key in TOP_KEYS or key.startswith("x-"):
            return key
    return None


_OPEN = re.compile(r"(x-[\w-]+|\w+):\s*([>|][+-]?)?\s*(#.*)?$")


class LineJoiner:
    """Joins lines of a pasted or piped file: a row or key with the indented lines below it. `layers:` alone is dropped."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def feed(self, line: str) -> Iterator[str]:
        """Take the next line, and yield the rows or keys that are complete."""
        line = line.rstrip("\r\n")
        if self._open and self._continues(line):
            self._open.append(line)
            return
        yield from self.flush()
        stripped = line.strip()
        key = _OPEN.match(stripped)
        if key is not None and key[1] == "layers":
            return
        if stripped.startswith("- ") or stripped == "-" or (key is not None and _is_key(key[1])):
            self._open = [line]
        else:
            yield line

    def flush(self) -> Iterator[str]:
        """Yield the last row or key at the end of the input."""
        if self._open:
            lines, self._open = self._open, []
            yield _joined(lines)

    def _continues(self, line: str) -> bool:
        if not line.strip():
            return True
        first = self._open[0]
        indent = len(line) - len(line.lstrip())
        start = len(first) - len(first.lstrip())
        # A list under a key need not be indented.
        return indent > start or (not first.lstrip().startswith("-") and indent == start and line.lstrip().startswith("- "))


def _is_key(word: str) -> bool:
    return word in TOP_KEYS or word.startswith("x-")


def _joined(lines: list[str]) -> str:
    """Join lines and remove their indentation, and the dash of a row with it."""
    while not lines[-1].strip():
        lines.pop()
    first = lines[0].lstrip()
    edge = len(lines[0]) - len(first)
    if first.startswith("-"):
        inner = first[1:].lstrip()
        edge += len(first) - len(inner)
        first = inner
    rest = [line[min(edge, len(line) - len(line.lstrip())) :] for line in lines[1:]]
    if not first:
        # The dash is on a line of its own.
        import textwrap

        return textwrap.dedent("\n".join(rest)).strip("\n")
    return "\n".join([first, *rest])


def split(text: str) -> list[str]:
    """Words as in a shell, quotes included. Raises Refused."""
    try:
        return shlex.split(text)
    except ValueError:
        raise Refused("a quote is not closed") from None


def open_words(node: Node, layout: str, given: Sequence[str]) -> list[str]:
    """A layer of the network as words of `solve`: its window, stride and padding are open unless `given` words have them.

    Raises Refused if its input is not known.
    """
    from cnncalc.studies.solve import USUAL

    flow = node.inputs[0].flow if node.inputs else None
    if flow is None:
        raise Refused(f"the input of {node.name} is not known; fix the problems first")
    main = node.layer.main.name if node.layer.main is not None else ""
    written = {LETTERS.get(key, key) for key, equals, _ in (word.partition("=") for word in given) if equals}
    words = [flow.text(layout)] if isinstance(flow, Shape) else [f"tokens={flow.length}", f"vocabulary={flow.vocabulary}"]
    for key, value in node.layer.written(layout).items():
        name = main if key == node.kind else key
        if key == node.kind and (not value or name in USUAL or name in written):
            words.append(key)
        elif name not in USUAL and name not in written:
            words.append(f"{key}={value}")
    return [*words, *given]
