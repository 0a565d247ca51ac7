"""The settings of `check`: from the command line, else from `[tool.cnncalc]` in the nearest pyproject.toml."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, NamedTuple

from cnncalc.problem import ERROR_RULES, IGNORABLE
from cnncalc.rules import RULES


class SettingsError(Exception):
    """Settings that cannot be used. The message names the option or the file, and the key."""


class Pattern(NamedTuple):
    """Files to leave out or to include: `text` as written, relative to `folder`."""

    folder: str
    text: str
    #: The option or the key of the file that has it, for messages.
    origin: str


class Settings(NamedTuple):
    """The settings of `check`; None for a setting that is not given."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    strict: bool | None = None
    notes: bool | None = None
    exclude: tuple[Pattern, ...] | None = None
    #: Files of other formats that folders are searched for, beside cnncalc's own YAML.
    include: tuple[Pattern, ...] | None = None

    def over(self, other: Settings) -> Settings:
        """Return these settings, with those of `other` in place of None; patterns of both apply."""
        given = {name: value for name, value in self._asdict().items() if value is not None}
        if other.exclude:
            given["exclude"] = (*(self.exclude or ()), *other.exclude)
        return other._replace(**given)

    @property
    def chosen(self) -> frozenset[str]:
        """The rules to run: warnings, and notes if they are wanted or named."""
        names = set(RULES) if self.notes else {name for name, rule in RULES.items() if rule.level != "note"}
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
    """The settings for one file: the given ones, else those of the nearest pyproject.toml. Raises SettingsError."""
    return given.over(_found(os.path.dirname(os.path.abspath(file))))


def forget() -> None:
    """Read every pyproject.toml again when it is next needed."""
    _found.cache_clear()
    _in_folder.cache_clear()


@cache
def _found(folder: str) -> Settings:
    """The settings of the nearest pyproject.toml with a `[tool.cnncalc]`, from `folder` upward."""
    while True:
        settings = _in_folder(folder)
        parent = os.path.dirname(folder)
        if settings is not None or parent == folder:
            return settings or Settings()
        folder = parent


@cache
def _in_folder(folder: str) -> Settings | None:
    """The settings in a folder's own pyproject.toml, None if it has none."""
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        if os.path.lexists(path):
            raise SettingsError(f"{path}: the settings cannot be read: {error.strerror or error}") from None
        return None
    if b"\0" in data:
        raise SettingsError(f"{path}: the settings cannot be read: the file is not UTF-8 text")
    if b"cnncalc" not in data:
        return None
    table = _table(path, data)
    return None if table is None else _settings(path, table)


def _table(path: str, data: bytes) -> dict[str, Any] | None:
    import tomllib

    try:
        tool = tomllib.loads(data.decode("utf-8-sig")).get("tool", {})
    except RecursionError:
        raise SettingsError(f"{path}: the settings cannot be read: lists or tables are nested too deeply") from None
    except ValueError as error:
        # Broken TOML, bytes that are not UTF-8, and numbers of thousands of digits.
        raise SettingsError(f"{path}: {error}") from None
    table = tool.get("cnncalc") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.cnncalc must be a table")
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
                raise SettingsError(f"{where}.{key} must be true or false, not {_shown(value)}")
            found[key] = value
            continue
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise SettingsError(f"{where}.{key} must be a list of words, not {_shown(value)}")
        if key in ("exclude", "include"):
            found[key] = tuple(Pattern(os.path.dirname(path), one, f"{where}.{key}") for one in value)
        else:
            found[key] = check_names(tuple(value), f"{where}.{key}")
    return Settings(**found)


def _shown(value: Any) -> str:
    """A value in a message: short, and never a number too long for Python to print."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list with other values"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
