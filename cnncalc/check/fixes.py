"""Safe fixes of a text, and a file replaced as a whole or not at all."""

from __future__ import annotations

from cnncalc import network
from cnncalc.check.examine import check_text
from cnncalc.check.settings import Settings
from cnncalc.place import apply, inside
from cnncalc.problem import Fix, Problem, SpecError

_PASSES = 10
#: The most fixes of one file that are tried out.
_TRIED = 200


def fixed(text: str, file: str | None, settings: Settings) -> str:
    """`text` with all safe fixes applied. A fix that makes anything worse is left out."""
    now = _outline(text)
    if now is None:
        return text
    problems, _ = check_text(text, file, settings)
    for _ in range(_PASSES):
        fixes = [fix for problem in problems for fix in problem.fixes if fix.safe]
        if not fixes:
            break
        after_fixes = apply(text, fixes)
        after, _ = check_text(after_fixes, file, settings)
        if _outline(after_fixes) != now or _errors(after) - _errors(problems):
            break
        text, problems = after_fixes, after
    return text


def lasting(problems: list[Problem], net: network.Network, settings: Settings) -> list[Problem]:
    """Return the problems without fixes that leave another layer of the same row with the problem.

    A fix is computed for one layer. If a row makes several, because it is repeated or stands in a block, the text is read again
    with each of its fixes; beyond `_TRIED` fixes, the others are left out.
    """
    tried = 0
    found = []
    for problem in problems:
        if problem.fixes and sum(inside(problem.location, node.location) for node in net.graph.nodes) > 1:
            fixes = problem.fixes[: max(0, _TRIED - tried)]
            tried += len(fixes)
            fixes = tuple([fix for fix in fixes if solves(net.reading.text, net.file, settings, problem, fix)])
            found.append(problem._replace(fixes=fixes))
        else:
            found.append(problem)
    return found


def solves(text: str, file: str | None, settings: Settings, problem: Problem, fix: Fix) -> bool:
    """Return whether a fix leaves the text without the problem at that place."""
    after, _ = check_text(apply(text, [fix]), file, settings)
    return not any(one.rule == problem.rule and one.location[:2] == problem.location[:2] for one in after)


def _outline(text: str) -> list[tuple[str, str, str]] | None:
    """Everything that a fix may not change: the layers with their kinds and shapes."""
    try:
        net = network.loads(text)
    except SpecError:
        return None
    return [(node.name, node.kind, str(node.shape)) for node in net.layers]


def _errors(problems: list[Problem]) -> set[tuple[str, str | None, str]]:
    return {(p.rule, p.layer, p.message) for p in problems if p.level == "error"}


def replace(file: str, before: bytes, text: str) -> None:
    """Put `text` in the place of a file that still holds `before`, byte order mark included. Raises OSError."""
    from cnncalc.files import replace_unchanged

    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    replace_unchanged(file, before, mark + text.encode("utf-8"))
