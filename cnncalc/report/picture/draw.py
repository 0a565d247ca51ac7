"""A picture of a network: as shapes in the chosen style, and as the text of a file."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.report.picture.options import Drawing
from cnncalc.report.picture.scene import Scene
from cnncalc.subject import Subject

#: A picture may be wider than asked for by this factor.
_ALMOST = 1.1


class Picture(NamedTuple):
    """The text of a file, and a note about it for the reader."""

    text: str
    note: str = ""

    def __str__(self) -> str:
        return self.text

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook."""
        return self.text if self.text.startswith("<svg") else None


def scene(subject: Subject, options: Drawing) -> Scene:
    """The picture as shapes."""
    if options.style == "volumes":
        from cnncalc.report.picture.volumes import scene as draw
    elif options.style == "graph":
        from cnncalc.report.picture.rows import scene as draw
    else:
        from cnncalc.report.picture.blocks import scene as draw
    return draw(subject, options)


def width_note(found: Scene, options: Drawing) -> str:
    """A note that the picture is wider than asked for; empty if it is not, or only a little."""
    if found.width <= _ALMOST * options.width:
        return ""
    return f"the picture is {found.width:.0f} pixels wide, not {options.width:.0f}: layers that stand side by side need that much"
