"""Docstrings that the program itself prints, also under `python -OO`, which leaves them out."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Any


def docstring(thing: Any) -> str:
    """The docstring of a module, class or function without its indentation; empty if it has none."""
    text = thing.__doc__
    if sys.flags.optimize > 1:
        # Python gives a named tuple or a data class without a docstring one of its own.
        text = _in_source(thing) or text
    return inspect.cleandoc(text or "")


def _in_source(thing: Any) -> str | None:
    """The docstring in the source file, if the file is there."""
    import ast

    module = thing if isinstance(thing, ModuleType) else sys.modules.get(thing.__module__)
    node: Any = _tree(getattr(module, "__file__", None) or "")
    for name in () if isinstance(thing, ModuleType) else thing.__qualname__.split("."):
        node = next((child for child in getattr(node, "body", ()) if getattr(child, "name", None) == name), None)
    return ast.get_docstring(node) if node is not None else None


@cache
def _tree(file: str) -> Any:
    import ast

    try:
        with open(file, encoding="utf-8") as stream:
            return ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return None
