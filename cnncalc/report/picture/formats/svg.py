"""A picture as SVG."""

from __future__ import annotations

from cnncalc.report.picture import svg
from cnncalc.report.picture.draw import Picture, scene, width_note
from cnncalc.report.picture.options import Drawing
from cnncalc.subject import Subject

SUFFIXES = (".svg",)


def draw(subject: Subject, options: Drawing) -> Picture:
    found = scene(subject, options)
    return Picture(svg.text(found), width_note(found, options))
