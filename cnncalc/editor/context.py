"""The context of the cursor, found from the lines without a parser, because the text may not be YAML yet."""

from __future__ import annotations

import re
from typing import NamedTuple

from cnncalc.editor.positions import Positions

#: Lines of one entry in brackets that are read back from the cursor.
_LINES = 60
_COMMENT = re.compile(r"(?:^|\s)#(?=[^\"']*$)")
_IGNORE = re.compile(r"#\s*cnncalc:\s*ignore\[(?:[^\]]*,)?\s*([\w-]*)$")
_EXPRESSION = re.compile(r"\$\{(?:[^}]*[^\w}])?(\w*)$")
_KEY = re.compile(r"([\w.-]+|\"[^\"]*\"|'[^']*')\s*:(?:\s+|$)")
_WORD = re.compile(r"[\w.*-]*$")


class CursorContext(NamedTuple):
    """The context of the cursor.

    `place` is `kind` (the beginning of a row), `field` (a key of a row), `value` (behind a key of a row), `key` (a key of another
    map), `word` (behind another key), `expression` (inside ${…}), `ignore` (a comment), or `nothing`. `path` has the keys around
    it, the outermost first; `row` the keys of the row that are written, with the words behind them.
    """

    place: str
    word: str = ""
    key: str = ""
    path: tuple[str, ...] = ()
    row: tuple[tuple[str, str], ...] = ()
    in_braces: bool = False


def context(positions: Positions, offset: int) -> CursorContext:
    """Return the context of an offset."""
    line = positions.line_at(offset)
    before = positions.text[positions.line_start(line) : offset]
    ignore = _IGNORE.search(before)
    if ignore is not None:
        return CursorContext("ignore", ignore[1])
    if _COMMENT.search(before):
        return CursorContext("nothing")
    ancestors, siblings, indent = _around(positions, line, before)
    expression = _EXPRESSION.search(before)
    if expression is not None:
        return CursorContext("expression", expression[1], path=ancestors)
    opened, entry = _brackets(positions, line, offset)
    if opened:
        return _in_brackets(entry, opened, ancestors)
    return _in_lines(before.strip() if not before.lstrip().startswith("-") else before.lstrip(), ancestors, siblings, indent)


def _lines_up(positions: Positions, line: int) -> list[tuple[int, str]]:
    """The lines above, nearest first, without blank ones and comments: indent and content."""
    found = []
    for number in range(line - 1, -1, -1):
        text = positions.text[positions.line_start(number) : positions.line_end(number)]
        content = text.strip()
        if content and not content.startswith("#"):
            found.append((len(text) - len(text.lstrip()), content))
    return found


def _dash(content: str) -> tuple[int, str]:
    """How far the content of a list item is from its dash, and that content; 0 if the line is no list item."""
    match = re.match(r"-(?:\s+|$)", content)
    return (match.end() if match is not None else 0, content[match.end() :] if match is not None else content)


def _around(positions: Positions, line: int, before: str) -> tuple[tuple[str, ...], list[tuple[str, str]], int]:
    """The keys around a line by indentation, outermost first, with `-` for list items; the keys beside it; its indent."""
    indent = len(before) - len(before.lstrip())
    found: list[str] = []
    siblings: list[tuple[str, str]] = []
    limit = indent
    skip, _ = _dash(before.lstrip())
    beside = not skip
    #: The indent of the innermost dashes: list items there are neighbours.
    dashes = -1
    if skip:
        found.append("-")
        dashes = indent
        # The list's key may stand at the same indent as its dashes.
        limit = indent + 1
    for above, content in _lines_up(positions, line):
        if above > limit or (above == limit and not beside and not skip):
            continue
        skip_above, rest = _dash(content)
        key = _KEY.match(rest)
        if skip_above:
            if above >= limit or above == dashes:
                continue
            inner = above + skip_above
            if beside and inner == indent:
                if key is not None:
                    siblings.append((key[1], rest[key.end() :].strip()))
            elif key is not None:
                found.append(key[1].strip("\"'"))
            found.append("-")
            limit, beside, dashes = above + 1, False, above
        elif key is not None:
            if above < limit:
                found.append(key[1].strip("\"'"))
                limit, beside, dashes = above, False, -1
            elif beside:
                siblings.append((key[1], rest[key.end() :].strip()))
        if limit == 0:
            break
    return tuple(reversed(found)), siblings[::-1], indent


def _brackets(positions: Positions, line: int, offset: int) -> tuple[list[int], str]:
    """The offsets, within the entry before the cursor, of the brackets that are open; and that entry's text."""
    first = line
    for number in range(line, max(-1, line - _LINES), -1):
        first = number
        content = positions.text[positions.line_start(number) : positions.line_end(number)]
        if re.match(r"\s*(-\s|-$)", content) or re.match(r"[\w-]+\s*:", content):
            break
    entry = positions.text[positions.line_start(first) : offset]
    opened: list[int] = []
    quote = ""
    for at, char in enumerate(entry):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and re.search(r"[\[{,:\s]\s*$", entry[:at] or " "):
            quote = char
        elif char in "[{":
            opened.append(at)
        elif char in "]}" and opened:
            opened.pop()
    return opened, entry


