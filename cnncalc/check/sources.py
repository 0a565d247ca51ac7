"""Paths, folders and patterns → the files to check."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from cnncalc import formats
from cnncalc.check.patterns import expand, is_pattern
from cnncalc.check.settings import Pattern, Settings, settings_for

#: Folders of installed packages and caches, which are skipped.
_SKIPPED = frozenset(("node_modules", "__pycache__", "venv"))


class Candidate(NamedTuple):
    """A file to check. A `named` file is checked whatever it contains, a file in a folder only if it looks like a network.

    `folder` is the given folder in which the file was found. `included`: the file was given or the settings name it, so that
    formats other than cnncalc's own may claim it.
    """

    file: str
    named: bool
    settings: Settings
    folder: str | None = None
    included: bool = False


class Sources:
    """The files that the given paths mean, each once, and warnings about the paths. Raises SettingsError."""

    def __init__(self, paths: list[str], given: Settings, *, skip_others: bool = False) -> None:
        self._given = given
        self._skip_others = skip_others
        self._found: dict[str, Candidate] = {}
        self._folders: list[str] = []
        self._patterns: dict[Pattern, bool] = dict.fromkeys(given.exclude or (), False)
        self._excluded = 0
        #: Paths that cannot be read, each with the reason.
        self.faults: list[tuple[str, str]] = []
        for path in paths:
            for file, folder in self._expand(path):
                self._add(file, folder)

    @property
    def candidates(self) -> list[Candidate]:
        return list(self._found.values())

    @property
    def warnings(self) -> list[str]:
        """Requests that had no effect, which are probably mistakes."""
        found = []
        for pattern, used in self._patterns.items():
            inside = any(_is_below(pattern.folder, folder) for folder in self._folders)
            if not used and (pattern in (self._given.exclude or ()) or inside):
                found.append(f"{pattern.origin}: {pattern.text} matches no file that would be checked")
        if not self._found and not self.faults:
            where = ", ".join(self._folders) or "the arguments"
            found.append(
                f"nothing to check: no *.yaml or *.yml in {where}" + (", except excluded files" if self._excluded else "")
            )
        return found

    def _add(self, file: str, folder: str | None) -> None:
        named = folder is None and not self._skip_others
        key = os.path.normpath(file)
        known = self._found.get(key)
        if known is not None and (known.named or not named):
            return
        settings = settings_for(file, self._given)
        if not named and self._is_excluded(file, settings):
            self._excluded += 1
            return
        included = folder is None or _is_included(file, settings)
        if not included and not file.endswith(formats.OWN):
            return
        self._found[key] = Candidate(file, named, settings, folder, included)

    def _is_excluded(self, file: str, settings: Settings) -> bool:
        for pattern in settings.exclude or ():
            self._patterns.setdefault(pattern, False)
            if _matches(os.path.abspath(file), pattern):
                self._patterns[pattern] = True
                return True
        return False

    def _expand(self, path: str) -> Iterator[tuple[str, str | None]]:
        """The files that an argument means, each with the folder that it was found in."""
        if path == "-" or not is_pattern(path) or os.path.lexists(path):
            matches = [path]
        else:
            matches = expand(path)
            if not matches:
                self.faults.append((path, "no file matches the pattern"))
        for match in matches:
            if match != "-" and os.path.isdir(match):
                self._folders.append(match)
                yield from ((file, match) for file in self._walk(match))
            else:
                yield match, None

    def _walk(self, top: str) -> Iterator[str]:
        """The files below a folder with a format's suffix, by name; each folder once, though links may lead to it again."""
        seen: set[tuple[int, int]] = set()
        todo = [top]
        while todo:
            folder = todo.pop()
            try:
                status = os.stat(folder)
                names = sorted(os.listdir(folder))
            except FileNotFoundError:
                # The file was deleted meanwhile.
                continue
            except OSError as error:
                self.faults.append((folder, f"the folder cannot be read: {error.strerror or error}"))
                continue
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            below = []
            for name in names:
                path = name if folder == "." else os.path.join(folder, name)
                suffix = os.path.splitext(name)[1].lower()
                # Asked for last, because it imports every format.
                if suffix in formats.OWN or (suffix and suffix in formats.suffixes()):
                    if not os.path.isdir(path):
                        if _can_be_read(path):
                            yield path
                        continue
                if not name.startswith(".") and name not in _SKIPPED and os.path.isdir(path):
                    below.append(path)
            todo += reversed(below)


def _is_included(file: str, settings: Settings) -> bool:
    """Whether the settings name a file that folders are not searched for otherwise."""
    return any(_matches(os.path.abspath(file), pattern) for pattern in settings.include or ())


def _is_below(path: str, folder: str) -> bool:
    """Whether `path` is the folder itself or below it."""
    top = os.path.realpath(folder)
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(top, ""))


def _matches(path: str, pattern: Pattern) -> bool:
    """Whether a pattern means a file or a folder above it; without a slash it means a name at any depth."""
    try:
        parts = os.path.relpath(path, pattern.folder).split(os.sep)
    except ValueError:
        # Another drive.
        return False
    if parts[0] == os.pardir:
        return False
    text = pattern.text.removeprefix("./").rstrip("/")
    if "/" not in text:
        return any(fnmatchcase(part, text) for part in parts)
    below = "/".join(parts)
    return fnmatchcase(below, text) or fnmatchcase(below, f"{text}/*")


def _can_be_read(path: str) -> bool:
    """Whether reading can end: a pipe or a device in a folder is skipped. If the system does not say, the reader finds out."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
