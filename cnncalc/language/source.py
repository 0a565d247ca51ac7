"""Bytes → text → nodes with positions. YAML is read through libyaml's events; nothing is constructed from a tag."""

from __future__ import annotations

import re
import sys
from typing import Any, Union

import yaml

from cnncalc.problem import Location, Problem, SpecError
from cnncalc.values import Map, Value

MAX_BYTES = 10 * 2**20
MAX_DEPTH = 100
#: As many as a network may have rows.
MAX_ITEMS = 200_000
#: How many nodes aliases may add to those that are written out.
MAX_ALIASED = 200_000

#: libyaml's parser, many times faster; PyYAML's own where it was built without.
_Parser: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else yaml.SafeLoader  # type: ignore[attr-defined]  # not in its stubs
_SURROGATE = re.compile("[\ud800-\udfff]")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar:
    """A word as written. `null` where it is plain and says nothing."""

    __slots__ = ("column", "end_column", "end_line", "line", "null", "text", "weight")

    def __init__(self, text: str, plain: bool, start: Any, end: Any) -> None:
        self.text = text
        self.null = plain and text in _NULLS
        self.line = start.line + 1
        self.column = start.column + 1
        self.end_line = end.line + 1
        self.end_column = end.column + 1
        self.weight = 1


class _Collection:
    """A list or a map: it ends where it is closed. `flow` where it stands in brackets."""

    __slots__ = ("column", "end_column", "end_line", "flow", "line", "weight")

    def __init__(self, flow: bool, start: Any) -> None:
        self.flow = flow
        self.line = start.line + 1
        self.column = start.column + 1
        self.end_line = self.line
        self.end_column = self.column
        self.weight = 1


class Sequence(_Collection):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, flow: bool, start: Any) -> None:
        super().__init__(flow, start)
        self.items: list[YamlNode] = []


class Mapping(_Collection):
    """A map whose keys are words; merged keys stand behind its own."""

    __slots__ = ("pairs",)

    def __init__(self, flow: bool, start: Any) -> None:
        super().__init__(flow, start)
        self.pairs: dict[str, tuple[Scalar, YamlNode]] = {}

    def get(self, key: str) -> YamlNode | None:
        pair = self.pairs.get(key)
        return pair[1] if pair else None


YamlNode = Union[Scalar, Sequence, Mapping]


def location(node: YamlNode) -> Location:
    """Where a node stands."""
    return Location(node.line, node.column, node.end_line, node.end_column)


def value_of(node: YamlNode) -> Value:
    """A node as a plain value, without its place."""
    if isinstance(node, Scalar):
        return None if node.null else node.text
    if isinstance(node, Sequence):
        return tuple(value_of(item) for item in node.items)
    return Map((key, value_of(value)) for key, (_, value) in node.pairs.items())


def describe(node: YamlNode | None) -> str:
    """What sort of node it is, for messages."""
    if node is None or (isinstance(node, Scalar) and node.null):
        return "nothing"
    return {Scalar: "a word", Sequence: "a list", Mapping: "a map"}[type(node)]


