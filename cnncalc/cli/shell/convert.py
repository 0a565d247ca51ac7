"""A file that the shell loads: conversion from another format, and the shapes of the option --input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncalc.cli import output
from cnncalc.cli.shell.typed import Refused
from cnncalc.problem import Problem, one_line

if TYPE_CHECKING:
    from cnncalc.network import Network


def told(problem: Problem, file: str) -> str:
    """A problem of a file as text, without its level, which the shell prints."""
    at = problem.location
    place = f"{file}:{at.line}:{at.column}" if at.line else file
    return one_line(f"{place}: {problem.message} [{problem.rule}]")


def converted_text(file: str, shapes: tuple[str, ...]) -> str | None:
    """Convert a file of another format to cnncalc's YAML; None if it is YAML already. Raises Refused and SpecError.

    `shapes` are the values of the option --input, which such a file may need.
    """
    from cnncalc.build.reading import Source
    from cnncalc.formats import format_of
    from cnncalc.network import load
    from cnncalc.report.network.yaml import CannotWrite, text

    if format_of(Source(file)) is None:
        return None
    network = load(file, input=shapes)
    errors = [problem for problem in network.problems if problem.level == "error"]
    if errors:
        raise Refused("\n".join(told(problem, file) for problem in errors))
    try:
        found = text(network)
    except CannotWrite as error:
        raise Refused(f"{file} cannot be converted to cnncalc's language: {error}") from None
    output.say(f"  {one_line(file)} was converted to cnncalc's language; save FILE writes it\n")
    return found


def input_value(shapes: tuple[str, ...], network: Network | None) -> str:
    """The values of the option --input as the value of the key `input`. Raises Refused unless every input has a shape."""
    if len(shapes) == 1 and "=" not in shapes[0]:
        return shapes[0]
    found = {name: shape for name, _, shape in (text.rpartition("=") for text in shapes)}
    names = [source.name for source in network.inputs] if network is not None else []
    if sorted(names) != sorted(found):
        needed = " ".join(f"--input {name}=SHAPE" for name in names)
        raise Refused(f"the network has the inputs {', '.join(names)}; give each a shape: {needed}")
    return f"{{{', '.join(f'{name}: {shape}' for name, shape in found.items())}}}"
