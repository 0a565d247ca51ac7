"""Advice for operations in `${…}` that Python, C or a spreadsheet has and the language has not."""

from __future__ import annotations

import re

_COMPARISON = "(?:[<>]=?|[!=]=)"
_NESTED = "write one condition inside the other: "

#: A pattern in the text of an expression, and what to write.
_ADVICE = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"\band\b|&", f"there is no 'and'; {_NESTED}(x if b else y) if a else y"),
        (r"\bor\b|\|", f"there is no 'or'; {_NESTED}x if a else (x if b else y)"),
        (r"\bnot\b|!(?!=)", "there is no 'not'; reverse the comparison, such as != for =="),
        (r"\?", "write a choice as x if a == b else y"),
        (r"\bin\b", "there is no 'in'; compare with one value, such as i == 0"),
        (
            rf"{_COMPARISON}(?:(?!\b(?:if|else)\b)[^<>=!(),])+{_COMPARISON}",
            f"comparisons do not chain; {_NESTED}(x if b < c else y) if a < b else y",
        ),
        (r"\^", "write a power as x ** 2"),
        (r"\bsqrt\b", "write a square root as x ** 0.5"),
        (r"\bpow\b", "write a power as x ** 2"),
        (r"\b(math|np|numpy|torch)\.(ceil|floor)\b", "write floor(x) or ceil(x) without the module"),
        (r"\bint\b|\btrunc\b", "write floor(x)"),
        (r"\bmake_?divisible\b", "write multiple_of(x, 8)"),
        (r"(?<![=<>!:])=(?!=)", "write == to compare"),
        (r"\b0[xXoObB]", "write numbers in decimal"),
        (r"\b\d+(?![eE][-+]?\d)[A-Za-z(]", "write a product with *, such as 2 * width"),
    )
)


def advice(text: str) -> str | None:
    """Return what to write instead of the first foreign operation in an expression that cannot be parsed."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    return next((better for pattern, better in _ADVICE if pattern.search(plain)), None)
