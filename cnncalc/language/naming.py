"""Names the rows of a body."""

from __future__ import annotations

from cnncalc.build.problems import Problems
from cnncalc.language.names import number
from cnncalc.language.row import Body, Row
from cnncalc.values import written


def name_rows(body: Body, problems: Problems) -> None:
    """Name the rows, report names used twice, and do the same in branches."""
    for row in body.rows:
        for branch in row.branches.values():
            name_rows(branch, problems)
    given = [row.row_keys.get("name") for row in body.rows]
    stems = [row.stem for row in body.rows]
    if any(a is not None and a.dynamic for a in given) or not all(isinstance(s, str) for s in stems):
        return
    body.static_names = number([a.value if a is not None else None for a in given], stems)  # type: ignore[arg-type,misc]  # static
    seen: dict[str, Row] = {}
    for row, argument, name in zip(body.rows, given, body.static_names, strict=True):
        if argument is not None and name in seen:
            problems.add("name", argument.location, f"the name {written(name)} is taken by the row on line {seen[name].at.line}")
            row.reported = True
        seen.setdefault(name, row)
