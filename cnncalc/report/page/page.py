"""The page about one network."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.analysis.memory import Memory
from cnncalc.machine import written
from cnncalc.problem import Problem
from cnncalc.report import words
from cnncalc.report.network import footer
from cnncalc.report.page.assets import SCRIPT, STYLE
from cnncalc.report.page.charts import memory_curve
from cnncalc.report.page.table import table
from cnncalc.report.picture import svg
from cnncalc.report.picture.draw import scene
from cnncalc.report.picture.options import CannotDraw, Drawing
from cnncalc.report.picture.svg import escaped
from cnncalc.report.problems.base import Lines
from cnncalc.report.problems.text import excerpt
from cnncalc.subject import Subject


def page(subject: Subject, problems: Iterable[Problem], lines: Lines) -> str:
    """Return the HTML file. `lines` are the source lines of the problems."""
    memory = Memory(subject.graph)
    body = [
        f"<h1>{escaped(_short(words.sentence(subject.name)))}</h1>",
        *(
            f'<p class="about">{escaped(_short(words.sentence(text)))}</p>'
            for text in (subject.description, subject.source)
            if text
        ),
        totals(subject, memory),
        problem_list(problems, lines),
        section("Picture", picture(subject, "volumes")),
    ]
    if any(group.kind == "block" for group in subject.graph.groups):
        body.append(section("Blocks", picture(subject, "blocks")))
    body.append(section("Layers", table(subject, memory)))
    curve = memory_curve(memory)
    if curve is not None:
        text = (
            "Bytes of tensors in float32 that are live while each layer is computed, for one example: layers run in the order "
            "of the file, and a result is freed after its last reader."
        )
        body.append(
            section("Memory during inference", f"<p>{text}</p>" + scrolled("memory curve", svg.text(curve, standalone=False)))
        )
    remarks = footer.notes(subject)
    if remarks:
        body.append(section("Notes", "<ul>" + "".join(f"<li>{escaped(note)}</li>" for note in remarks) + "</ul>"))
    return document(subject.name, body)


def document(title: str, body: Iterable[str]) -> str:
    """A whole HTML file. Its policy allows no script but its own and fetches nothing."""
    import base64
    import hashlib

    from cnncalc import __version__

    own = base64.b64encode(hashlib.sha256(SCRIPT.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{own}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(_short(words.sentence(title)))}</title>",
            f"<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            *body,
            f"<footer>Made by cnncalc {__version__}. MACs are multiply-accumulates of one example; bias, pooling, activations "
            "and normalisation count none.</footer>",
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def section(title: str, inside: str) -> str:
    return f"<section>\n<h2>{escaped(title)}</h2>\n{inside}\n</section>"


def scrolled(label: str, inside: str, *, tall: bool = False) -> str:
    """A region that scrolls sideways on a narrow screen, for the keyboard too."""
    style = "scroll tall" if tall else "scroll"
    return f'<div class="{style}" role="region" aria-label="{escaped(label)}" tabindex="0">\n{inside}\n</div>'


def totals(subject: Subject, memory: Memory) -> str:
    """Parameters, MACs and memory as cards."""
    cards = [(total.name, total.text, total.note) for total in footer.totals(subject)]
    at = memory.peak_at
    if at is not None:
        peak = f"{words.at_least(subject, 'peak_memory')}{written(memory.peak)}"
        cards.append(("peak memory", peak, f"of activations during inference, at {_short(at.name)}"))
    inside = "".join(
        f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)} <small>{escaped(note)}</small></dd></div>"
        for name, value, note in cards
    )
    return f'<dl class="totals">{inside}</dl>'


def picture(subject: Subject, style: str, label: str = "") -> str:
    """A picture, or why there is none; `label` names it for those who cannot see it."""
    try:
        # The page has its own list of problems.
        found = scene(subject, Drawing(style, title="", problems=False))
    except CannotDraw as error:
        return f"<p>{escaped(str(error))}</p>"
    return scrolled(label or f"picture: {style}", svg.text(found, standalone=False))


def problem_list(problems: Iterable[Problem], lines: Lines) -> str:
    """Each problem with its place and its line of the file."""
    found = []
    for problem in problems:
        style = {"error": "bad", "warning": "warn"}.get(problem.level, "about")
        line = lines.get((problem.file, problem.location.line))
        source = f'<pre tabindex="0">{escaped(excerpt(problem, line))}</pre>' if line is not None else ""
        place, _, message = str(problem).partition(f"{problem.level}: ")
        where = f'<span class="where">{escaped(place.rstrip(": "))}</span>' if place else ""
        text = escaped(_short(message, 1000))
        found.append(f'<li><strong class="{style}">{escaped(problem.level)}</strong> {text}{where}{source}</li>')
    if not found:
        return '<p class="good">✓ No problems.</p>'
    return section("Problems", f'<ul class="problems">{"".join(found)}</ul>')


def _short(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[: longest - 100]}…{text[-80:]}"
