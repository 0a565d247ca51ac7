"""What is to be checked: from the command line, else from `[tool.cnncalc]` in the nearest pyproject.toml."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, NamedTuple

from cnncalc.problem import ERROR_RULES, IGNORABLE, RULES


class SettingsError(Exception):
    """What was asked for cannot be: a short fact with where it stands."""


class Settings(NamedTuple):
    """None stands for what nobody has said."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    strict: bool | None = None
    notes: bool | None = None
    exclude: tuple[str, ...] | None = None

    def over(self, other: Settings) -> Settings:
        """These, and the other ones where these say nothing."""
        said = {name: value for name, value in self._asdict().items() if value is not None}
        return other._replace(**said)

    @property
    def chosen(self) -> frozenset[str]:
        """The rules to run: warnings, and notes where they are wanted or named."""
        names = set(RULES) if self.notes else {name for name, level in RULES.items() if level != "note"}
        if self.select is not None:
            names = {name for name in RULES if name in self.select}
        return frozenset(names - set(self.ignore or ()))


def check_names(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """`names`, if each can be selected or ignored. Raises SettingsError."""
    from cnncalc.spelling import did_you_mean

    for name in names:
        if name in ERROR_RULES and name not in IGNORABLE:
            raise SettingsError(
                f"{where}: {name} is an error, which always counts; of the errors only stride-fit can be left out"
            )
        if name not in IGNORABLE:
            raise SettingsError(f"{where}: there is no rule {name}{did_you_mean(name, IGNORABLE)}")
    return names


def settings_for(file: str, given: Settings) -> Settings:
    """The settings for one file: what was given, else what the nearest pyproject.toml says. Raises SettingsError."""
    return given.over(_found(os.path.dirname(os.path.abspath(file))))


def forget() -> None:
    """Read every pyproject.toml again when it is next needed."""
    _found.cache_clear()


@cache
def _found(folder: str) -> Settings:
    """What the nearest pyproject.toml with a `[tool.cnncalc]` says, from `folder` upward."""
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError:
        data = b""
    if b"cnncalc" in data:
        table = _table(path, data)
        if table is not None:
            return _settings(path, table)
    parent = os.path.dirname(folder)
    return Settings() if parent == folder else _found(parent)


def _table(path: str, data: bytes) -> dict[str, Any] | None:
    import tomllib

    try:
        tool = tomllib.loads(data.decode("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    table = tool.get("cnncalc") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.cnncalc is a table")
    return table


def _settings(path: str, table: dict[str, Any]) -> Settings:
    where = f"{path}: tool.cnncalc"
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in Settings._fields:
            from cnncalc.spelling import did_you_mean

            raise SettingsError(f"{where} has no {key}{did_you_mean(key, Settings._fields)}")
        if key in ("strict", "notes"):
            if not isinstance(value, bool):
                raise SettingsError(f"{where}.{key} is true or false, not {value!r}")
            found[key] = value
        else:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise SettingsError(f"{where}.{key} is a list of words, not {value!r}")
            found[key] = tuple(value) if key == "exclude" else check_names(tuple(value), f"{where}.{key}")
    if "exclude" in found:
        # Patterns speak of places below the pyproject.toml.
        from glob import escape

        folder = escape(os.path.dirname(path))
        found["exclude"] = tuple(os.path.join(folder, pattern) for pattern in found["exclude"])
    return Settings(**found)
