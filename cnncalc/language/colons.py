"""Rows that are written without colons: `conv 16 kernel_size 3`."""

from __future__ import annotations

from cnncalc.layers import Layer


def pairs_meant(kind: type[Layer], words: list[str]) -> dict[str, str] | None:
    """Return the kind's value and fields that `words` mean; None if `kind` cannot be read from them."""
    given: dict[str, str | None] = {kind.kind: None}
    pending: str | None = None
    for word in words:
        name, mark, value = word.rstrip(",:").replace("=", ":").partition(":")
        if pending is not None:
            given[pending], pending = word.rstrip(","), None
        elif mark:
            given[name] = value
        elif name in kind.options or word.endswith(":"):
            pending = name
        elif given[kind.kind] is None and kind.main is not None:
            given[kind.kind] = name
        elif "kernel_size" in kind.options and "kernel_size" not in given:
            given["kernel_size"] = name
        else:
            given[name] = None
    layer, faults = kind.read(dict(given))
    if layer is None or faults or any(value is None and name != kind.kind for name, value in given.items()):
        return None
    return {name: value for name, value in given.items() if value is not None}