def read(file: str) -> bytes:
    """The bytes of a file, `-` is standard input; at most one more than a spec may have. Raises SpecError."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(file, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        said = {
            FileNotFoundError: "there is no such file",
            IsADirectoryError: "this is a folder, not a file; cnncalc check goes through folders",
            PermissionError: "the file may not be read",
        }
        raise _error("file", file, Location(), said.get(type(error)) or error.strerror or str(error)) from None
    except ValueError:
        raise _error("file", file, Location(), "this cannot be the name of a file") from None


def decode(data: bytes, file: str | None) -> str:
    """The text of a file. Raises SpecError where it is not UTF-8 text of at most 10 MiB."""
    if len(data) > MAX_BYTES:
        raise _error("limit", file, Location(), "a spec is at most 10 MiB, and this file is larger")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _error("file", file, Location(1, 1, 1, 1), "the text is UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        at = _place(before)
        if b"\x00" in data[:4096]:
            raise _error("file", file, Location(1, 1, 1, 1), "this is a binary file, not UTF-8 text") from None
        raise _error("file", file, at, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8") from None
    if "\x00" in text:
        raise _error("file", file, _place(text[: text.index("\x00")]), "this is a binary file, not UTF-8 text")
    return text


def compose(text: str, file: str | None, problems: list[Problem]) -> YamlNode | None:
    """The document as nodes, None for an empty one. Duplicate keys are added to `problems`; what is not YAML raises SpecError."""
    half = None if text.isascii() else _SURROGATE.search(text)
    if half is not None:
        raise _error("file", file, _place(text[: half.start()]), "the text has half a character (a surrogate) in it")
    composer = _Composer(text, file, problems)
    try:
        return composer.compose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2) if mark else Location(1, 1, 1, 1)
        raise _error("yaml", file, *_better(error, text, at, composer.open)) from None
    except yaml.reader.ReaderError as error:
        line = str(error.reason)
        place = error.position if isinstance(error.position, int) else 0
        before = text.encode("utf-8")[:place].decode("utf-8", "ignore")
        raise _error("yaml", file, _place(before), f"not YAML: {line}") from None


def _error(rule: str, file: str | None, at: Location, message: str) -> SpecError:
    return SpecError([Problem(rule, "error", file, at, None, message)])


def _place(before: str) -> Location:
    """Where the text after `before` begins."""
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Location(line, column, line, column + 1)


#: A network of two lines, for those who have another sort of text.
NETWORK = "a short network is `input: 32x32x3` and, on the next line, `layers: [{conv: 8, kernel_size: 3}, relu]`"
_CODE = re.compile(r"import \w|from [\w.]+ import\b|def \w+\(|class \w+ *[(:]|@\w|[\w.]+ *= *[\w({\[\"']|[\w.]+\(", re.ASCII)
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_BEGINS = re.compile(r"\s*(- |[\w-]+:(\s|$))")
_PAIRS = re.compile(r"\s*(- +)?([\w-]+: [^,]*,\s*[\w-]+:\s.*)")


def code_in(text: str) -> tuple[Location, str] | None:
    """Where a text begins as a program does and what to say of it; None for any other text."""
    for number, line in enumerate(_LINE_BREAK.split(text), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            if _CODE.match(line.lstrip()) is None:
                return None
            column = len(line) - len(line.lstrip()) + 1
            return Location(number, column, number, len(line) + 1), f"this is code, and a network is written in YAML; {NETWORK}"
    return None


def _better(error: yaml.MarkedYAMLError, text: str, at: Location, opened: list[Sequence | Mapping]) -> tuple[Location, str]:
    """Where the fault is and what to say of it; libyaml's own place and words where nothing is known better."""
    lines = _LINE_BREAK.split(text)
    found = code_in(text) or _in_brackets(error, lines, at, opened)
    if found is None and "mapping values are not allowed" in str(error.problem) and at.line <= len(lines):
        found = _without_braces(lines[at.line - 1], at.line)
    return found or (at, _syntax(error, text, at))


def _without_braces(line: str, number: int) -> tuple[Location, str] | None:
    """A row of several fields on one line, and the braces that it wants."""
    match = _PAIRS.fullmatch(line) if len(line) <= 200 else None
    if match is None:
        return None
    pairs = re.sub(r"\s+#.*", "", match[2]).rstrip()
    where = Location(number, match.start(2) + 1, number, match.start(2) + len(pairs) + 1)
    said = "not YAML: mapping values are not allowed in this context; "
    try:
        row = compose(f"{{{pairs}}}", None, [])
    except SpecError:
        return None
    if not isinstance(row, Mapping) or any(isinstance(value, Mapping) for _, value in row.pairs.values()):
        return None
    if match[1]:
        return where, f"{said}a row of several fields wants braces: - {{{pairs}}}"
    return where, f"{said}write each of {', '.join(row.pairs)} on a line of its own"


