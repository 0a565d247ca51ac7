"""Which results are live at each step: small schedules, counted by hand."""

import cnncalc
from cnncalc.analysis.liveness import ScheduleStep, Storages, last_readings
from cnncalc.graph import Graph


def schedule(text: str) -> tuple[Graph, list[ScheduleStep]]:
    graph = cnncalc.loads(text).graph
    return graph, [ScheduleStep(node.inputs, node) for node in graph.nodes]


def names(frees):
    return [[source.name for source in step] for step in frees]


def live(text: str) -> list[int]:
    """Numbers that are live at each step."""
    graph, steps = schedule(text)
    frees = last_readings(steps, graph.outputs)
    return list(Storages(steps, graph.inputs, frees, lambda s: s.flow.size, lambda n: n.layer.reuse(False)).walk())


BRANCHES = """\
input: 4x4x2
layers:
  - {conv: 3, kernel_size: 1, name: a}
  - {conv: 5, kernel_size: 1, name: b}
  - {conv: 3, kernel_size: 1, name: c}
  - {add: a, name: d}
"""


def test_a_result_is_freed_after_the_last_step_that_reads_it():
    graph, steps = schedule(BRANCHES)
    assert names(last_readings(steps, graph.outputs)) == [["input"], [], ["b"], ["c", "a"]]
    assert names(last_readings(steps, [*graph.outputs, *graph.inputs])) == [[], [], ["b"], ["c", "a"]]


def test_a_result_that_nothing_reads_is_freed_at_once():
    graph, steps = schedule(BRANCHES + "  - {conv: 9, kernel_size: 1, name: unread, from: d}\n  - {relu: , from: d}\n")
    assert names(last_readings(steps, graph.outputs))[-2:] == [["unread"], ["d"]]


def test_live_numbers_are_inputs_results_and_what_is_read_later():
    cells = 4 * 4
    # input + a; a + b; a + b + c; c + a + d.
    assert live(BRANCHES) == [cells * n for n in (2 + 3, 3 + 5, 3 + 5 + 3, 3 + 3 + 3)]


def test_in_place_only_if_nothing_else_reads_the_input():
    rows = "layers:\n  - {conv: 3, kernel_size: 1, name: a}\n  - {relu: , name: b}\n"
    assert live(f"input: 4x4x2\n{rows}  - {{fc: 1}}\n") == [16 * 5, 16 * 3, 16 * 3 + 1]
    # Now a is read again: relu needs memory of its own.
    assert live(f"input: 4x4x2\n{rows}  - {{add: a}}\n") == [16 * 5, 16 * 6, 16 * 9]


def test_a_view_takes_no_memory_and_keeps_what_it_looks_at():
    rows = '  - {conv: 6, kernel_size: 1, name: a}\n  - {slice: "0:2", name: s}\n  - {conv: 4, kernel_size: 1, name: b}\n'
    # The slice keeps all six channels of a until b has read it; relu may not overwrite a while s is live.
    assert live(f"input: 4x4x1\nlayers:\n{rows}  - {{fc: 1}}\n") == [16 * 7, 16 * 6, 16 * (6 + 4), 16 * 4 + 1]
    more = "  - {relu: , from: a, name: r}\n  - {conv: 2, kernel_size: 1, from: s}\n  - {add: r}\n"
    text = f"input: 4x4x1\nlayers:\n{rows.replace('conv: 4', 'conv: 6')}{more.replace('conv: 2', 'conv: 6')}"
    assert live(text)[3] == 16 * (6 + 6)


def test_the_newest_result_in_each_piece_of_memory_is_named():
    graph, steps = schedule(
        "input: 4x4x2\nlayers:\n  - {conv: 3, kernel_size: 1, name: a}\n  - relu\n  - {conv: 9, kernel_size: 1}\n"
    )
    frees = last_readings(steps, graph.outputs)
    found = Storages(steps, graph.inputs, frees, lambda s: s.flow.size, lambda n: n.layer.reuse(False))
    assert [source.name for source in found.live_at(2)] == ["relu1", "conv2"]
