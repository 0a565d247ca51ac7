"""Output formats of `draw`. Each module of this folder is one, named as --format names it; the first one is the default."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from cnncalc.modules import modules
from cnncalc.report.picture.draw import Picture
from cnncalc.report.picture.options import Drawing
from cnncalc.subject import Subject

FORMATS = ("svg", *modules(__path__, without=("svg",)))


class PictureFormat(Protocol):
    """A module of an output format."""

    #: Suffixes of its files, in lower case with the dot.
    SUFFIXES: tuple[str, ...]

    def draw(self, subject: Subject, options: Drawing) -> Picture:
        """Return the picture of a network. Raises CannotDraw."""


def format_of(name: str) -> PictureFormat:
    """Return the module of the output format `name`."""
    return cast("PictureFormat", import_module(f"{__name__}.{name}"))


def by_suffix() -> dict[str, str]:
    """Return the names of the formats by the suffixes of their files."""
    return {suffix: name for name in FORMATS for suffix in format_of(name).SUFFIXES}


def picture(subject: Subject, form: str, options: Drawing) -> Picture:
    """Return the picture of a network in a format. Raises CannotDraw."""
    return format_of(form).draw(subject, options)
