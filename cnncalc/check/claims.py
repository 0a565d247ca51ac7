"""Tells whether a YAML file in a folder is meant as a network, without parsing it."""

from __future__ import annotations

import re
from functools import cache

_FIRST = re.compile(rb"^(?!---|%)([ ]*)([^\s#])", re.MULTILINE)
#: The word at the beginning of a list's item: `- conv: 8`, `- {conv: 8}`, `[relu, …`.
_ITEM = re.compile(
    rb"(?:^[ ]*-[ \t]+|\[[ \t]*|\},[ \t]*)\{?[ \t]*[\"']?([A-Za-z][\w.]*)[\"']?[ \t]*(?=[:,\]}\r\n#]|$)", re.MULTILINE
)
#: Items looked at.
_MANY = 400


def claims(data: bytes) -> bool:
    r"""Whether `input` and `layers` are keys of the top level, or one of them beside a list of rows.

    >>> claims(b"input: 8x8x3\nlayers: 3\n"), claims(b"layers:\n  - relu\n"), claims(b"input: 8x8x3\nlayer:\n- conv: 3\n")
    (True, True, True)
    >>> claims(b"layers: [base, app]\n"), claims(b"input: {file: x}\n"), claims(b"jobs:\n  layers: [relu]\n")
    (False, False, False)
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    first = _FIRST.search(data)
    if first is None:
        return False
    if first[2] == b"{":
        found = [_in_braces(data[first.start(2) :], key) for key in (b"input", b"layers")]
    else:
        found = [
            re.search(rb"^" + first[1] + rb"[\"']?" + key + rb"[\"']?[ \t]*:(?:\s|$)", data, re.MULTILINE) is not None
            for key in (b"input", b"layers")
        ]
    return all(found) or (any(found) and _has_rows(data))


def _in_braces(data: bytes, key: bytes) -> bool:
    return re.match(rb"\{(?:[^{}\[\]]|\{[^{}]*\}|\[[^\[\]]*\])*?[\"']?\b" + key + rb"[\"']?\s*:", data) is not None


def _has_rows(data: bytes) -> bool:
    """Whether at least half of the items of lists begin with a layer kind, in cnncalc's or another tool's words."""
    names = [match[1].decode("ascii") for _, match in zip(range(_MANY), _ITEM.finditer(data), strict=False)]
    return bool(names) and 2 * sum(map(_is_kind, names)) >= len(names)


@cache
def _is_kind(word: str) -> bool:
    from cnncalc.language.suggest import kind_called

    return word in ("block", "branches") or kind_called(word) is not None