def _in_brackets(
    error: yaml.MarkedYAMLError, lines: list[str], at: Location, opened: list[Sequence | Mapping]
) -> tuple[Location, str] | None:
    """A ${…} in brackets and not in quotes, or a bracket that nothing closes."""
    inner = next((node for node in reversed(opened) if node.flow), None)
    said = str(error.problem)
    if inner is None or "expected" not in said or not ("','" in said or "node content" in said):
        return None
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    begin = at.column - 2
    end = line.find("}", begin) + 1
    if begin >= 0 and line.startswith("${", begin) and end:
        expression = line[begin:end]
        where = Location(at.line, begin + 1, at.line, end + 1)
        return where, f'not YAML: a ${{…}} inside brackets wants quotes, as in {{conv: "{expression}"}}'
    place = _unclosed(lines, inner)
    if place is None:
        return None
    number, column = place
    bracket = lines[number - 1][column - 1]
    where = Location(number, column, number, column + 1)
    return where, f"not YAML: this {bracket} is never closed; write {'}' if bracket == '{' else ']'} where its content ends"


def _unclosed(lines: list[str], node: Sequence | Mapping) -> tuple[int, int] | None:
    """The bracket, from `node`'s on, that is still open where another sort is closed, or where the next row or key begins."""
    first = lines[node.line - 1]
    indent = len(first) - len(first.lstrip())
    in_block = _BEGINS.match(first[: node.column - 1]) is not None
    still: list[tuple[int, int]] = []
    quote, last = "", ""
    for number in range(node.line, len(lines) + 1):
        line = lines[number - 1]
        column = node.column - 1 if number == node.line else 0
        if number > node.line and in_block and not quote and _BEGINS.match(line) and len(line) - len(line.lstrip()) <= indent:
            break
        while column < len(line):
            char = line[column]
            if quote:
                column += char == "\\" and quote == '"'
                quote = "" if char == quote else quote
            elif char in "\"'" and last in ("{", "[", ",", ":", char):
                quote = char
            elif char == "#" and line[column - 1 : column] in ("", " ", "\t"):
                break
            elif char in "{[":
                still.append((number, column + 1))
            elif char in "}]" and still:
                opening = lines[still[-1][0] - 1][still[-1][1] - 1]
                if opening + char not in ("{}", "[]"):
                    return still[-1]
                still.pop()
                if not still:
                    return None
            last = last if char.isspace() else char
            column += 1
    return still[-1] if still else None


def _syntax(error: yaml.MarkedYAMLError, text: str, at: Location) -> str:
    """Libyaml's complaint as a sentence that says what would be right."""
    said = str(error.problem or "it cannot be read")
    lines = text.splitlines()
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or ("\\t" in said and "token" in said):
        return "a tab indents this line; YAML wants spaces"
    if "undefined alias" in said:
        return f"{said}; an anchor &name must stand before its alias *name"
    context = f" ({error.context})" if error.context else ""
    hint = ""
    if "mapping values are not allowed" in said:
        hint = "; a value with ': ' in it wants quotes, and rows of a list want the same indent"
    elif "did not find expected" in said and "," in said:
        hint = "; is a bracket or a comma missing?"
    elif "did not find expected key" in said or "did not find expected '-'" in said:
        hint = "; is the indent the same as in the line above?"
    elif "cannot start any token" in said:
        hint = "; put the word in quotes"
    return f"not YAML: {said}{context}{hint}"


