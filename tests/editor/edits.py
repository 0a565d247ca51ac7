"""Edits applied to a text, for tests."""

from __future__ import annotations

import random
from collections.abc import Iterable

from cnncalc.editor.snapshot import Snapshot
from cnncalc.editor.symbols import Edit


def applied(snapshot: Snapshot, edits: Iterable[Edit]) -> str:
    """The text of a snapshot with edits made."""
    text, at = snapshot.text, snapshot.positions.offset
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: at(edit.span.start)] + edit.text + text[at(edit.span.end) :]
    return text


#: Pieces that are typed or pasted: letters of several widths, every mark of YAML, whole rows, and rows that are wrong.
PIECES = (
    *(
        "a",
        "3",
        "1",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ",",
        "-",
        "- ",
        "#",
        " # 漢字 😀",
        "'",
        '"',
        "&a ",
        "*a",
    ),
    *(
        "${",
        "}",
        "${growth}",
        "${in_channels // 2}",
        "😀",
        "漢字",
        "é",
        "\x85",
        "\u2028",
        "relu",
        "conv",
        "|",
        ">",
        "!x ",
        "? ",
        "<<: ",
    ),
    *("\n  - relu", "\n  - {conv: 8, kernel_size: 3}", "\n  - {maxpool: 2, stride: 3}", "\n  - {conv: 8, kernel_size: 3"),
    *(
        "\r\n  - relu\r\n  - {fc: 10}\r\n",
        "\n  - branches:\n      a: [relu]\n      b: []\n    merge: add",
        "\n  - {block: nothing}",
    ),
    *("\n  - {conv: 8, kernel_size: 3, name: 層}  # cnncalc: ignore[stride-fit]", "repeat: 3, ", "name: x, ", "expect: 3x3x3, "),
)


def random_change(draw: random.Random, text: str) -> tuple[int, int, str]:
    """A range of a text and what to put there: a key, a paste, or the deletion of a word, of a part of a row, or of several rows."""
    start = draw.randrange(len(text) + 1)
    kind = draw.random()
    if kind < 0.2:
        return start, min(len(text), start + draw.choice((1, 1, 1, 3, 12))), ""
    if kind < 0.3:
        # Whole rows are deleted, or moved to another place.
        first = text.rfind("\n", 0, start) + 1
        last = first
        for _ in range(draw.randint(1, 4)):
            last = text.find("\n", last) + 1 or len(text)
        return first, last, draw.choice(("", text[first:last] * 2))
    if kind < 0.6:
        # A digit is typed over or behind a digit, as one who tries out sizes does.
        digits = [at for at, char in enumerate(text) if char.isdigit()]
        if digits:
            at = draw.choice(digits)
            return at, at + draw.randint(0, 1), draw.choice(("1", "2", "0", "7", "", "x"))
    return start, min(len(text), start + draw.choice((0, 0, 0, 1, 4))), draw.choice(PIECES)
