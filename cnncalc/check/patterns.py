"""`nets/**/*.yaml` → the files and folders that match, each folder once however many links lead to it."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase

_MAGIC = re.compile(r"[*?\[]")


def is_pattern(path: str) -> bool:
    return _MAGIC.search(path) is not None


def expand(pattern: str) -> list[str]:
    """The paths that match, sorted. As in a shell, `*` matches no hidden name and `**` any number of folders."""
    drive, rest = os.path.splitdrive(pattern)
    parts = [part for part in re.split(r"[\\/]" if os.sep == "\\" else "/", rest) if part]
    start = drive + os.sep if rest.startswith(("/", os.sep)) else drive
    found = {start}
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "**":
            found = {path for top in found for path in _below(top, files=last)}
        elif is_pattern(part):
            found = {os.path.join(top, name) for top in found for name in _names(top) if _is_match(name, part)}
        else:
            found = {os.path.join(top, part) for top in found}
            found = {path for path in found if os.path.lexists(path)}
        if not last:
            found = {path for path in found if path == "" or os.path.isdir(path)}
    return sorted(found - {""})


def _is_match(name: str, part: str) -> bool:
    return fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or os.curdir)
    except OSError:
        return []


def _below(top: str, *, files: bool) -> list[str]:
    """Yield a folder and all folders below it, each once; with `files` their files too."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    todo = [top]
    while todo:
        folder = todo.pop()
        try:
            status = os.stat(folder or os.curdir)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        found.append(folder)
        for name in sorted(_names(folder), reverse=True):
            path = os.path.join(folder, name)
            if name.startswith("."):
                continue
            if os.path.isdir(path):
                todo.append(path)
            elif files:
                found.append(path)
    return found
