"""A picture as a Mermaid flowchart in a fenced block, as GitHub draws it in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.report import words
from cnncalc.report.picture.captions import Captions, is_called_by_kind, named, printed_size
from cnncalc.report.picture.draw import Picture
from cnncalc.report.picture.family import FAMILIES
from cnncalc.report.picture.fold import Fold, Item
from cnncalc.report.picture.measure import clipped
from cnncalc.report.picture.options import CannotDraw, Drawing
from cnncalc.report.picture.units import fold_units
from cnncalc.subject import Subject

#: GitHub draws no flowchart beyond these (Mermaid's maxTextSize and maxEdges).
CHARACTERS = 50_000
EDGES = 500
_WIDEST = 300
_LIMITS = f"GitHub draws at most {EDGES} edges and {CHARACTERS:,} characters"
#: Colours on which white is easier to read than black.
_DARK = ("sequence", "other")


SUFFIXES = (".md", ".mmd", ".mermaid")


def draw(subject: Subject, options: Drawing) -> Picture:
    """The flowchart, folded as far as GitHub's limits demand, which a note then says. Raises CannotDraw."""
    depths = [None, *range(6, 0, -1)] if options.depth is None else list(range(options.depth, 0, -1))
    edges = 0
    fold = None
    for depth in depths:
        fold = Fold(subject, depth, frames=True, bands=False, like=fold)
        note = "" if depth == depths[0] else f"folded to --depth {depth}: {_LIMITS}"
        if len(fold.edges) > EDGES and not any(item.children for item in fold.items):
            # No deeper fold will help a network without blocks.
            fold_units(fold, EDGES // 2)
            note = f"folded where paths join: {_LIMITS}"
        edges = len(fold.edges)
        if edges > EDGES:
            continue
        text = _text(fold, subject, options, note)
        if len(text) <= CHARACTERS:
            return Picture(text, note)
    raise CannotDraw(
        f"the network does not fit into GitHub's limits for Mermaid, {EDGES} edges and {CHARACTERS:,} characters: "
        f"folded it has {edges:,} edges; draw it as svg, or put layers into blocks"
    )


def _text(fold: Fold, subject: Subject, options: Drawing, note: str) -> str:
    names: dict[int, str] = {}
    lines = ["```mermaid", "flowchart TB"]
    title = subject.name if options.title is None else options.title
    if title:
        lines.insert(1, f'---\ntitle: "{_in_yaml(clipped(words.sentence(title), 12, 600))}"\n---')
    if note:
        lines.append(f"%% {note}")
    _items(fold.items, names, lines, Captions(subject, options), "  ")
    for edge in fold.edges:
        output = printed_size(edge.flow, subject.layout)
        lines.append(f"  {names[id(edge.start)]} -- {_quoted(output)} --> {names[id(edge.end)]}")
    used: dict[str, list[str]] = {}
    for leaf in (leaf for item in fold.items for leaf in item.leaves()):
        used.setdefault(_family(leaf), []).append(names[id(leaf)])
    for name, family in FAMILIES.items():
        if name in used:
            ink = "#fff" if name in _DARK else "#000"
            lines.append(f"  classDef {name} fill:{family.colour},stroke:#57606a,color:{ink}")
            lines.append(f"  class {','.join(used[name])} {name}")
    bad = [names[id(leaf)] for item in fold.items for leaf in item.leaves() if leaf.mark == "error"]
    if bad:
        lines.append("  classDef bad stroke:#cf222e,stroke-width:4px")
        lines.append(f"  class {','.join(bad)} bad")
    return "\n".join([*lines, "```", ""])


def _family(item: Item) -> str:
    return item.family if item.family in FAMILIES else "other"


def _items(items: Iterable[Item], names: dict[int, str], lines: list[str], captions: Captions, indent: str) -> None:
    for item in items:
        own = names[id(item)] = f"n{len(names)}"
        if item.children:
            label = f"{named(item, _WIDEST)} {clipped(item.kind, 12, _WIDEST)}"
            lines.append(f"{indent}subgraph {own}[{_quoted(label)}]")
            _items(item.children, names, lines, captions, indent + "  ")
            lines.append(f"{indent}end")
        else:
            lines.append(f"{indent}{own}[{_quoted('<br/>'.join(_lines(item, captions)), keep_breaks=True)}]")


def _lines(item: Item, captions: Captions) -> list[str]:
    found = [_escaped(named(item, _WIDEST))] if captions.has("name") else []
    has_kind = item.source is None and not (captions.has("name") and is_called_by_kind(item))
    about = " ".join(filter(None, (item.kind if has_kind else "", item.text)))
    if item.is_shared:
        about = ", ".join(filter(None, (about, "shared weights")))
    if captions.has("kind") and about:
        found.append(_escaped(clipped(about, 12, _WIDEST)))
    return found + [_escaped(text) for text in captions.amounts(item)] or [" "]


def _quoted(text: str, *, keep_breaks: bool = False) -> str:
    return f'"{text if keep_breaks else _escaped(text)}"'


def _escaped(text: str) -> str:
    """Escape text for Mermaid: characters other than letters, digits and plain signs are written by number."""
    return "".join(c if _is_plain(c) else f"#{ord(c)};" for c in text)


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in " .,-_×/:+=()…·~✗∗"


def _in_yaml(text: str) -> str:
    r"""Escape text for the front matter, which is YAML: plain signs stay, and others are written by number.

    Mermaid leaves out what looks like a tag, so < and > become other signs.

    >>> print(_in_yaml('a "b" <c>'))
    a \u0022b\u0022 \u2039c\u203a
    """
    text = text.replace("<", "‹").replace(">", "›")
    return "".join(c if _is_plain(c) else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)
