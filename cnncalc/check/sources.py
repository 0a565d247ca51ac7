"""Paths, folders and patterns → the files to check."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import NamedTuple

from cnncalc.check.settings import Settings, settings_for

SUFFIXES = (".yaml", ".yml")
#: Folders in which nobody keeps specs of their own.
_PASSED_OVER = frozenset(("node_modules", "__pycache__", "venv"))


class Candidate(NamedTuple):
    """A file to look at: one that was `named` whatever it holds, one found in a folder only if it claims to be a network."""

    file: str
    named: bool
    settings: Settings


def candidates(paths: list[str], given: Settings, *, skip_others: bool = False) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """The files that `paths` mean, each once, and what cannot be looked into, with the reason. Raises SettingsError.

    With `skip_others` a file that is named is passed over like one found in a folder.
    """
    found: dict[str, Candidate] = {}
    faults: list[tuple[str, str]] = []
    for path in paths:
        for file, said in _expand(path, faults):
            named = said and not skip_others
            known = found.get(os.path.normpath(file))
            if known is None or (named and not known.named):
                settings = settings_for(file, given)
                if named or not _excluded(file, settings):
                    found[os.path.normpath(file)] = Candidate(file, named, settings)
    return list(found.values()), faults


def _expand(path: str, faults: list[tuple[str, str]]) -> Iterator[tuple[str, bool]]:
    if path == "-" or not re.search(r"[*?\[]", path) or os.path.lexists(path):
        if os.path.isdir(path):
            yield from ((file, False) for file in _walk(path, faults))
        else:
            yield path, True
        return
    from glob import glob

    matches = sorted(glob(path, recursive=True))
    if not matches:
        faults.append((path, "no file matches the pattern"))
    for match in matches:
        if os.path.isdir(match):
            yield from ((file, False) for file in _walk(match, faults))
        else:
            yield match, True


def _walk(top: str, faults: list[tuple[str, str]]) -> Iterator[str]:
    """The YAML files below a folder in order of their names; each folder once, though links may lead to it again."""
    seen: set[tuple[int, int]] = set()
    todo = [top]
    while todo:
        folder = todo.pop()
        try:
            status = os.stat(folder)
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            # It went away meanwhile.
            continue
        except OSError as error:
            faults.append((folder, f"the folder cannot be looked into: {error.strerror or error}"))
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        below = []
        for name in names:
            path = name if folder == "." else os.path.join(folder, name)
            if name.endswith(SUFFIXES):
                if not os.path.isdir(path):
                    if _readable_kind(path):
                        yield path
                    continue
            if not name.startswith(".") and name not in _PASSED_OVER and os.path.isdir(path):
                below.append(path)
        todo += reversed(below)


def _readable_kind(path: str) -> bool:
    """Whether reading can end: a pipe or a device in a folder is passed over. What cannot be asked is left to the reader."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _excluded(file: str, settings: Settings) -> bool:
    path = os.path.abspath(file)
    return any(fnmatch(path, pattern) or fnmatch(path, os.path.join(pattern, "*")) for pattern in settings.exclude or ())


_FIRST = re.compile(rb"^(?!---|%)([ ]*)([^\s#])", re.MULTILINE)


def claims(data: bytes) -> bool:
    r"""Whether a text looks like a network: `input` or `layers` is a key of its top level.

    >>> claims(b"layers:\n  - relu\n"), claims(b"{input: 8x8x3}"), claims(b"jobs:\n  layers: 3\n")
    (True, True, False)
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    first = _FIRST.search(data)
    if first is None:
        return False
    if first[2] == b"{":
        return _keys_in_braces(data[first.start(2) :])
    return re.search(rb"^" + first[1] + rb"[\"']?(?:input|layers)[\"']?[ \t]*:(?:\s|$)", data, re.MULTILINE) is not None


def _keys_in_braces(data: bytes) -> bool:
    return re.match(rb"\{(?:[^{}\[\]]|\{[^{}]*\}|\[[^\[\]]*\])*?[\"']?\b(?:input|layers)[\"']?\s*:", data) is not None
