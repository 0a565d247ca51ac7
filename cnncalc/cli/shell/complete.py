"""Completion in the shell: commands and their arguments; rows and keys of the file as in an editor."""

from __future__ import annotations

import re

from cnncalc.cli.shell.commands import COMMANDS
from cnncalc.cli.shell.session import Session
from cnncalc.editor.completion import complete, row_beginnings, row_fields
from cnncalc.editor.snapshot import Snapshot
from cnncalc.language.document import TOP_KEYS

#: Commands whose first argument is the name of a row.
_NAMING = ("delete", "insert", "move", "why")


def words(before: str, session: Session) -> tuple[str, list[str]]:
    """The part of a word before the cursor, and the words that begin with it."""
    command, space, rest = before.partition(" ")
    if not space:
        rows = [item.text.strip("{}") for item in row_beginnings(_blocks(session), in_braces=False)]
        keys = [f"{key}: " for key in TOP_KEYS if key != "layers"]
        return _starting(command, [*COMMANDS, *rows, *keys])
    if command == "help":
        return _starting(rest, list(COMMANDS))
    if command == "show":
        from cnncalc.report.network.columns import MORE

        return _starting(re.split(r"[ ,]", rest)[-1], list(MORE))
    if command in _NAMING:
        return _naming(command, rest, session)
    if command == "set":
        return _setting(rest, session)
    if command in ("solve", "layer"):
        from cnncalc.studies.single import complete as settings

        part = rest.rpartition(" ")[2]
        return part, settings(part)
    return _in_file(before, session)


def _starting(part: str, candidates: list[str]) -> tuple[str, list[str]]:
    return part, [word for word in dict.fromkeys(candidates) if word.startswith(part)]


def _blocks(session: Session) -> list[str]:
    return list(Snapshot(session.text).outline.blocks) if session.text else []


def _naming(command: str, rest: str, session: Session) -> tuple[str, list[str]]:
    first, space, more = rest.partition(" ")
    if not space:
        inner = [node.name for node in session.network.layers] if command == "why" and session.network else []
        return _starting(first, [*session.names, *inner])
    if command == "move":
        return _starting(more, [*session.names, "end"])
    return words(more, session) if command == "insert" else ("", [])


def _setting(rest: str, session: Session) -> tuple[str, list[str]]:
    """Completion of `set conv1.ker`: names of rows, then fields of the row's kind."""
    if "=" in rest or session.network is None:
        return "", []
    name, dot, part = rest.rpartition(".")
    nodes = {node.name: node for node in session.network.layers}
    if dot and name in nodes:
        kind = nodes[name].kind
        fields = [kind, *(item.label for item in row_fields([kind]))]
        return part, [f"{word}=" for word in fields if word.startswith(part)]
    return rest, [f"{other}." for other in nodes if other.startswith(rest)]


def _in_file(before: str, session: Session) -> tuple[str, list[str]]:
    """Completion of a row or of a key of the file, as an editor completes it behind the last row."""
    above, below, indent = _around(session)
    key = before.partition(":")[0].strip()
    if key not in TOP_KEYS:
        before = f"{indent}- {{{before.removeprefix('-').lstrip().removeprefix('{')}"
    text = f"{above}{before}"
    snapshot = Snapshot(f"{text}\n{below}")
    found = complete(snapshot, len(text))
    return text[snapshot.positions.offset(found.span.start) :], [item.text for item in found.items]


def _around(session: Session) -> tuple[str, str, str]:
    """The text up to the end of the last row, the text behind it, and the indent of the rows' dashes."""
    lines = session.text.splitlines(keepends=True)
    rows = list(session.network.rows.values()) if session.network is not None else []
    last = rows[-1].location if rows else None
    if last is None or not lines[last.line - 1].lstrip().startswith("- "):
        return f"{session.text.rstrip()}\nlayers:\n", "", "  "
    end = last.end_line - 1 if last.end_column == 1 else last.end_line
    above = "".join(lines[:end])
    dash = lines[last.line - 1]
    indent = dash[: len(dash) - len(dash.lstrip())]
    return above if above.endswith("\n") else f"{above}\n", "".join(lines[end:]), indent
