"""`layer`, `solve`, `sizes` and `diff` as functions of Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncalc.build.reading import Source
from cnncalc.bundled import resolve
from cnncalc.language.overrides import Options, word
from cnncalc.network import Network, load
from cnncalc.problem import Problem, SpecError
from cnncalc.studies.single import USAGE, Single, Words, read

if TYPE_CHECKING:
    from cnncalc.analysis.comparison import Difference
    from cnncalc.graph import Node
    from cnncalc.studies.sizes import Survey
    from cnncalc.studies.solve import Solution

Input = str | Sequence[int] | Mapping[str, int]
"""A shape as text or sizes, or tokens as {"tokens": 56, "vocabulary": 20000}."""


def layer(input: Input, *kind: str, fit: str | None = None, layout: str | None = None, **fields: Any) -> Node:  # noqa: A002
    """Return one layer on one input; its `fits` says whether the stride fits.

    Raises ValueError for words that describe no layer, SpecError for a layer that cannot take the input.

    >>> found = layer("32x32x3", conv=10, kernel_size=5, padding=2)
    >>> found.shape, found.parameters
    (Shape(32, 32, 10), 760)
    """
    single = Single(_words(input, kind, fields), fit=fit, layout=layout)
    problems = single.reworded(single.network.problems)
    if any(problem.rule in USAGE for problem in problems) or single.node.shape is None:
        raise SpecError(problems)
    return single.node


def solve(
    input: Input,  # noqa: A002
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

    wanted = output if output is None or isinstance(output, str) else "x".join(map(str, output))
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
    from cnncalc.studies.oracle import Oracle
    from cnncalc.studies.sizes import surveys

    unknown = [name for name in changes if name not in Options._fields]
    if unknown:
        raise TypeError(f"sizes takes no {unknown[0]}")
    oracle = Oracle(Source(resolve(os.fspath(spec))), Options(**changes))
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


def _words(given: Input, kind: Sequence[str], fields: Mapping[str, Any]) -> Words:
    """Return the words of the command line for the same layer."""
    if isinstance(given, Mapping):
        text = "{" + ", ".join(f"{name}: {size}" for name, size in given.items()) + "}"
    else:
        text = given if isinstance(given, str) else "x".join(map(str, given))
    return read([text, *kind, *(name if value is None else f"{name}={word(value)}" for name, value in fields.items())])
