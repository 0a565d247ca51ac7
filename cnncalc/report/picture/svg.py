"""A picture as self-contained SVG: no script, no font, nothing fetched; light and dark by the reader's preference."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cnncalc.report.picture.family import FAMILIES, faces
from cnncalc.report.picture.scene import FONTS, REST_GAP, Part, Path, Point, Polygon, Rect, Scene, ShapeGroup, Text

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})

#: Colours of the page: light, dark.
PAGE = {
    "paper": ("#ffffff", "#0d1117"), "ink": ("#1f2328", "#e6edf3"), "soft": ("#57606a", "#9da7b3"),
    "line": ("#6e7781", "#8b949e"), "rim": ("#24292f", "#0d1117"), "card": ("#f6f8fa", "#161b22"),
    "frame": ("#afb8c1", "#484f58"), "bad": ("#cf222e", "#ff7b72"), "warn": ("#9a6700", "#d29922"),
    "skip": ("#0969da", "#58a6ff"),
}  # fmt: skip


def text(scene: Scene, *, standalone: bool = True) -> str:
    """The file. Inside an HTML page, `standalone` off leaves out the XML namespace."""
    # Whole pixels: a renderer that rounds a fraction scales the picture.
    width, height = math.ceil(scene.width), math.ceil(scene.height)
    space = 'xmlns="http://www.w3.org/2000/svg" ' if standalone else ""
    head = f'<svg {space}viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    body = "\n".join(_parts(scene.parts))
    about = f"<title>{escaped(scene.title)}</title>\n<desc>{escaped(scene.description)}</desc>"
    return f"{head}\n{about}\n<style>{style(scene)}</style>\n{body}\n</svg>\n"


def style(scene: Scene) -> str:
    """The rules for the classes that a picture uses; the dark ones follow in a media query."""
    used = {shape.style for shape in scene.shapes()}
    if any(isinstance(shape, Text) and shape.rest for shape in scene.shapes()):
        used.add("kind")
    return f"\n{_rules(used, 0)}\n@media (prefers-color-scheme: dark) {{\n{_rules(used, 1)}\n}}\n"


def _rules(used: set[str], mode: int) -> str:
    page = {name: colours[mode] for name, colours in PAGE.items()}
    rules = {
        "paper": f"fill:{page['paper']}",
        "edge": f"fill:none;stroke:{page['line']};stroke-width:1.3",
        "skip": f"fill:none;stroke:{page['skip']};stroke-width:1.5",
        "head": f"fill:{page['line']}",
        "skiphead": f"fill:{page['skip']}",
        "card": f"fill:{page['card']};stroke:{page['frame']}",
        "bracket": f"fill:none;stroke:{page['frame']}",
        "frameline": f"fill:none;stroke:{page['frame']};stroke-dasharray:4 3",
        "panel": f"fill:none;stroke:{page['frame']}",
        "badline": f"fill:none;stroke:{page['bad']};stroke-width:2",
        "warnline": f"fill:none;stroke:{page['warn']};stroke-width:2",
        "cell": f"fill:{page['paper']};stroke:{page['line']}",
        "grid": f"stroke:{page['frame']};stroke-width:.6",
        "area": f"fill:{page['skip']};fill-opacity:.18",
        "curve": f"fill:none;stroke:{page['skip']};stroke-width:1.5",
        "dot": f"fill:{page['bad']}",
        "unread": f"fill:{page['bad']};fill-opacity:.3",
        "cone": f"fill:{page['skip']};fill-opacity:.12",
        "win1": f"fill:{page['skip']};fill-opacity:.45",
        "win2": "fill:#e69f00;fill-opacity:.5",
        "win3": "fill:#009e73;fill-opacity:.4",
        "win1line": f"fill:none;stroke:{page['skip']};stroke-width:2",
        "win2line": "fill:none;stroke:#e69f00;stroke-width:2",
        "win3line": "fill:none;stroke:#009e73;stroke-width:2",
        "hover": "fill:#000;fill-opacity:0",
        "pad": f"fill:{page['card']};stroke:{page['frame']};stroke-dasharray:2 2",
    }
    for name, (size, bold) in FONTS.items():
        colour = {"kind": "soft", "sub": "soft", "note": "soft", "error": "bad", "frame": "soft"}.get(name, "ink")
        # The kind may stand inside a bold line.
        weight = ";font-weight:600" if bold else ";font-weight:400" if name == "kind" else ""
        rules[name] = f"font-size:{size}px{weight};fill:{page[colour]}"
    rim = f"stroke:{page['rim']};stroke-width:.6;stroke-linejoin:round"
    for family in FAMILIES.values():
        for face, colour in zip(("", "t", "s"), faces(family), strict=True):
            rules[f"f-{family.name}{face}"] = f"fill:{colour};{rim}"
    first = ["text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif}"] if not mode else []
    return "\n".join(first + [f".{name}{{{rule}}}" for name, rule in rules.items() if name in used])


def _parts(parts: Iterable[Part]) -> list[str]:
    found = []
    for part in parts:
        if isinstance(part, ShapeGroup):
            found += [f"<g><title>{escaped(part.title)}</title>" if part.title else "<g>", *_parts(part.parts), "</g>"]
        else:
            found.append(_shape(part))
    return found


def _shape(part: Polygon | Rect | Path | Text) -> str:
    style = f'class="{part.style}"'
    if isinstance(part, Polygon):
        return f'<polygon {style} points="{" ".join(map(_point, part.points))}"/>'
    if isinstance(part, Rect):
        radius = f' rx="{number(part.radius)}"' if part.radius else ""
        place = f'x="{number(part.x)}" y="{number(part.y)}" width="{number(part.width)}" height="{number(part.height)}"'
        return f"<rect {style} {place}{radius}/>"
    if isinstance(part, Path):
        steps = "".join(f"{'L' if len(step) == 1 else 'C'}{' '.join(map(_point, step))}" for step in part.steps)
        return f'<path {style} d="M{_point(part.start)}{steps}"/>'
    anchor = "" if part.anchor == "start" else f' text-anchor="{part.anchor}"'
    rest = f'<tspan class="kind" dx="{REST_GAP}">{escaped(part.rest)}</tspan>' if part.rest else ""
    return f'<text {style} x="{number(part.x)}" y="{number(part.y)}"{anchor}>{escaped(part.text)}{rest}</text>'


def _point(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def number(value: float) -> str:
    """A coordinate to a tenth of a pixel, the same on every machine.

    >>> number(2.0), number(-0.04), number(3.14159)
    ('2', '0', '3.1')
    """
    text = f"{value:.1f}"
    return "0" if text in ("-0.0", "0.0") else text.removesuffix(".0")


def escaped(text: str) -> str:
    """Text as XML holds it. Characters that XML forbids are left out, and the direction of right-to-left text ends with it."""
    kept = "".join(c for c in text if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff"))
    if any(c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" or "\u0590" <= c <= "\u08ff" for c in kept):
        kept = f"\u2068{kept}\u2069"
    return kept.translate(_ESCAPES)
