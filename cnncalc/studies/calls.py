"""`layer`, `solve`, `sizes` and `diff` as functions of Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

from cnncalc.build.reading import Source
from cnncalc.bundled import resolve
from cnncalc.language.overrides import Options, Sizes, shape_text, word
from cnncalc.layers import KINDS, Join
from cnncalc.network import Network, load
from cnncalc.problem import Problem, SpecError
from cnncalc.studies.single import Single, Words, read

if TYPE_CHECKING:
    from cnncalc.analysis.comparison import Difference
    from cnncalc.graph import Node
    from cnncalc.studies.sizes import Survey
    from cnncalc.studies.solve import Solution


def layer(input: Sizes, *kind: str, fit: str | None = None, layout: str | None = None, **fields: Any) -> Node:  # noqa: A002
    """Return one layer on one input; its `fits` says whether the stride fits.

    Raises ValueError for words that describe no layer, SpecError for a layer that cannot take the input.

    >>> found = layer("32x32x3", conv=10, kernel_size=5, padding=2)
    >>> found.shape, found.parameters
    (Shape(32, 32, 10), 760)
    """
    single = Single(_words(input, kind, fields), fit=fit, layout=layout)
    problems = single.reworded(single.network.problems)
    if single.node.shape is None or any(problem.rule != "stride-fit" for problem in problems):
        raise SpecError(problems)
    return single.node


def solve(
    input: Sizes,  # noqa: A002
    *kind: str,
    output: str | Sequence[int] | None = None,
    bounds: Mapping[str, int] | None = None,
    layout: str | None = None,
    **fields: Any,
) -> list[Solution]:
    """Every value of the open fields that fits, or that gives `output`, best first.

    kernel_size, stride and padding are open if they are left out, any field with the value "?". `bounds` says how far fields
    are searched. Raises ValueError and SpecError as `layer` does.

    >>> [found.values for found in solve((32, 32, 3), conv=10, kernel_size=5, stride=1, output="32x32")]
    [{'padding': ((2, 2),)}]
    """
    from cnncalc.studies.question import Wrong, question

    wanted = output if output is None else shape_text(output)
    if bounds is not None and not isinstance(bounds, Mapping):
        raise TypeError(f"bounds are written as {{'kernel_size': 7}}; got {bounds!r:.200}")
    limits = [f"{name}={most}" for name, most in (bounds or {}).items()]
    try:
        search, target, _ = question(_words(input, kind, fields), bounds=limits, output=wanted, layout=layout)
    except Wrong as error:
        raise SpecError(error.problems) from None
    return search.solutions(target)


def sizes(spec: str | os.PathLike[str], *, max: int | None = None, **changes: Any) -> dict[str, Survey]:  # noqa: A002
    """For each input the sizes on which a network works, and for equal inputs together, as `a = b`; `changes` as for `load`.

    Raises SpecError.

    >>> sizes("unet", max=300)["input"].smallest
    Shape(188, 188, 1)
    """
    from cnncalc.studies.oracle import MOST, Oracle
    from cnncalc.studies.sizes import surveys

    if max is not None and (isinstance(max, bool) or not isinstance(max, int) or not 1 <= max <= MOST):
        raise ValueError(f"max is a whole number from 1 to {MOST:,}, not {max!r:.200}")
    unknown = [name for name in changes if name not in Options._fields]
    if unknown:
        raise TypeError(f"sizes takes no {unknown[0]}")
    oracle = Oracle(Source(resolve(os.fsdecode(spec))), Options(**changes))
    lasting: list[Problem] = oracle.lasting_problems()
    if lasting:
        raise SpecError(lasting)
    return {name: found for name, (_, found) in surveys(oracle, max).items()}


def diff(before: Network | str | os.PathLike[str], after: Network | str | os.PathLike[str]) -> Difference:
    """The layers that differ between two networks, in order, and the totals of both; false if nothing differs.

    >>> bool(diff("alexnet", "alexnet")), diff("resnet18", "resnet50").totals["parameters"]
    (False, (11689512, 25557032))
    """
    from cnncalc.analysis.comparison import compare

    first, second = (side if isinstance(side, Network) else load(side) for side in (before, after))
    return compare(first, second)


def _words(given: Sizes, kind: Sequence[str], fields: Mapping[str, Any]) -> Words:
    """Return the words of the command line for the same layer. Raises TypeError for a kind that is no text."""
    wrong = [one for one in kind if not isinstance(one, str)]
    if wrong:
        raise TypeError(f"a layer is written as layer('32x32x3', conv=10, kernel_size=5); got {wrong[0]!r:.200}")
    return read([shape_text(given), *kind, *(name if value is None else _word(name, value) for name, value in fields.items())])


def _word(name: str, value: Any) -> str:
    """Return the word for a field; the value of a join is one shape or several."""
    if name not in KINDS or not issubclass(KINDS[name], Join):
        return f"{name}={word(value)}"
    several = isinstance(value, (list, tuple)) and value and not isinstance(value[0], SupportsIndex)
    return f"{name}={','.join(map(shape_text, value if several else [value]))}"
