"""A picture as SVG."""

from __future__ import annotations

from cnncalc.report.picture import svg
from cnncalc.report.picture.draw import Picture, scene
from cnncalc.report.picture.options import Drawing
from cnncalc.subject import Subject

SUFFIXES = (".svg",)


def draw(subject: Subject, options: Drawing) -> Picture:
    return Picture(svg.text(scene(subject, options)))
