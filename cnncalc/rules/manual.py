"""The manual of every rule, error or warning: a Markdown file in cnncalc/manuals/."""

from __future__ import annotations

from pathlib import Path

from cnncalc.problem import ERROR_RULES, RULES

_FOLDER = Path(__file__).parents[1] / "manuals"


def manual(name: str) -> str:
    """Return the Markdown text: what the rule does, why, an example, how to fix it. Raises KeyError if there is no such rule."""
    level(name)
    return (_FOLDER / f"{name}.md").read_text("utf-8")


def summary(name: str) -> str:
    """Return the first paragraph: what the rule does. Raises KeyError if there is no such rule."""
    return manual(name).split("## What it does\n\n", 1)[1].split("\n\n", 1)[0].strip()


def level(name: str) -> str:
    """Return `error`, `warning` or `note`. Raises KeyError if there is no such rule."""
    return "error" if name in ERROR_RULES else RULES[name]
