"""Edits applied to a text, for tests."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.editor.snapshot import Snapshot
from cnncalc.editor.symbols import Edit


def applied(snapshot: Snapshot, edits: Iterable[Edit]) -> str:
    """The text of a snapshot with edits made."""
    text, at = snapshot.text, snapshot.positions.offset
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: at(edit.span.start)] + edit.text + text[at(edit.span.end) :]
    return text
