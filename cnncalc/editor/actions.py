"""Code actions: every fix of a problem, a comment that ignores its rule, and all safe fixes at once."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.check.fixes import solves
from cnncalc.editor.positions import BOM, Span
from cnncalc.editor.snapshot import Snapshot
from cnncalc.editor.symbols import Edit
from cnncalc.language.source import Sequence, last_line
from cnncalc.place import apply, inside
from cnncalc.problem import IGNORABLE, Problem


class Action(NamedTuple):
    """A change that an editor offers. `kind` is quickfix or source.fixAll; `problem` is the problem that it solves."""

    title: str
    kind: str
    edits: tuple[Edit, ...]
    problem: Problem | None
    preferred: bool = False


def actions(snapshot: Snapshot, span: Span) -> list[Action]:
    """Return the actions for the problems that a range touches."""
    start, end = snapshot.positions.offset(span.start), snapshot.positions.offset(span.end)
    found: list[Action] = []
    for problem in snapshot.problems_at(start, end):
        several = bool(problem.fixes) and _copies(snapshot, problem) > 1
        for fix in problem.fixes:
            if several and not solves(snapshot.text.removeprefix(BOM), snapshot.file, snapshot.settings, problem, fix):
                continue
            edit = Edit(snapshot.positions.between(*snapshot.range(fix.location)), fix.text)
            title = fix.title or f"Write {fix.text.strip()}"
            found.append(Action(title, "quickfix", (edit,), problem, preferred=fix.safe))
        ignore = _ignore(snapshot, problem)
        if ignore is not None:
            found.append(ignore)
    everything = fix_all(snapshot)
    if everything is not None and any(fix.safe for problem in snapshot.problems_at(start, end) for fix in problem.fixes):
        found.append(everything)
    return found


def _copies(snapshot: Snapshot, problem: Problem) -> int:
    """Return the number of layers made from the row with the problem."""
    nodes = snapshot.network.graph.nodes if snapshot.network is not None else []
    return sum(inside(problem.location, node.location) for node in nodes)


def fix_all(snapshot: Snapshot) -> Action | None:
    """Return all safe fixes as one edit; None if there is none."""
    fixes = [fix for problem in snapshot.problems for fix in problem.fixes if fix.safe]
    if not fixes or snapshot.recovered.blanked:
        return None
    body = snapshot.text.removeprefix(BOM)
    whole = Edit(snapshot.positions.between(len(snapshot.text) - len(body), len(snapshot.text)), apply(body, fixes))
    count = f"{len(fixes)} safe fix" + ("" if len(fixes) == 1 else "es")
    return Action(f"Apply {count} of cnncalc", "source.fixAll", (whole,), None)


def _ignore(snapshot: Snapshot, problem: Problem) -> Action | None:
    """A comment at the end of the problem's row that ignores its rule."""
    if problem.rule not in IGNORABLE or problem.rule in ("unused-ignore",) or not problem.location.line:
        return None
    line = _comment_line(snapshot, problem)
    positions = snapshot.positions
    start, end = positions.line_start(line), positions.line_end(line)
    content = snapshot.text[start:end]
    known = content.find("cnncalc: ignore[")
    title = f"Ignore {problem.rule} on this row"
    if known >= 0:
        close = content.find("]", known)
        if close < 0:
            return None
        edit = Edit(positions.between(start + close, start + close), f", {problem.rule}")
        return Action(title, "quickfix", (edit,), problem)
    if " #" in content or content.lstrip().startswith("#"):
        # A line has one comment, and an ignore is read at the beginning of a comment only.
        place = content.find(" #") + 1 if " #" in content else len(content) - len(content.lstrip())
        edit = Edit(positions.between(start + place, start + place), f"# cnncalc: ignore[{problem.rule}] ")
        return Action(title, "quickfix", (edit,), problem)
    return Action(title, "quickfix", (Edit(positions.between(end, end), f"  # cnncalc: ignore[{problem.rule}]"),), problem)


def _comment_line(snapshot: Snapshot, problem: Problem) -> int:
    """The 0-based line for the comment: the one the problem is on, or the row's last if text goes on behind that line."""
    at = snapshot.positions
    line = at.line_at(at.offset_at(problem.location.line, problem.location.column))
    offset = at.offset_at(problem.location.line, problem.location.column)
    for scope in snapshot.outline.scopes:
        if isinstance(scope.node, Sequence):
            for item in scope.node.items:
                flow = getattr(item, "flow", False)
                if flow and at.offset_at(item.line, item.column) <= offset <= at.offset_at(item.end_line, item.end_column):
                    return at.line_at(at.offset_at(last_line(item), 1))
    return line
