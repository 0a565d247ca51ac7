"""Completion in the shell: commands, kinds, fields of the row's kind, values of a field, names of rows."""

from __future__ import annotations

import re

from cnncalc.cli.shell.commands import COMMANDS
from cnncalc.cli.shell.session import Session
from cnncalc.language.document import TOP_KEYS
from cnncalc.language.row import ROW_KEYS
from cnncalc.layers import KINDS, Layer
from cnncalc.layers.option import Cells, Choice, Flag

#: Commands whose first argument is the name of a row.
_NAMING = ("delete", "insert", "move", "why")


def words(before: str, session: Session) -> tuple[str, list[str]]:
    """The part of a word before the cursor, and the words that begin with it."""
    command, space, rest = before.partition(" ")
    if not space:
        kinds = [name if _plain(kind) else f"{name}: " for name, kind in KINDS.items()]
        keys = [f"{key}: " for key in TOP_KEYS if key != "layers"]
        return _starting(command, [*COMMANDS, *kinds, *keys, "block: ", "branches: "])
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
        from cnncalc.studies.single import complete

        part = rest.rpartition(" ")[2]
        return part, complete(part)
    return _fields(before)


def _starting(part: str, candidates: list[str]) -> tuple[str, list[str]]:
    return part, [word for word in dict.fromkeys(candidates) if word.startswith(part)]


def _plain(kind: type[Layer]) -> bool:
    """Whether a kind can be written as a word without a value."""
    return kind.main is None or not kind.main.required


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
        options = list(KINDS[kind].options) if kind in KINDS else []
        return part, [f"{word}=" for word in (*options, *ROW_KEYS) if word.startswith(part)]
    return rest, [f"{other}." for other in nodes if other.startswith(rest)]


def _fields(before: str) -> tuple[str, list[str]]:
    """Completion inside a row: fields that the row does not have yet, or the values of a field."""
    keys = re.findall(r"([\w-]+)\s*:", before)
    kind = next((KINDS[key] for key in keys if key in KINDS), None)
    if kind is None:
        return "", []
    field = re.search(r"([\w-]+)\s*:\s*([\w.]*)$", before)
    if field is not None:
        declared = kind.main if field[1] == kind.kind else kind.options.get(field[1])
        candidates: list[str] = []
        if declared is not None:
            if isinstance(declared.type, (Choice, Cells)):
                candidates = list(declared.type.words)
            elif isinstance(declared.type, Flag):
                candidates = ["true", "false"]
        return _starting(field[2], candidates)
    part = re.search(r"[\w-]*$", before)
    names = [name for name, declared in kind.options.items() if declared is not kind.main]
    return _starting(part[0] if part else "", [f"{name}: " for name in (*names, *ROW_KEYS) if name not in keys])
