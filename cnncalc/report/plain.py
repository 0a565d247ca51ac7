"""Text for pipes, and for streams whose encoding lacks some characters."""

from __future__ import annotations

import os
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
_POWER = "[⁰¹²³⁴⁵⁶⁷⁸⁹]+"


def text(rows: Iterable[Row]) -> str:
    """Join lines of spans to text; each line ends with a line break."""
    return "".join("".join([part for part, _ in row]) + "\n" for row in rows)


#: GitHub Actions runs lines of a log that begin with `::`, or contain `##[`, as commands.
_COMMAND = r"(?m)^(\s*):(?=:)|##(?=\[)"


def inert(text: str) -> str:
    """`text`; inside GitHub Actions, changed so that the runner reads no part of it as a command."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return re.sub(_COMMAND, lambda found: f"{found[0]} ", text)


def encodable(text: str, encoding: str | None) -> str:
    """`text` without characters that the encoding lacks: × becomes x, − becomes -, · becomes *, others become escapes."""
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # Translate all digits of a power together: 2³¹ becomes 2^31.
        text = re.sub(_POWER, lambda power: "^" + power[0].translate(_POWERS), text)
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def write(text: str, stream: TextIO | None) -> None:
    """Write `text` and flush. Write nothing if the process has no such stream (None)."""
    if stream is not None:
        stream.write(encodable(text, stream.encoding))
        stream.flush()
