"""Explain YAML syntax errors: where the mistake is, and what to write instead."""

from __future__ import annotations

import re

import yaml

from cnncalc.language.source import Composer, Mapping, Scalar, Sequence
from cnncalc.place import lines_of
from cnncalc.problem import Location, SpecError

#: The shortest network, shown if a text is not a network at all.
NETWORK = "a short network is `input: 32x32x3` and, on the next line, `layers: [{conv: 8, kernel_size: 3}, relu]`"
_CODE = re.compile(r"import \w|from [\w.]+ import\b|def \w+\(|class \w+ *[(:]|@\w|[\w.]+ *= *[\w({\[\"']|[\w.]+\(", re.ASCII)
_BEGINS = re.compile(r"\s*(- |[\w-]+:(\s|$))")
_PAIRS = re.compile(r"\s*(- +)?([\w-]+: [^,]*,\s*[\w-]+:\s.*)")


def code_in(text: str) -> tuple[Location, str] | None:
    """Return the place of the first line and a message if the text begins as program code does, else None."""
    for number, line in enumerate(lines_of(text), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            if _CODE.match(line.lstrip()) is None:
                return None
            column = len(line) - len(line.lstrip()) + 1
            return Location(number, column, number, len(line) + 1), f"this is code, and a network is written in YAML; {NETWORK}"
    return None


def problem_of(error: yaml.MarkedYAMLError, text: str, opened: list[Sequence | Mapping]) -> tuple[Location, str]:
    """Return where the mistake is, and the message.

    `opened` are the lists and maps that were open when parsing ended, outermost first. If nothing more exact is known, the
    place is the parser's own.
    """
    mark = error.problem_mark or error.context_mark
    if "could not find expected ':'" in str(error.problem) and error.context_mark is not None:
        mark = error.context_mark  # The key begins there; the parser notices on a later line.
    at = Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2) if mark else Location(1, 1, 1, 1)
    lines = lines_of(text)
    found = code_in(text) or _sign(lines, at) or _in_brackets(error, lines, at, opened)
    if found is None and "mapping values are not allowed" in str(error.problem) and at.line <= len(lines):
        found = _without_braces(lines[at.line - 1], at.line)
    return (
        found
        or _missing_comma(error, lines, at)
        or _indent(lines, at)
        or _unclosed_quote(error)
        or (at, _message(error, lines, at))
    )


_KEY = re.compile(r"(\s*)((?:- +)*)([\w-]+):(?:\s+(.*))?")


def _indent(lines: list[str], at: Location) -> tuple[Location, str] | None:
    """Find a key that begins in another column than the key above it, which has a value on its own line."""
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    above = next((text for text in reversed(lines[: at.line - 1]) if text.strip() and not text.lstrip().startswith("#")), "")
    key, before = _KEY.fullmatch(line), _KEY.fullmatch(above)
    if key is None or before is None or key[2] or not before[4] or before[4].lstrip()[:1] in "#&|>[{\"'":
        return None
    column = before.start(3) + 1
    if key.start(3) + 1 == column or (key.start(3) + 1 < column and not before[2]):
        return None
    where = Location(at.line, key.start(3) + 1, at.line, key.end(3) + 1)
    return (
        where,
        f"not YAML: {key[3]} begins in column {where.column}, and {before[3]} above it in {column}; give both the same indent",
    )


_TEXT = re.compile(r"(name|description|source): +([^\"'{\[|>&*][^\"]*: .*)")


def _sign(lines: list[str], at: Location) -> tuple[Location, str] | None:
    """Find a dash without a space, a star in place of a dash, a text that needs quotes, or a key without its colon."""
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    star = re.match(r"(\s*)(-[A-Za-z{]|\* )(.*)", line)
    column = len(line) - len(line.lstrip()) + 1
    if star is not None:
        where = Location(at.line, column, at.line, column + 1)
        row = (star[2].strip("-* ") + star[3]).strip()
        return where, f"not YAML: a row begins with a dash and a space; write - {row}"
    text = _TEXT.fullmatch(line)
    if text is not None:
        where = Location(at.line, text.start(2) + 1, at.line, len(line) + 1)
        return where, f'not YAML: a text with ": " in it needs quotes; write {text[1]}: "{text[2]}"'
    above = lines[at.line - 2] if at.line > 1 else ""
    key = re.fullmatch(r"(\s*)([\w-]+) +([^:#{\[]+)", above)
    if key is not None and _KEY.fullmatch(line) is not None and len(key[1]) == column - 1 and at.column > column:
        where = Location(at.line - 1, column, at.line - 1, column + len(key[2]))
        return where, f"not YAML: a colon is missing behind {key[2]}; write {key[2]}: {key[3].strip()}"
    return None


def _missing_comma(error: yaml.MarkedYAMLError, lines: list[str], at: Location) -> tuple[Location, str] | None:
    """Find a key in braces behind a value without a comma: `{conv: 16 kernel_size: 3}`."""
    if "expected ',' or '}'" not in str(error.problem) or "':'" not in str(error.problem) or at.line > len(lines):
        return None
    match = re.search(r"[\w\]}\"'] +([\w-]+)$", lines[at.line - 1][: at.column - 1])
    if match is None:
        return None
    where = Location(at.line, match.start(1) + 1, at.line, match.end(1) + 1)
    return where, f"not YAML: a comma is missing before {match[1]}; write , {match[1]}: …"


