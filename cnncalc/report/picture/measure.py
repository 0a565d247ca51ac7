"""The width of a text in a picture. The reader's font is unknown, so the widths are those of a wide one."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from cnncalc.problem import one_line

#: Advance widths of DejaVu Sans, the widest of the usual `sans-serif` fonts, in 1/2048 em.
_WIDTHS = {
    569: "ijl", 604: "IJ", 563: "'", 651: " ,.", 690: "/:;\\|", 721: "f", 739: "-", 799: "()[]", 803: "t", 821: "!", 842: "r",
    942: '"', 1024: "*_`", 1067: "s", 1075: "z", 1087: "?", 1126: "c", 1141: "L", 1178: "F", 1186: "k", 1212: "vxy",
    1235: "P", 1251: "TY", 1255: "a", 1253: "o", 1260: "e", 1294: "E", 1298: "hnu", 1300: "bdgpqS", 1303: "$0123456789{}",
    1343: "K", 1401: "AV", 1403: "XZ", 1405: "B", 1423: "R", 1430: "C", 1499: "U", 1532: "N", 1540: "H", 1577: "D", 1587: "G",
    1597: "&", 1612: "OQ", 1675: "w", 1716: "#+<=>^~×−≥≤≠", 1767: "M", 1946: "%", 1995: "m", 2025: "W", 2048: "@…→✗",
    750: "·",
}  # fmt: skip
_EM = {character: width / 2048 for width, characters in _WIDTHS.items() for character in characters}
#: A character outside the table: the full square of Chinese and of most symbols, and some more for emoji.
_OTHER = 1.35
_BOLD = 1.13
#: Scripts put no more marks on one letter.
_MARKS = 3


@lru_cache(maxsize=2048)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels that `text` takes at most, at a font of `size` pixels.

    >>> round(text_width("55x55x96", 10), 1), text_width("", 10)
    (50.0, 0)
    """
    width = sum(map(_advance, text)) * size
    return width * _BOLD if bold else width


def _advance(character: str) -> float:
    return _EM.get(character, _OTHER)


@lru_cache(maxsize=2048)
def clipped(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """`text` on one line, its middle left out if it takes more than `room` pixels.

    >>> text_width(clipped("left_descriptor", 10, 60), 10) <= 60, clipped("conv1", 10, 60)
    (True, 'conv1')
    """
    # No longer text fits into any picture; measuring it would only take time.
    text = _without_towers(one_line(text if len(text) <= 400 else f"{text[:200]}…{text[-200:]}"))
    if text_width(text, size, bold=bold) <= room:
        return text
    used = text_width("…", size, bold=bold)
    head = tail = 0
    while head + tail < len(text):
        # By turns from the beginning and from the end.
        used += text_width(text[head] if head <= tail else text[-1 - tail], size, bold=bold)
        if used > room:
            break
        head, tail = (head + 1, tail) if head <= tail else (head, tail + 1)
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _without_towers(text: str) -> str:
    """The text with at most `_MARKS` combining marks on a letter: more of them would reach into the lines above and below.

    >>> _without_towers("e" + 9 * chr(0x301)) == "e" + 3 * chr(0x301)
    True
    """
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(character)
    return "".join(kept)


def wrapped(text: str, size: float, room: float, most: int) -> list[str]:
    """Break `text` between words into at most `most` lines of `room` pixels; the rest is left out.

    >>> wrapped("add needs the same shape", 10, 80, 3)
    ['add needs the', 'same shape']
    """
    lines = [""]
    words = text.split(" ")
    for number, word in enumerate(words):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if not lines[-1] or text_width(longer, size) <= room:
            lines[-1] = longer
        elif len(lines) == most:
            lines[-1] = " ".join([lines[-1], *words[number:]])
            break
        else:
            lines.append(word)
    return [clipped(line, size, room) for line in lines]
