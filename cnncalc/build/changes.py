"""Changes by options, for every format: `--input`, `--set`, `--fit`, `--layout` and `--dtype`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from cnncalc import values
from cnncalc.problem import Location, Problem, SpecError
from cnncalc.shape import Flow, LayerError, Shape
from cnncalc.spelling import did_you_mean
from cnncalc.values import Value, written

Path = tuple[tuple[str, int | None, bool], ...]
"""The rows that a row stands in, and itself: of each the name, the number of the copy, and whether it is the last copy."""


class Override:
    """One NAME=VALUE. `target` is None for a var, else the full name of a layer, perhaps with `*`; `key` is the var or field."""

    __slots__ = ("key", "target", "text", "used", "value")

    def __init__(self, text: str, target: str | None, key: str, value: Value) -> None:
        self.text = text
        self.target = target
        self.key = key
        self.value = value
        #: Whether it has been applied.
        self.used = False

    def fault(self, message: str) -> str:
        """Return a message about this change."""
        return f"--set {self.text}: {message}"

    @property
    def is_pattern(self) -> bool:
        """Whether it may mean several layers; those without the field are skipped."""
        return self.target is not None and ("*" in self.target or "?" in self.target)

    def matches(self, name: str, path: Path = ()) -> bool:
        """Whether it means a layer: by the full name, by a name without the numbers of last copies, or by a pattern."""
        if self.target is None:
            return False
        if name == self.target:
            return True
        if self.is_pattern:
            return fnmatchcase(name, self.target)
        parts = self.target.split(".")
        for step, number, last in path:
            if not parts or parts.pop(0) != step:
                return False
            if number is not None:
                if parts and parts[0].isdecimal():
                    if parts.pop(0) != str(number):
                        return False
                elif not last:
                    return False
        return not parts


Given = dict[str, Override]
"""The changes of one layer's fields, by the keys of its row."""


class BudgetExceeded(Exception):
    """A total is above its limit before the whole network is built; `figure` says which."""

    def __init__(self, figure: str) -> None:
        super().__init__(figure)
        self.figure = figure


class Changes(NamedTuple):
    """Parsed changes. `input` has a name, or None for the only input, a value that says a shape, and the text of the option."""

    input: tuple[tuple[str | None, Value, str], ...] = ()
    set: tuple[Override, ...] = ()
    fit: str | None = None
    layout: str | None = None
    dtype: str | None = None
    #: The most of each total; building stops as soon as one is exceeded.
    limits: tuple[tuple[str, int], ...] = ()

    def __bool__(self) -> bool:
        """Whether the network is changed; `layout` and `dtype` only change how shapes and bytes are printed."""
        return bool(self.input or self.set or self.fit is not None)

    @property
    def fields(self) -> list[Override]:
        """The overrides of fields."""
        return [one for one in self.set if one.target is not None]

    @property
    def vars(self) -> dict[str, Override]:
        """The overrides of vars, by name."""
        return {one.key: one for one in self.set if one.target is None}

    def inputs(
        self, declared: Mapping[str, Flow | None], layout: str = "channels_last", channels: Mapping[str, int] | None = None
    ) -> dict[str, Flow | None]:
        """The inputs of the network: those that the file declares, with the shapes of `--input`. Raises SpecError.

        `channels` are numbers of channels that the file fixes, by input: without `--layout`, a shape that has them at its other
        end only is read from there, so that 3x224x224 and 224x224x3 are the same image.
        """
        found = dict(declared)
        given: set[str] = set()
        for name, value, text in self.input:
            if name is None and len(declared) > 1:
                names = ", ".join(declared)
                example = f"--input {next(iter(declared))}={text}"
                raise cannot(f"--input {text}: the network has the inputs {names}; say which: {example}")
            if name is not None and name not in declared:
                raise cannot(f"--input {text}: there is no input {name}{did_you_mean(name, declared)}")
            try:
                flow = values.flow(value, layout)
            except LayerError as error:
                raise cannot(f"--input {text}: {error.text(layout)}") from None
            target = name if name is not None else next(iter(declared), "input")
            if target in given:
                raise cannot(f"--input {text}: the shape of {target} is given twice")
            given.add(target)
            if channels is not None and self.layout is None:
                flow = _turned(value, flow, layout, channels.get(target))
            found[target] = flow
        return found

    def check_vars(self, known: Iterable[str], inputs: Iterable[str] = ()) -> None:
        """Raises SpecError if a var is set that the file does not have."""
        names = list(known)
        for override in self.set:
            if override.target is not None or override.key in names:
                continue
            hint = did_you_mean(override.key, names) if names else "; the file has no vars; a field is set by conv1.stride=1"
            if override.key in inputs:
                hint = f"; another input is given by --input {written(override.value)}"
            raise cannot(override.fault(f"there is no var {override.key}{hint}"))

    def check_used(self, layers: Iterable[str]) -> None:
        """Raises SpecError if a field is set of a layer that the network does not have."""
        names = list(layers) if self.fields else []
        for override in self.fields:
            if override.used:
                continue
            if override.is_pattern:
                raise cannot(override.fault(f"no layer that {override.target} matches has a field {override.key}"))
            inside = next((name for name in names if name.startswith(f"{override.target}.")), None)
            if inside is not None:
                raise cannot(override.fault(f"{override.target} is a group of layers; name one of them, such as {inside}"))
            hint = did_you_mean(override.target or "", names)
            raise cannot(override.fault(f"there is no layer {override.target}{hint}"))


UNCHANGED = Changes()


def _turned(value: Value, flow: Flow, layout: str, channels: int | None) -> Flow:
    """A shape read in the other layout if it has the channels of the file only there."""
    if channels is None or not isinstance(flow, Shape) or flow.channels == channels:
        return flow
    other = values.flow(value, "channels_first" if layout == "channels_last" else "channels_last")
    return other if isinstance(other, Shape) and other.channels == channels else flow


def cannot(message: str) -> SpecError:
    """A change that cannot be applied."""
    return SpecError([Problem("set", "error", None, Location(), None, message)])
