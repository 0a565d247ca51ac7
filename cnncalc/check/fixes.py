"""Safe fixes of a text, and a file replaced as a whole or not at all."""

from __future__ import annotations

from cnncalc import network
from cnncalc.check.examine import check_text
from cnncalc.check.settings import Settings
from cnncalc.place import apply
from cnncalc.problem import Problem, SpecError

_PASSES = 10


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
