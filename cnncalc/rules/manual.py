"""The manuals of rules: a Markdown file in cnncalc/manuals/ for each error, the docstring of each rule of `check`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cnncalc.docstring import docstring
from cnncalc.problem import ERROR_RULES
from cnncalc.rules import RULES

_FOLDER = Path(__file__).parents[1] / "manuals"
#: A line break inside a paragraph.
_BREAK = re.compile(r"(?<=[^\n])\n(?=[^\n])")


def manual(name: str) -> str:
    """Return the Markdown text: what the rule does, why, an example, how to fix it. Raises KeyError if there is no such rule."""
    if name in ERROR_RULES:
        return (_FOLDER / f"{name}.md").read_text("utf-8")
    text = docstring(sys.modules[RULES[name].find.__module__])
    # Fences alternate with text.
    parts = [part if i % 2 else _BREAK.sub(" ", part) for i, part in enumerate(text.split("```"))]
    return f"# {name}\n\n## What it does\n\n{'```'.join(parts)}\n"


def summary(name: str) -> str:
    """Return the first paragraph: what the rule does. Raises KeyError if there is no such rule."""
    return manual(name).split("## What it does\n\n", 1)[1].split("\n\n", 1)[0].strip()


def level(name: str) -> str:
    """Return `error`, `warning` or `note`. Raises KeyError if there is no such rule."""
    return "error" if name in ERROR_RULES else RULES[name].level
