"""A network → the text of its picture, in the style and the format asked for."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.report.picture.options import STYLES, CannotDraw, Drawing, checked
from cnncalc.report.picture.scene import Scene
from cnncalc.subject import Subject

__all__ = ["STYLES", "CannotDraw", "Drawing", "Picture", "checked", "picture", "scene"]


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


def picture(subject: Subject, form: str, options: Drawing) -> Picture:
    """The text of the picture. Raises CannotDraw."""
    if form == "mermaid":
        from cnncalc.report.picture import mermaid

        return Picture(*mermaid.chart(subject, options))
    found = scene(subject, options)
    if form == "tikz":
        from cnncalc.report.picture import tikz

        return Picture(tikz.text(found))
    from cnncalc.report.picture import svg

    return Picture(svg.text(found))