def _without_braces(line: str, number: int) -> tuple[Location, str] | None:
    """Offer braces to a row of several fields on one line, or a line for each field."""
    match = _PAIRS.fullmatch(line) if len(line) <= 200 else None
    if match is None:
        return None
    pairs = re.sub(r"\s+#.*", "", match[2]).rstrip()
    where = Location(number, match.start(2) + 1, number, match.start(2) + len(pairs) + 1)
    wrong = "not YAML: mapping values are not allowed in this context; "
    try:
        row = Composer(f"{{{pairs}}}", None, [], yaml.SafeLoader).compose()
    except (SpecError, yaml.MarkedYAMLError):
        return None
    if not isinstance(row, Mapping) or any(isinstance(value, Mapping) for _, value in row.pairs.values()):
        return None
    if match[1]:
        return where, f"{wrong}a row of several fields needs braces: - {{{pairs}}}"
    return where, f"{wrong}write each of {', '.join(row.pairs)} on a line of its own"


def _in_brackets(
    error: yaml.MarkedYAMLError, lines: list[str], at: Location, opened: list[Sequence | Mapping]
) -> tuple[Location, str] | None:
    """Find a ${…} in brackets and without quotes, or a bracket that is never closed."""
    inner = next((node for node in reversed(opened) if node.flow), None)
    words = str(error.problem)
    if inner is None or "expected" not in words or not ("','" in words or "node content" in words):
        return None
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    begin = at.column - 2
    end = line.find("}", begin) + 1
    if begin >= 0 and line.startswith("${", begin) and end:
        expression = line[begin:end]
        where = Location(at.line, begin + 1, at.line, end + 1)
        return where, f'not YAML: a ${{…}} inside brackets needs quotes, as in {{conv: "{expression}"}}'
    place = _unclosed(lines, inner)
    if place is None:
        return None
    number, column = place
    bracket = lines[number - 1][column - 1]
    where = Location(number, column, number, column + 1)
    return where, f"not YAML: this {bracket} is never closed; write {'}' if bracket == '{' else ']'} where its content ends"


def _unclosed(lines: list[str], node: Sequence | Mapping) -> tuple[int, int] | None:
    """Return the bracket, from `node`'s on, that is open when another sort is closed, or when the next row or key begins."""
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


def _unclosed_quote(error: yaml.MarkedYAMLError) -> tuple[Location, str] | None:
    """Return the quote that begins a text without an end."""
    mark = error.context_mark
    if "quoted scalar" not in str(error.context) or "end of stream" not in str(error.problem) or mark is None:
        return None
    at = Location(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    return at, "not YAML: this quote is never closed; write the same quote where the text ends"


#: Hints by words of the parser's message (PyYAML's, and libyaml's if they differ).
_HINTS = (
    ("mapping values are not allowed", "a value with ': ' in it needs quotes, and rows of a list need the same indent"),
    ("sequence entries are not allowed", "a list behind a key begins on the next line, or is written in brackets: [a, b]"),
    ("expected ','", "is a bracket or a comma missing?"),
    ("expected <block end>", "is the indent the same as in the line above?"),
    ("did not find expected key", "is the indent the same as in the line above?"),
    ("expected '-'", "is the indent the same as in the line above?"),
    ("<document start>", "the text before it is complete; is the indent of this line too small, or a bracket closed too early?"),
    ("could not find expected ':'", "a key needs a colon and a space, `key: value`, and a row a dash and a space, `- relu`"),
    ("found unexpected ':'", "a colon behind a key needs a space"),
    ("node content", "a value is missing before it"),
    ("alphabetic or numeric", "& and * begin an anchor or an alias; put a word that begins with them in quotes"),
    ("chomping", "| and > begin a text on the lines below; put a word that begins with them in quotes"),
    ("comment or line break", "| and > begin a text on the lines below; put a word that begins with them in quotes"),
    ("comment or a line break", "| and > begin a text on the lines below; put a word that begins with them in quotes"),
    ("cannot start any token", "put the word in quotes"),
)


def _message(error: yaml.MarkedYAMLError, lines: list[str], at: Location) -> str:
    """Return the parser's message with a hint."""
    words = str(error.problem or "it cannot be read")
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or ("\\t" in words and "token" in words):
        return "a tab indents this line; YAML needs spaces"
    context = f" ({error.context})" if error.context else ""
    hint = next((f"; {advice}" for part, advice in _HINTS if part in words), "")
    return f"not YAML: {words}{context}{hint}"


def no_network(root: Sequence | Scalar) -> tuple[Location, str]:
    """Return the place and the message for a text that is no map."""
    if isinstance(root, Sequence):
        message = "a network is a map with input and layers, and this is a list; write it behind layers:, and input above it"
    else:
        code = code_in(root.text)
        what = "a word" if root.text.isalnum() else "text"
        message = code[1] if code else f"a network is a map with input and layers, and this is {what}; {NETWORK}"
    return Location(root.line, root.column, root.line, root.column + 1), message
