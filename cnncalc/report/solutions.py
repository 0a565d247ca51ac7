"""The solutions of `solve` as a table and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncalc.analysis.layout import misread
from cnncalc.layers.option import Every
from cnncalc.report.grid import grid
from cnncalc.report.network.footer import maybe_image
from cnncalc.report.network.table import Row, wrapped
from cnncalc.studies.solve import Search, Solution


def rows(search: Search, solutions: Sequence[Solution], layout: str, width: int | None = None) -> list[Row]:
    """One line per solution: fields, output, parameters, MACs, and the formula if it is the same along all axes."""
    names = search.opened
    table = []
    for solution in solutions:
        formulas = list(dict.fromkeys(formula for _, formula in solution.layer.formulas(search.x)))
        table.append(
            [
                *(search.kind.options[name].type.show(solution.values[name]) for name in names),
                solution.shape.text(layout),
                f"{solution.inferred.parameters:,}",
                "?" if solution.inferred.macs is None else f"{solution.inferred.macs:,}",
                ", ".join(formulas),
            ]
        )
    head = [*names, "output", "parameters", "MACs", "formula"]
    if all(solution.inferred.parameters == solution.inferred.macs == 0 for solution in solutions):
        # Pooling has neither parameters nor MACs: leave out two columns of zeros.
        head = [*names, "output", "formula"]
        table = [[*line[:-3], line[-1]] for line in table]
    return grid(
        head, table, right={*names, "parameters", "MACs"}, width=width, spare=("formula", "MACs", "parameters"), whole=("output",)
    )


class ShownSolutions(NamedTuple):
    """The solutions to show (the nearest ones if none fits), the number of all solutions, and the required output."""

    shown: Sequence[Solution]
    total: int
    wanted: str | None


def answer(search: Search, found: ShownSolutions, layout: str, width: int | None, *, as_row: bool = False) -> list[Row]:
    """The table and the first solution as a command or a row of a spec; first a sentence if nothing fits."""
    result: list[Row] = []
    if not found.total:
        bounds = " and ".join(f"{name} up to {search.bound(name)}" for name in search.opened)
        nearest = "; the nearest outputs:" if found.shown and found.wanted else ""
        asked = f" with the output {found.wanted}" if found.wanted else ""
        text = f"nothing fits on {search.x.text(layout)}{asked}, with {bounds}{nearest}"
        result += [[(line, "")] for line in wrapped(text, width)]
    if found.shown:
        result += rows(search, found.shown, layout, width)
    if found.total > len(found.shown):
        result += [[], [(f"{found.total - len(found.shown):,} more fit; --limit 0 shows them", "")]]
    if found.shown and found.total:
        option = " --layout channels_first" if layout == "channels_first" else ""
        best = f"cnncalc layer {search.x.text(layout)} {typed(search, found.shown[0])}{option}"
        text = typed(search, found.shown[0], as_row=True) if as_row else best
        result += [[], [(f"the first one: {text}", "")]]
    readers = [solution.layer for solution in found.shown]
    doubt = maybe_image(search.x, layout) or misread(search.x, readers, layout, in_file=False)
    if doubt:
        result += [[], *([(line, "warning")] for line in wrapped(f"the input {doubt}", width))]
    return result


def document(search: Search, solutions: Sequence[Solution], total: int, layout: str) -> dict[str, Any]:
    """The solutions as plain data, for JSON, with windows for each axis."""
    found = []
    for solution in solutions:
        fields = solution.layer.fields(search.x)
        found.append(
            {
                **{name: fields[name] for name in search.opened},
                "shape": list(solution.shape.ordered(layout)),
                "parameters": solution.inferred.parameters,
                "macs": solution.inferred.macs,
            }
        )
    return {
        "schema_version": 1,
        "kind": search.kind.kind,
        "input": list(search.x.ordered(layout)),
        "open": search.opened,
        "total": total,
        "solutions": found,
    }


def written(value: Any, rank: int) -> str:
    """A field's value in the spec language, without blanks so that it is one word: `3`, `3x5`, `[[1,2],[1,2]]`."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, tuple):
        return str(value)
    if any(isinstance(part, tuple) and part[0] != part[1] for part in value):
        pairs = [list(part) for part in value] * (rank if isinstance(value, Every) else 1)
        return str(pairs).replace(" ", "")
    numbers = [str(part[0] if isinstance(part, tuple) else part) for part in value]
    return numbers[0] if len(set(numbers)) == 1 else "x".join(numbers)


def typed(search: Search, solution: Solution, *, as_row: bool = False) -> str:
    """The layer of a solution as words of the command line, quoted for any shell, or as a row of a spec."""
    kind = search.kind
    rank = search.x.rank
    values = {**search.given, **solution.values}
    pairs = [
        (kind.kind if declared.main else name, written(values[name], rank))
        for name, declared in kind.options.items()
        if name in values
    ]
    pairs.sort(key=lambda pair: pair[0] != kind.kind)
    if not pairs or pairs[0][0] != kind.kind:
        pairs.insert(0, (kind.kind, ""))
    if as_row:
        row = ", ".join(f"{name}: {value}" for name, value in pairs)
        return row if len(pairs) > 1 or pairs[0][1] else kind.kind
    return " ".join(quoted(f"{name}={value}" if value else name) for name, value in pairs)


def quoted(word: str) -> str:
    """A word of the command line, in quotes if a shell would interpret it: zsh reads `[` as a pattern."""
    import shlex

    return shlex.quote(word)
