"""Nodes of YAML with positions, built from a parser's events; nothing is constructed from a tag."""

from __future__ import annotations

from typing import Any, Union

import yaml

from cnncalc.problem import Location, Problem, SpecError
from cnncalc.values import Map, Value

MAX_DEPTH = 100
#: The largest number of items in a list or map, as many as a network may have rows.
MAX_ITEMS = 200_000
#: The number of nodes that aliases may add.
MAX_ALIASED = 200_000
TOO_DEEP = f"the text is nested more than {MAX_DEPTH} levels deep"

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar:
    """A word as written. `null`: a plain scalar that means null."""

    __slots__ = ("column", "end_column", "end_line", "line", "null", "text", "weight")

    def __init__(self, text: str, plain: bool, start: Any, end: Any) -> None:
        self.text = text
        self.null = plain and text in _NULLS
        self.line = start.line + 1
        self.column = start.column + 1
        self.end_line = end.line + 1
        self.end_column = end.column + 1
        self.weight = 1

    def extend(self, other: Scalar) -> None:
        """Add the text of the word behind a comma: YAML splits `(3, 3)` in braces."""
        self.text += ("," if (other.line, other.column) == (self.end_line, self.end_column + 1) else ", ") + other.text
        self.end_line, self.end_column = other.end_line, other.end_column


def _is_open(word: Scalar) -> bool:
    """Return whether `word` begins a tuple of another language that has not ended."""
    return word.text.startswith("(") and not word.text.endswith(")")


def _joins(parent: Mapping, key: Scalar) -> bool:
    """Add a key without a value to the value before it if it is the rest of a tuple or a list: `(3, 3)`, `3,3`."""
    last = next(reversed(parent.pairs.values()), (None, None))[1]
    if not isinstance(last, Scalar) or last.null:
        return False
    number = key.text.removeprefix("-").isdecimal() and last.text[-1:].isdecimal()
    if not (number or (_is_open(last) and key.text)):
        return False
    last.extend(key)
    return True


class _Collection:
    """A list or a map, with its end. `flow`: it is written in brackets or braces."""

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
    """A map whose keys are words; merged keys come after its own."""

    __slots__ = ("again", "pairs")

    def __init__(self, flow: bool, start: Any) -> None:
        super().__init__(flow, start)
        #: Whether its first key is written again, as if a second map began.
        self.again = False
        self.pairs: dict[str, tuple[Scalar, YamlNode]] = {}

    def get(self, key: str) -> YamlNode | None:
        pair = self.pairs.get(key)
        return pair[1] if pair else None


YamlNode = Union[Scalar, Sequence, Mapping]


def location(node: YamlNode) -> Location:
    """Return the location of a node."""
    return Location(node.line, node.column, node.end_line, node.end_column)


def last_line(node: YamlNode) -> int:
    """Return the line of a node's last word or bracket; libyaml's own end of a block is the start of the next node."""
    if isinstance(node, Scalar) or node.flow:
        return int(node.end_line)
    inside: list[YamlNode] = node.items if isinstance(node, Sequence) else [n for pair in node.pairs.values() for n in pair]
    # Merged and aliased nodes are written in another place.
    own = [n for n in inside if (node.line, node.column) <= (n.line, n.column) and n.line <= node.end_line]
    return max(int(node.line), *map(last_line, own)) if own else int(node.line)


def value_of(node: YamlNode) -> Value:
    """Return a node as a plain value without locations."""
    if isinstance(node, Scalar):
        return None if node.null else node.text
    if isinstance(node, Sequence):
        return tuple(value_of(item) for item in node.items)
    return Map((key, value_of(value)) for key, (_, value) in node.pairs.items())


def describe(node: YamlNode | None) -> str:
    """Return the sort of a node, for messages."""
    if node is None or (isinstance(node, Scalar) and node.null):
        return "nothing"
    return {Scalar: "a word", Sequence: "a list", Mapping: "a map"}[type(node)]


