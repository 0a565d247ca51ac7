"""A picture as a LaTeX document of its own, drawn with TikZ: `pdflatex net.tex` makes a PDF that fits the picture."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.report.picture.draw import Picture, scene, width_note
from cnncalc.report.picture.family import FAMILIES, faces
from cnncalc.report.picture.frame import bounds
from cnncalc.report.picture.options import CannotDraw, Drawing
from cnncalc.report.picture.scene import FONTS, REST_GAP, Part, Path, Point, Polygon, Rect, Scene, ShapeGroup, Text
from cnncalc.report.picture.svg import PAGE, number
from cnncalc.subject import Subject

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "×": r"$\times$", "−": "$-$", "·": r"$\cdot$", "…": r"\dots{}", "→": r"$\to$", "✗": r"$\times$",
    "≥": r"$\ge$", "≤": r"$\le$", "≠": r"$\ne$", "⌈": r"$\lceil$", "⌉": r"$\rceil$", "²": r"\textsuperscript{2}",
    "∗": "*", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
}  # fmt: skip
_LINES = {
    "edge": "line", "skip": "skip", "frameline": "frame,dashed", "bracket": "frame", "panel": "frame",
    "badline": "bad,line width=1.2pt", "warnline": "warn,line width=1.2pt",
}  # fmt: skip
_INK = {"kind": "soft", "sub": "soft", "note": "soft", "error": "bad", "frame": "soft"}
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
#: TeX can hold no coordinate beyond this many points.
LARGEST = 16_000


SUFFIXES = (".tex", ".tikz")


def draw(subject: Subject, options: Drawing) -> Picture:
    found = scene(subject, options)
    return Picture(text(found), width_note(found, options))


def text(found: Scene) -> str:
    """The document. Raises CannotDraw."""
    if max(found.width, found.height) > LARGEST:
        size = f"{max(found.width, found.height):,.0f} points"
        raise CannotDraw(f"the picture takes {size} and TeX draws at most {LARGEST:,}; fold it by --depth, or draw it as svg")
    colours = {name: colour for name, (colour, _) in PAGE.items()}
    for family in FAMILIES.values():
        for face, colour in zip(("", "t", "s"), faces(family), strict=True):
            colours[f"f{family.name}{face}"] = colour
    lines = [
        "% Compile with pdflatex. Needs the packages standalone and tikz.",
        r"\documentclass[tikz,border=0pt]{standalone}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage{textcomp}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        r"\renewcommand{\familydefault}{\sfdefault}",
        *(rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for name, colour in colours.items()),
        r"\begin{document}",
        r"\begin{tikzpicture}[x=0.75pt,y=-0.75pt,line width=0.6pt]",
        rf"\useasboundingbox (0,0) rectangle ({number(found.width)},{number(found.height)});",
        *_parts(found.parts),
        r"\end{tikzpicture}",
        r"\end{document}",
        "",
    ]
    return "\n".join(lines)


def _parts(parts: Iterable[Part]) -> list[str]:
    found = []
    for part in parts:
        if isinstance(part, ShapeGroup):
            found += _parts(part.parts)
        elif part.style != "paper":
            found.append(_shape(part))
    return found


def _shape(part: Polygon | Rect | Path | Text) -> str:
    if isinstance(part, Polygon):
        return rf"{_area(part.style)} {' -- '.join(map(_point, part.points))} -- cycle;"
    if isinstance(part, Rect):
        corners = f"{_point((part.x, part.y))} rectangle {_point((part.x + part.width, part.y + part.height))}"
        command = rf"\draw[{_LINES[part.style]}]" if part.style in _LINES else _area(part.style)
        if part.radius:
            command = command.replace("]", f",rounded corners={number(0.75 * part.radius)}pt]", 1)
        return f"{command} {corners};"
    if isinstance(part, Path):
        steps = "".join(
            f" -- {_point(step[0])}"
            if len(step) == 1
            else f" .. controls {_point(step[0])} and {_point(step[1])} .. {_point(step[2])}"
            for step in part.steps
        )
        return rf"\draw[{_LINES.get(part.style, 'line')}] {_point(part.start)}{steps};"
    options = f"anchor={_ANCHORS[part.anchor]},inner sep=0pt,text={_INK.get(part.style, 'ink')},font={_font(part.style)}"
    rest = ""
    if part.rest:
        rest = rf"\hspace{{{number(0.75 * REST_GAP)}pt}}{{{_font('kind')}\color{{{_INK['kind']}}}{escaped(part.rest)}}}"
    inside = escaped(part.text) + rest
    if "U+" in escaped(part.text + part.rest) and "U+" not in part.text + part.rest:
        # The numbers take no more room than the letters.
        left, _, right, _ = bounds([part])
        inside = rf"\resizebox{{{number(0.75 * (right - left))}pt}}{{!}}{{{inside}}}"
    return rf"\node[{options}] at {_point((part.x, part.y))} {{{inside}}};"


def _font(style: str) -> str:
    size, bold = FONTS[style]
    # Computer Modern's sans serif is as wide at 0.75 of the size as the fonts that the widths were computed for.
    series = r"\bfseries" if bold else r"\mdseries"
    return rf"\fontsize{{{number(0.75 * size)}}}{{{number(0.9 * size)}}}\selectfont{series}"


def _area(style: str) -> str:
    if style in ("head", "skiphead"):
        return rf"\fill[{'skip' if style == 'skiphead' else 'line'}]"
    if style.startswith("f-"):
        return rf"\filldraw[fill=f{style[2:]},draw=rim,line width=0.3pt]"
    fill, edge = {"card": ("card", "frame"), "cell": ("paper", "line"), "pad": ("card", "frame")}.get(style, ("card", "frame"))
    return rf"\filldraw[fill={fill},draw={edge}]"


def _point(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"


def escaped(text: str) -> str:
    r"""Text as LaTeX prints it; characters that pdflatex has no letter for become their number.

    >>> escaped("a_1 & 50%"), escaped("層")
    ('a\\_1 \\& 50\\%', 'U+5C64')
    """
    return "".join(_SIGNS.get(c) or (c if " " <= c <= "~" else f"U+{ord(c):04X}") for c in text)
