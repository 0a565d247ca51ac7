"""Text for a pipe, and for streams that cannot take every character."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from cnncalc.report.table import Row

_ASCII = str.maketrans(
    {
        "×": "x", "−": "-", "·": "*", "…": "...", "✗": "!", "≠": "!=", "≤": "<=", "≥": ">=", "→": "->", "–": "-", "—": "-",
        "│": "|", "├": "|", "└": "`", "²": "^2", "³": "^3", "¹": "^1", "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")",
        "₁": "1", "₂": "2", "√": "sqrt ", "‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "■": "#", "□": "o", "▏": "|",
    }
)  # fmt: skip


def text(rows: Iterable[Row]) -> str:
    """Lines of spans as text, each ended."""
    return "".join("".join(part for part, _ in row) + "\n" for row in rows)


def encodable(said: str, encoding: str | None) -> str:
    """`said` as far as an encoding can say it: × as x, − as -, · as *, the rest as escapes."""
    encoding = encoding or "ascii"
    try:
        said.encode(encoding)
    except UnicodeEncodeError:
        said = said.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return said


def write(said: str, stream: TextIO | None) -> None:
    """Writes `said` at once, and to nobody where the stream is closed."""
    if stream is not None:
        stream.write(encodable(said, stream.encoding))
        stream.flush()
