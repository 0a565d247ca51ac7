"""Streams that cannot take every character."""

import io

import pytest

from cnncalc.dtype import bytes_of
from cnncalc.report import plain
from cnncalc.report.words import memory, share


@pytest.mark.parametrize(
    ("said", "encoding", "expected"),
    [
        ("(224 − 11 + 2·0)/4 × 3", "ascii", "(224 - 11 + 2*0)/4 x 3"),
        ("(224 − 11 + 2·0)/4 × 3", "utf-8", "(224 − 11 + 2·0)/4 × 3"),
        ("│ ├ └ ✗ …", "ascii", "| | ` ! ..."),
        ("é 卷", "ascii", "\\xe9 \\u5377"),
        ("é ×", "latin-1", "é ×"),
        ("é − ×", "latin-1", "é - x"),
        ("é", None, "\\xe9"),
        ("2³¹ − 1, r², 10³⁰, F₁·F₂", "ascii", "2^31 - 1, r^2, 10^30, F1*F2"),
        ("12.3 µs, x·Φ(x), ∞", "ascii", "12.3 us, x*Phi(x), inf"),
        ("\ud800", "utf-8", "\\ud800"),
    ],
)
def test_what_an_encoding_cannot_say_is_said_otherwise(said, encoding, expected):
    assert plain.encodable(said, encoding) == expected


def test_writing_flushes_and_a_closed_stream_gets_nothing():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    plain.write("3×3\n", stream)
    assert raw.getvalue() == b"3x3\n"
    plain.write("3×3\n", None)


def test_spans_become_lines():
    assert plain.text([[("a", "title"), ("b", "")], [], [("c", "")]]) == "ab\n\nc\n"


def test_numbers_in_words():
    assert memory(0) == "0 bytes"
    assert memory(1) == "1 byte"
    assert memory(1024) == "1,024 bytes (1.0 KiB)"
    assert memory(3 * 2**30) == "3,221,225,472 bytes (3.0 GiB)"
    assert [bytes_of(3, dtype) for dtype in ("float64", "float16", "int8", "int4")] == [24, 6, 3, 2]
    assert [share(part) for part in (0, 0.0004, 0.0005, 0.5, 1)] == ["0%", "<0.1%", "0.1%", "50.0%", "100.0%"]
