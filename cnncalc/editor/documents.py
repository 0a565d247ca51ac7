"""The open files of an editor: their text with incremental changes applied, and the last reading of each."""

from __future__ import annotations

import os
import time
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from cnncalc.build.cache import Cache
from cnncalc.check.settings import Settings, SettingsError, settings_for
from cnncalc.editor.hints import hints
from cnncalc.editor.positions import Positions, Span
from cnncalc.editor.snapshot import Snapshot
from cnncalc.language.recompose import Recomposer


class TextChange(NamedTuple):
    """Text that replaces a range, or the whole text if `span` is None."""

    span: Span | None
    text: str


class OpenFile:
    """One open file. `snapshot` reads the text on first use after a change."""

    def __init__(self, uri: str, text: str, version: int | None = None) -> None:
        self.uri = uri
        self.text = text
        self.version = version
        self.path = path_of(uri)
        #: The last version without a syntax error; its hints stay while the text is broken.
        self.last_good: Snapshot | None = None
        #: Why the project's settings cannot be used; None if they can.
        self.settings_fault: str | None = None
        self._snapshot: Snapshot | None = None
        self._cache = Cache()
        self._cache.takes = True
        self._compose = Recomposer()
        #: The time of the last reading in seconds.
        self.cost = 0.0

    def change(self, changes: list[TextChange], version: int | None = None) -> None:
        """Apply changes in order; each range refers to the text after the changes before it."""
        for one in changes:
            if one.span is None:
                self.text = one.text
            else:
                positions = self._positions()
                start, end = positions.offset(one.span.start), positions.offset(one.span.end)
                self.text = self.text[:start] + one.text + self.text[max(start, end) :]
            self._snapshot = None
        self.version = version

    def _positions(self) -> Positions:
        return self._snapshot.positions if self._snapshot is not None else Positions(self.text)

    def forget(self) -> None:
        """Discard the last reading, because the settings have changed."""
        self._snapshot = None

    @property
    def fresh(self) -> bool:
        """Whether the current text has been read."""
        return self._snapshot is not None

    @property
    def snapshot(self) -> Snapshot:
        if self._snapshot is None:
            begin = time.perf_counter()
            if self.last_good is not None:
                # The next reading takes layers from its network.
                hints(self.last_good)
            self._snapshot = Snapshot(self.text, self.path, self._settings(), self._cache, self._compose)
            if self._snapshot.network is not None and not self._snapshot.recovered.blanked:
                self.last_good = self._snapshot
            self.cost = time.perf_counter() - begin
        return self._snapshot

    def _settings(self) -> Settings:
        try:
            self.settings_fault = None
            return settings_for(self.path, Settings())
        except SettingsError as error:
            self.settings_fault = str(error)
            return Settings()


def path_of(uri: str) -> str:
    """Return the path of a file URI, or the last part of any other URI."""
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.scheme == "file":
        # On Windows a path begins with its drive.
        return path[1:] if os.name == "nt" and len(path) > 2 and path[2] == ":" else path
    return path.rsplit("/", 1)[-1] or uri