class Composer:
    """Builds nodes from events with an explicit stack, so that deep input causes no recursion."""

    def __init__(self, text: str, file: str | None, problems: list[Problem], parser: Any) -> None:
        self._next = parser(text).get_event
        self._file = file
        self._problems = problems
        self._anchors: dict[str, YamlNode] = {}
        self._aliased = 0
        #: The lists and maps that are still open, outermost first.
        self.open: list[Sequence | Mapping] = []

    def compose(self) -> YamlNode | None:
        root: YamlNode | None = None
        seen = False
        stack = self.open
        keys: list[Scalar | None] = []
        get = self._next
        # Looked up once: this loop runs for every word of a file.
        scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
        mapping_start, mapping_end = yaml.MappingStartEvent, yaml.MappingEndEvent
        sequence_start, sequence_end = yaml.SequenceStartEvent, yaml.SequenceEndEvent
        while True:
            event = get()
            kind = type(event)
            if kind is scalar_event:
                node: YamlNode = Scalar(event.value, not event.style, event.start_mark, event.end_mark)
                if event.tag is not None:
                    self._tagged(event)
            elif kind is mapping_end or kind is sequence_end:
                done = stack.pop()
                keys.pop()
                done.end_line, done.end_column = event.end_mark.line + 1, event.end_mark.column + 1
                if isinstance(done, Mapping) and "<<" in done.pairs:
                    self._merge(done)
                if stack:
                    stack[-1].weight += done.weight
                continue
            elif kind is mapping_start:
                node = Mapping(bool(event.flow_style), event.start_mark)
                self._tagged(event)
            elif kind is sequence_start:
                node = Sequence(bool(event.flow_style), event.start_mark)
                self._tagged(event)
            elif kind is alias_event:
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
            if event.anchor is not None and kind is not alias_event:
                self._anchors[event.anchor] = node
            if not stack:
                root = node
            else:
                self._attach(stack[-1], keys, node, event)
            if kind is mapping_start or kind is sequence_start:
                if len(stack) >= MAX_DEPTH:
                    raise self._fault("limit", event, TOO_DEEP)
                stack.append(node)  # type: ignore[arg-type]  # the event says which it is
                keys.append(None)
        if isinstance(root, Scalar) and root.null:
            return None
        return root

    def _attach(self, parent: Sequence | Mapping, keys: list[Scalar | None], node: YamlNode, event: Any) -> None:
        """Add a node to the innermost open list or map."""
        if isinstance(parent, Sequence):
            if len(parent.items) >= MAX_ITEMS:
                raise self._fault("limit", event, f"a list has at most {MAX_ITEMS:,} items")
            if parent.flow and parent.items and isinstance(node, Scalar) and node.text.endswith(")"):
                last = parent.items[-1]
                if isinstance(last, Scalar) and _is_open(last):
                    last.extend(node)
                    return
            parent.items.append(node)
        else:
            key = keys[-1]
            if key is None:
                if not isinstance(node, Scalar):
                    raise self._fault("yaml", event, "a key of a map is a word, not a list or a map")
                keys[-1] = node
                return
            keys[-1] = None
            if parent.flow and isinstance(node, Scalar) and node.null and _joins(parent, key):
                return
            first = parent.pairs.get(key.text)
            if first is None:
                parent.pairs[key.text] = (key, node)
            else:
                if not parent.flow and parent.again:
                    # The keys of a second row, whose first key has been reported.
                    return
                message = f"{key.text} is written twice, first on line {first[0].line}; keep one"
                if (
                    not parent.flow
                    and len(parent.pairs) > 1
                    and key.text == next(iter(parent.pairs))
                    and key.line > first[0].line
                ):
                    parent.again = True
                    message += f", or begin a row of its own with a dash: - {key.text}"
                self._problems.append(Problem("duplicate-key", "error", self._file, location(key), None, message))
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
        """Add the pairs of `<<` to a map; the map's own pairs win."""
        _, value = node.pairs.pop("<<")
        for source in value.items if isinstance(value, Sequence) else [value]:
            if isinstance(source, Mapping):
                for name, pair in source.pairs.items():
                    node.pairs.setdefault(name, pair)
            else:
                message = f"<< merges a map or a list of maps, not {describe(source)}"
                self._problems.append(Problem("yaml", "error", self._file, location(source), None, message))

    def _tagged(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise self._fault("yaml", event, f"the tag {tag} means nothing here; leave it out")

    def _fault(self, rule: str, event: Any, message: str) -> SpecError:
        mark = event.start_mark
        at = Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
        return SpecError([*self._problems, Problem(rule, "error", self._file, at, None, message)])
