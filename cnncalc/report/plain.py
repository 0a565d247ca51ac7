"""Text for a pipe, and for streams that cannot take every character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

from cnncalc.report.network.table import Row

_ASCII = str.maketrans(
    {
        "×": "x", "−": "-", "·": "*", "…": "...", "✗": "!", "≠": "!=", "≤": "<=", "≥": ">=", "→": "->", "–": "-", "—": "-",
        "│": "|", "├": "|", "└": "`", "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")",
        "√": "sqrt ", "µ": "u", "∞": "inf", "½": "1/2", "Φ": "Phi", "Σ": "sum ", "ᵀ": "^T", "←": "<-",
        "‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "■": "#", "□": "o", "▏": "|",
        **{chr(0x2080 + digit): str(digit) for digit in range(10)},
    }
)  # fmt: skip
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def text(rows: Iterable[Row]) -> str:
    """Lines of spans as text, each ended."""
    return "".join("".join(part for part, _ in row) + "\n" for row in rows)


def encodable(said: str, encoding: str | None) -> str:
    """`said` as far as an encoding can say it: × as x, − as -, · as *, the rest as escapes."""
    encoding = encoding or "ascii"
    try:
        said.encode(encoding)
    except UnicodeEncodeError:
        # Digits of one power belong together: 2³¹ is 2^31.
        said = _POWER.sub(lambda power: "^" + power[0].translate(_POWERS), said)
        said = said.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return said


def write(said: str, stream: TextIO | None) -> None:
    """Writes `said` at once, and to nobody where the stream is closed."""
    if stream is not None:
        stream.write(encodable(said, stream.encoding))
        stream.flush()