def _split(content: str) -> list[str]:
    """The parts of a flow collection between its own commas."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(content):
        if char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(content[start:at])
            start = at + 1
    return [*parts, content[start:]]


def _last_key(text: str) -> str:
    """The key whose value begins at the end of a text."""
    match = re.search(r"([\w.-]+)\s*:\s*$", text)
    return match[1] if match is not None else ""


def _in_brackets(entry: str, opened: list[int], ancestors: tuple[str, ...]) -> CursorContext:
    innermost = opened[-1]
    outside = entry[:innermost].rstrip()
    content = entry[innermost + 1 :]
    keys = [*ancestors]
    # A key on the entry's own line is one of the keys around.
    for at in opened[:-1]:
        key = _last_key(entry[:at])
        if key:
            keys.append(key)
    owner = _last_key(outside)
    rows = _holds_rows(tuple(keys), owner, entry, opened)
    if entry[innermost] == "[":
        word = _WORD.search(content)[0]  # type: ignore[index]  # it matches the empty text
        if rows:
            return CursorContext("kind", word, path=tuple(keys))
        return _listed(word, owner, tuple(keys), entry, opened)
    parts = _split(content)
    pairs = []
    for part in parts[:-1]:
        key, colon, value = part.partition(":")
        pairs.append((key.strip().strip("\"'"), value.strip() if colon else ""))
    key, colon, value = parts[-1].partition(":")
    if rows:
        if colon:
            return CursorContext("value", value.strip(), key.strip(), tuple(keys), tuple(pairs), in_braces=True)
        place = "field" if pairs else "kind"
        return CursorContext(place, key.strip(), path=tuple(keys), row=tuple(pairs), in_braces=True)
    path = (*keys, owner) if owner else tuple(keys)
    if colon:
        return CursorContext("word", value.strip(), key.strip(), path, tuple(pairs), in_braces=True)
    return CursorContext("key", key.strip(), path=path, row=tuple(pairs), in_braces=True)


def _holds_rows(keys: tuple[str, ...], owner: str, entry: str, opened: list[int]) -> bool:
    """Whether the innermost bracket is a row, or a list of rows."""
    innermost = opened[-1]
    before = entry[:innermost].rstrip()
    if entry[innermost] == "{":
        if re.search(r"(^|\s)-$", before):
            return not keys or keys[-1] == "-" or keys[-2:-1] != ("ignore",)
        return (
            len(opened) > 1 and entry[opened[-2]] == "[" and _holds_rows(keys[:-1] if owner else keys, owner, entry, opened[:-1])
        )
    key = _last_key(before)
    return key == "layers" or (bool(keys) and keys[-1] == "branches" and bool(key)) or "branches" in keys[-2:]


def _listed(word: str, owner: str, keys: tuple[str, ...], entry: str, opened: list[int]) -> CursorContext:
    """A word inside a list in brackets: of a row's field, or of another key."""
    if len(opened) > 1 and entry[opened[-2]] == "{" and _holds_rows(keys[:-1], "", entry, opened[:-1]):
        parts = _split(entry[opened[-2] + 1 : opened[-1]])
        pairs = [(p.partition(":")[0].strip(), p.partition(":")[2].strip()) for p in parts[:-1]]
        return CursorContext("value", word, owner, keys, tuple(pairs), in_braces=True)
    if keys and keys[-1] == "-":
        return CursorContext("value", word, owner, keys)
    return CursorContext("word", word, owner, keys)


def _in_lines(content: str, ancestors: tuple[str, ...], siblings: list[tuple[str, str]], indent: int) -> CursorContext:
    skip, rest = _dash(content)
    rest = rest.lstrip()
    key = _KEY.match(rest)
    word = _WORD.search(rest)[0]  # type: ignore[index]  # it matches the empty text
    in_row = _rows_of(ancestors)
    if skip:
        if in_row:
            return (
                CursorContext("value", word, key[1], ancestors)
                if key is not None
                else CursorContext("kind", word, path=ancestors)
            )
        owner = ancestors[-2] if len(ancestors) > 1 else ""
        return CursorContext("word", word, owner, ancestors[:-1])
    if ancestors and ancestors[-1] == "-" and _rows_of(ancestors):
        if key is not None:
            return CursorContext("value", word, key[1], ancestors, tuple(siblings))
        return CursorContext("field", word, path=ancestors, row=tuple(siblings))
    if key is not None:
        return CursorContext("word", word, key[1], ancestors, tuple(siblings))
    if indent == 0 and ancestors:
        ancestors = ()
    return CursorContext("key", word, path=ancestors, row=tuple(siblings))


def _rows_of(path: tuple[str, ...]) -> bool:
    """Whether a list item at the end of a path is a row."""
    if not path or path[-1] != "-":
        return False
    keys = path[:-1]
    return keys[-1:] == ("layers",) or keys[-2:-1] == ("branches",)