class _Composer:
    """Builds nodes from events, with a stack of its own: nothing here recurses with the input."""

    def __init__(self, text: str, file: str | None, problems: list[Problem]) -> None:
        self._next = _Parser(text).get_event
        self._file = file
        self._problems = problems
        self._anchors: dict[str, YamlNode] = {}
        self._aliased = 0
        #: The lists and maps that are not closed yet, outermost first.
        self.open: list[Sequence | Mapping] = []

    def compose(self) -> YamlNode | None:
        root: YamlNode | None = None
        seen = False
        stack = self.open
        keys: list[Scalar | None] = []
        get = self._next
        while True:
            event = get()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                node: YamlNode = Scalar(event.value, event.style is None or event.style == "", event.start_mark, event.end_mark)
                self._tagged(event)
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                done = stack.pop()
                keys.pop()
                done.end_line, done.end_column = event.end_mark.line + 1, event.end_mark.column + 1
                if isinstance(done, Mapping) and "<<" in done.pairs:
                    self._merge(done)
                if stack:
                    stack[-1].weight += done.weight
                continue
            elif kind is yaml.MappingStartEvent:
                node = Mapping(bool(event.flow_style), event.start_mark)
                self._tagged(event)
            elif kind is yaml.SequenceStartEvent:
                node = Sequence(bool(event.flow_style), event.start_mark)
                self._tagged(event)
            elif kind is yaml.AliasEvent:
                node = self._alias(event, stack)
            elif kind is yaml.DocumentStartEvent:
                if seen:
                    raise self._fault("yaml", event, "a second document begins here; a file holds one network")
                seen = True
                continue
            elif kind is yaml.StreamEndEvent:
                break
            else:
                continue
            if event.anchor is not None and kind is not yaml.AliasEvent:
                self._anchors[event.anchor] = node
            if not stack:
                root = node
            else:
                self._attach(stack[-1], keys, node, event)
            if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if len(stack) >= MAX_DEPTH:
                    raise self._fault("limit", event, f"the text is nested more than {MAX_DEPTH} levels deep")
                stack.append(node)  # type: ignore[arg-type]  # the event says which it is
                keys.append(None)
        if isinstance(root, Scalar) and root.null:
            return None
        return root

    def _attach(self, parent: Sequence | Mapping, keys: list[Scalar | None], node: YamlNode, event: Any) -> None:
        """Puts a node into the innermost open list or map."""
        if isinstance(parent, Sequence):
            if len(parent.items) >= MAX_ITEMS:
                raise self._fault("limit", event, f"a list has at most {MAX_ITEMS:,} items")
            parent.items.append(node)
        else:
            key = keys[-1]
            if key is None:
                if not isinstance(node, Scalar):
                    raise self._fault("yaml", event, "a key of a map is a word, not a list or a map")
                keys[-1] = node
                return
            keys[-1] = None
            first = parent.pairs.get(key.text)
            if first is None:
                parent.pairs[key.text] = (key, node)
            else:
                said = f"{key.text} is written twice, first on line {first[0].line}; keep one"
                self._problems.append(Problem("duplicate-key", "error", self._file, location(key), None, said))
        if isinstance(node, Scalar):
            parent.weight += 1

    def _alias(self, event: Any, stack: list[Sequence | Mapping]) -> YamlNode:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._fault("yaml", event, f"the anchor &{event.anchor} is not defined before its alias *{event.anchor}")
        if any(node is parent for parent in stack):
            raise self._fault("yaml", event, f"the anchor &{event.anchor} contains itself")
        self._aliased += node.weight
        if self._aliased > MAX_ALIASED:
            raise self._fault("limit", event, f"aliases unfold to more than {MAX_ALIASED:,} nodes")
        if stack and not isinstance(node, Scalar):
            stack[-1].weight += node.weight
        return node

    def _merge(self, node: Mapping) -> None:
        """Puts the pairs of `<<` behind the map's own, which win."""
        _, value = node.pairs.pop("<<")
        for source in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(source, Mapping):
                for name, pair in source.pairs.items():
                    node.pairs.setdefault(name, pair)
            else:
                said = f"<< merges a map or a list of maps, not {describe(source)}"
                self._problems.append(Problem("yaml", "error", self._file, location(source), None, said))

    def _tagged(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise self._fault("yaml", event, f"the tag {tag} means nothing here; leave it out")

    def _fault(self, rule: str, event: Any, message: str) -> SpecError:
        mark = event.start_mark
        at = Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
        return SpecError([*self._problems, Problem(rule, "error", self._file, at, None, message)])
