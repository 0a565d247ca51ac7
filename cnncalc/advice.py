"""Advice that needs the whole network: the nearest inputs on which it works, and the layer that dropped a cell."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.analysis.layout import other_layout
from cnncalc.analysis.nearest import nearest_inputs
from cnncalc.build import misfit
from cnncalc.build.misfit import Misfit
from cnncalc.build.mismatch import Offer, RefusedInput, Unjoined
from cnncalc.build.reading import Reading
from cnncalc.graph import Input, Node
from cnncalc.problem import Problem, one_line
from cnncalc.refit import Refit
from cnncalc.shape import Flow, Shape


def advised(reading: Reading) -> list[Problem]:
    """The problems of a reading, with advice on the network's input where it helps."""
    problems = reading.problems
    if not any(
        isinstance(one.cause, (Misfit, RefusedInput)) or (isinstance(one.cause, Unjoined) and one.cause.sizes_differ)
        for one in problems
    ):
        return problems
    flows = nearest_inputs(reading.graph, by_channels="in_channels" in reading.text)
    return [_advised(problem, reading, flows) for problem in problems]


def _advised(problem: Problem, reading: Reading, found: Sequence[tuple[Flow, ...]]) -> Problem:
    cause = problem.cause
    offer = _offer(reading, found)
    if isinstance(cause, Misfit):
        if cause.reads_input and not offer.named:
            # The layer's own input is written as its windows are, without channels.
            shapes = [flow for (flow,) in found if isinstance(flow, Shape)]
            offer = Offer(tuple(misfit.written(Refit("input", shape.spatial)) for shape in shapes))
        text = cause.text(offer)
    elif isinstance(cause, Unjoined):
        # Other channels have another reason than the input's size.
        text = cause.text(_dropped(reading, cause), offer) if cause.sizes_differ else cause.text()
    elif isinstance(cause, RefusedInput):
        # An input in the wrong layout needs another order, not other sizes.
        turned = any(other_layout(reading.graph, source, reading.layout) for source in reading.graph.inputs)
        text = cause.text(None if turned else offer)
    else:
        return problem
    # Behind the sentence stands the number of copies.
    return problem._replace(message=text + problem.message[len(cause.text()) :])


def _offer(reading: Reading, found: Sequence[tuple[Flow, ...]]) -> Offer:
    """The inputs as advice: of several inputs, those that change, by name."""
    sources = reading.graph.inputs
    texts = []
    for flows in found:
        changed = [(source, flow) for source, flow in zip(sources, flows, strict=True) if flow != source.flow]
        named = [f"{one_line(source.name)} {flow.text(reading.layout)}" for source, flow in changed]
        texts.append(" and ".join(named) if len(sources) > 1 else changed[0][1].text(reading.layout))
    return Offer(tuple(texts), named=len(sources) > 1)


def _dropped(reading: Reading, cause: Unjoined) -> str:
    """The last layer on the way to one of the two results, and not to the other, that leaves cells unread."""
    by_name = {node.name: node for node in reading.graph.nodes}
    ways = [_before(by_name.get(side.name)) for side in (cause.first, cause.second)]
    for node in reversed(reading.graph.nodes):
        if (id(node) in ways[0]) != (id(node) in ways[1]) and any(node.unread):
            x = node.inputs[0].flow
            size = f" of {Shape(*x).text(reading.layout)}" if isinstance(x, Shape) else ""
            return f"{node.name} drops {misfit.unread(node)[0]}{size}"
    return ""


def _before(node: Node | None) -> set[int]:
    """The ids of a layer and of all that it depends on."""
    found: set[int] = set()
    todo: list[Node | Input] = [node] if node is not None else []
    while todo:
        one = todo.pop()
        if id(one) not in found:
            found.add(id(one))
            todo += one.inputs if isinstance(one, Node) else ()
    return found
