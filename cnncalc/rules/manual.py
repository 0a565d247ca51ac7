"""The manual of every rule, error or warning, by name."""

from __future__ import annotations

from cnncalc.problem import ERROR_RULES, RULES


def manual(name: str) -> str:
    """What a rule means, why, a wrong and a right example, and how to mend; its first paragraph is the summary."""
    if name in ERROR_RULES:
        from cnncalc.rules import errors

        return errors.manual(name)
    from cnncalc import rules

    return rules.RULES[name].manual


def level(name: str) -> str:
    """`error`, `warning` or `note`. Raises KeyError where there is no such rule."""
    return "error" if name in ERROR_RULES else RULES[name]
