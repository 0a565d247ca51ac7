"""Text of a Darknet .cfg → sections with their keys, values and places."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from cnncalc.build.problems import Problems
from cnncalc.build.reading import unusable
from cnncalc.place import NOWHERE, Place, lines_of
from cnncalc.problem import Fix, Location
from cnncalc.spelling import did_you_mean
from cnncalc.values import written

#: The largest published files have some 600 sections and 3,000 lines.
MAX_SECTIONS = 5_000
MAX_LINES = 100_000

#: Characters of a list of numbers.
_LONGEST = 10_000

_WHOLE = re.compile(r"[-+]?\d{1,10}")
_NUMBER = re.compile(r"[-+]?(\d{1,12}\.?\d*|\.\d+)([eE][-+]?\d{1,2})?")


@dataclass(slots=True)
class Section:
    """A section: its kind in lower case, and its values as written with their places."""

    kind: str
    header: Location
    values: dict[str, tuple[str, Location]] = field(default_factory=dict)
    end_line: int = 0

    @property
    def location(self) -> Location:
        """From the header to the end of the last line with a value."""
        last = max([self.header, *(at for _, at in self.values.values())], key=lambda at: at[2:])
        return Location(self.header.line, self.header.column, last.end_line, last.end_column)

    def at(self, key: str) -> Location:
        """Where the value of a key stands, else the header."""
        return self.values[key][1] if key in self.values else self.header


class SectionPlace(Place):
    """The place of a section; the fields of its layer are set by Darknet's own keys."""

    __slots__ = ("_section",)

    KEYS: ClassVar[dict[str, tuple[str, ...]]] = {
        "filters": ("filters",),
        "kernel_size": ("size",),
        "stride": ("stride",),
        "padding": ("padding", "pad"),
        "groups": ("groups",),
        "dilation": ("dilation",),
        "units": ("output",),
        "factor": ("stride",),
        "rate": ("probability",),
        "size": ("size",),
    }

    def __init__(self, section: Section) -> None:
        super().__init__(section.location)
        self._section = section

    @property
    def key(self) -> Location:
        return self._section.header

    def field(self, name: str) -> Location | None:
        return next((self._section.values[key][1] for key in self.KEYS.get(name, ()) if key in self._section.values), None)

    def edit(self, field: str, value: str, *, safe: bool = False) -> Fix | None:
        # `pad` is a switch, and Darknet's windows are square.
        key = self.KEYS.get(field, ("",))[0]
        if key not in self._section.values or not value.isdecimal():
            return None
        return Fix(self._section.values[key][1], value, safe, f"Set {key} to {value}")


def read_sections(text: str, problems: Problems) -> list[Section]:
    """The sections of a file in order; lines that are neither a header nor a key with a value are reported."""
    sections: list[Section] = []
    lines = lines_of(text)
    if len(lines) > MAX_LINES:
        at = Location(MAX_LINES + 1, 1, MAX_LINES + 1, 2)
        raise unusable("limit", problems.file, at, f"the file has more than {MAX_LINES:,} lines")
    for number, line in enumerate(lines, 1):
        content = line.strip()
        if not content or content[0] in "#;\0":
            continue
        start = line.index(content[0]) + 1
        here = Location(number, start, number, start + len(content))
        if content.startswith("["):
            name, closed, rest = content[1:].partition("]")
            if not closed or (rest.strip() and rest.strip()[0] not in "#;"):
                problems.add(
                    "row",
                    here,
                    f"a section is a name in brackets on a line of its own, such as [convolutional], not {written(content)}",
                )
            if len(sections) >= MAX_SECTIONS:
                raise unusable("limit", problems.file, here, f"the file has more than {MAX_SECTIONS:,} sections")
            header = Location(number, start, number, start + len(name) + 2)
            sections.append(Section(name.strip().lower(), header))
            continue
        _value(line, number, here, sections, problems)
    return sections


def _value(line: str, number: int, here: Location, sections: list[Section], problems: Problems) -> None:
    """Add one line `key=value` to the section."""
    key, equals, value = line.partition("=")
    if not equals:
        problems.add("row", here, f"a line is a section in brackets or key=value, not {written(line.strip())}")
        return
    if not sections:
        problems.add("row", here, "this value is before the first section; a file begins with [net]")
        return
    # Darknet removes all blanks; text after a hash is part of the value.
    name = "".join(key.split())
    text = "".join(value.partition("#")[0].split())
    stripped = value.partition("#")[0].strip()
    begin = len(key) + 2 + (len(value) - len(value.lstrip()))
    at = Location(number, begin, number, begin + len(stripped)) if stripped else here
    first = sections[-1].values.get(name)
    if first is not None:
        message = f"{name} is written twice; Darknet takes the value on line {first[1].line}"
        problems.add("duplicate-key", here, message, level="warning")
        return
    sections[-1].values[name] = (text, at)


class Values:
    """The values of one section, read with checks; invalid values are reported and replaced by the default."""

    def __init__(self, section: Section, problems: Problems, layer: str | None = None) -> None:
        self.section = section
        self._problems = problems
        self._layer = layer
        #: Whether a value was invalid, so that the layer is not reliable.
        self.broken = False

    def __contains__(self, key: str) -> bool:
        return key in self.section.values

    def whole(self, key: str, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
        """An integer; Darknet's default if the key is missing."""
        if key not in self.section.values:
            return default
        text, at = self.section.values[key]
        if _WHOLE.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        top = f" and at most {most}" if most < 2**31 - 1 else ""
        self._bad(at, f"{key} must be an integer ≥ {least}{top}, got {written(text[:80])}")
        return default

    def number(self, key: str, default: float) -> float:
        if key not in self.section.values:
            return default
        text, at = self.section.values[key]
        if _NUMBER.fullmatch(text):
            return float(text)
        self._bad(at, f"{key} must be a number, got {written(text[:80])}")
        return default

    def numbers(self, key: str) -> list[int]:
        """A list of integers with commas between."""
        if key not in self.section.values:
            return []
        text, at = self.section.values[key]
        parts = [part for part in text.split(",") if part] if len(text) <= _LONGEST else []
        if parts and all(_WHOLE.fullmatch(part) for part in parts):
            return [int(part) for part in parts]
        self._bad(at, f"{key} must be integers with commas between, got {written(text[:80])}")
        return []

    def word(self, key: str, default: str) -> str:
        return self.section.values[key][0] if key in self.section.values else default

    def required(self, key: str) -> bool:
        """Return whether a required key is present; report it if it is missing."""
        if key in self.section.values:
            return True
        self._bad(self.section.header, f"[{self.section.kind}] needs {key}", rule="missing")
        return False

    def check_keys(self, known: tuple[str, ...]) -> None:
        """Report keys that the section does not have and that look like one it has: Darknet would take the default."""
        for key, (_, at) in self.section.values.items():
            if key in known:
                continue
            hint = did_you_mean(key, known)
            if "mean" in hint:
                self._bad(
                    at if at is not NOWHERE else self.section.header,
                    f"[{self.section.kind}] has no {written(key)}{hint}",
                    rule="unknown-key",
                )

    def _bad(self, at: Location, message: str, rule: str = "value") -> None:
        self.broken = True
        self._problems.add(rule, at, f"{self._layer}: {message}" if self._layer else message, layer=self._layer)
