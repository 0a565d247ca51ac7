"""Text for a pipe, and for streams that cannot take every character."""

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
_POWER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def text(rows: Iterable[Row]) -> str:
    """Lines of spans as text, each ended."""
    return "".join("".join(part for part, _ in row) + "\n" for row in rows)


#: GitHub Actions takes lines of a log that begin with `::`, and `##[` anywhere in a line, for commands.
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)", re.MULTILINE)


def inert(text: str) -> str:
    """`text`, changed inside GitHub Actions so that no part of it is taken for a command to the runner."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


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
