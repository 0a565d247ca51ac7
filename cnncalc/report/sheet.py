"""Text for CSV that a spreadsheet does not run as a formula."""

from __future__ import annotations

import re

from cnncalc.problem import one_line

_NUMBER = re.compile(r"[+-]?(\d[\d,_]*)?(\.\d+)?([eE][+-]?\d+)?")


def cell(text: str) -> str:
    r"""`text` on one line; an apostrophe in front keeps spreadsheets from computing it as a formula.

    >>> cell("conv1"), cell("-1.5"), cell('=HYPERLINK("http://x")'), cell("@SUM(A1)"), cell("-1+cmd|x")
    ('conv1', '-1.5', '\'=HYPERLINK("http://x")', "'@SUM(A1)", "'-1+cmd|x")
    """
    text = one_line(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) and not _NUMBER.fullmatch(text) else text
