"""What is set from outside the file: vars and single fields, `width=0.5`, `conv1.stride=1`, `*.bias=false`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from cnncalc.language.source import compose, value_of
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.values import Value


class Override:
    """One NAME=VALUE. `target` is None for a var, else the full name of a row, perhaps with `*`; `key` is the var or field."""

    __slots__ = ("key", "target", "text", "used", "value")

    def __init__(self, text: str) -> None:
        name, equals, value = text.partition("=")
        self.text = text
        target, dot, key = name.strip().rpartition(".")
        self.target = target if dot else None
        self.key = key
        self.used = False
        if not equals or not key or (dot and not target):
            raise fault(f"--set takes NAME=VALUE, a var or a field such as conv1.stride=1, not {text!r}")
        try:
            node = compose(value, None, [])
        except SpecError as error:
            raise fault(f"--set {text}: the value cannot be read: {error.problems[0].message}") from None
        self.value: Value = value_of(node) if node is not None else None

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several rows, of which those count that have the field."""
        return self.target is not None and ("*" in self.target or "?" in self.target)

    def matches(self, name: str, path: tuple[tuple[str, int | None, bool], ...]) -> bool:
        """Whether a row is meant: by its full name, by one that leaves out indexes of last copies, or by a pattern."""
        if self.target is None:
            return False
        if name == self.target:
            return True
        if self.is_pattern:
            return fnmatchcase(name, self.target)
        parts = self.target.split(".")
        for step, index, last in path:
            if not parts or parts.pop(0) != step:
                return False
            if index is not None:
                if parts and parts[0].isdigit():
                    if int(parts.pop(0)[:9]) != index:
                        return False
                elif not last:
                    return False
        return not parts


def fault(message: str) -> SpecError:
    """An override that cannot be applied."""
    return SpecError([Problem("set", "error", None, Location(), None, message)])
