"""A graph built without any text: what every format other than cnncalc's own relies on."""

from __future__ import annotations

from cnncalc.build.builder import Builder
from cnncalc.build.changes import Changes, Override
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading, Source
from cnncalc.layers import KINDS
from cnncalc.network import Network
from cnncalc.shape import Shape


def builder(*overrides: Override) -> tuple[Builder, Problems]:
    problems = Problems("net.onnx")
    return Builder(problems, Changes(set=overrides)), problems


def layer(kind: str, **fields: str) -> object:
    found, faults = KINDS[kind].read(fields)
    assert faults == []
    return found


def test_shapes_parameters_and_groups() -> None:
    build, problems = builder()
    x = build.input("x", Shape(32, 32, 3))
    with build.group("features", "block", "features", reads=x) as features:
        conv = build.layer("features.conv", layer("conv", conv="10", kernel_size="5", padding="2"), [x])
        relu = build.layer("features.relu", layer("relu"), [conv])
    build.outputs([relu])
    assert problems.sorted() == []
    # 10 filters of 5x5x3 and a bias each: (75 + 1)·10.
    assert (conv.shape, conv.parameters) == (Shape(32, 32, 10), 760)
    assert (conv.group, features.result) == (features, relu)
    net = Network(Reading(Source("net.onnx"), build.graph, problems.sorted()))
    assert (net.name, net.parameters, net["features"].name) == ("net", 760, "features.relu")


def test_a_misfit_is_explained_without_a_line_and_carries_its_figures() -> None:
    build, problems = builder()
    x = build.input("x", Shape(7, 7, 3))
    build.layer("stem", layer("conv", conv="8", kernel_size="3", stride="3"), [x])
    (problem,) = problems.sorted()
    # (7 − 3)/3 + 1 = 2.33, the lecture's own example.
    assert str(problem).startswith("net.onnx: error: stem does not fit: (7 − 3 + 2·0)/3 + 1 = 2.33")
    assert (problem.rule, problem.layer, problem.fixes) == ("stride-fit", "stem", ())
    assert problem.cause.sizes == (7, 7)
    assert {("stride", (2, 2)), ("input", (6, 6)), ("input", (9, 9))} <= {(r.field, r.value) for r in problem.cause.refits}


def test_layers_without_lines_keep_their_problems_apart_and_in_order() -> None:
    build, problems = builder()
    x = build.input("x", Shape(7, 7, 3))
    for name in ("b", "a"):
        build.layer(name, layer("conv", conv="8", kernel_size="3", stride="3"), [x])
    assert [p.layer for p in problems.sorted()] == ["b", "a"]


def test_an_unreadable_layer_hides_nothing_behind_it() -> None:
    build, problems = builder()
    x = build.input("x", Shape(7, 7, 3))
    lost = build.layer("lost", None, [x], kind="Einsum")
    after = build.layer("after", layer("fc", fc="10"), [lost])
    assert (lost.kind, lost.shape, after.flow, problems.sorted()) == ("Einsum", None, Shape(10), [])


def test_results_that_do_not_match_are_named() -> None:
    build, problems = builder()
    a, b = build.input("a", Shape(56, 56, 64)), build.input("b", Shape(28, 28, 64))
    group = build.open("sum", "branches", "add", reads=None)
    group.labels = ("left", "right")
    build.close(group, None)
    found, _ = KINDS["add"].read({"add": ("a", "b")})
    node = build.layer("sum", found, [a, b], merges=group)
    (problem,) = problems.sorted()
    assert (problem.rule, node.shape) == ("join", None)
    assert "branch `left` ends at 56x56x64, `right` at 28x28x64" in problem.message
    assert (problem.cause.first.branch, problem.cause.second.flow) == ("left", Shape(28, 28, 64))


def test_weights_are_shared_between_layers_of_one_kind() -> None:
    build, problems = builder()
    x = build.input("x", Shape(8, 8, 3))
    first = build.layer("first", layer("conv", conv="3", kernel_size="3", padding="1"), [x])
    again = build.layer("again", layer("conv", conv="3", kernel_size="3", padding="1"), [first], shares=first)
    build.layer("other", layer("conv", conv="4", kernel_size="3"), [again], shares=first)
    # 3 filters of 3x3x3 and their biases, once.
    assert (first.parameters, again.parameters, again.shared) == (84, 0, first)
    (problem,) = problems.sorted()
    assert (problem.rule, problem.layer) == ("share", "other")
    assert "other would need weight 4×3×3×3" in problem.message


def test_set_changes_a_field_of_any_format() -> None:
    build, problems = builder(
        Override("stem.stride=2", "stem", "stride", "2"),
        Override("stem.kernal=2", "stem", "kernal", "2"),
        Override("*.conv=5", "*", "conv", "5"),
    )
    x = build.input("x", Shape(9, 9, 3))
    stem = build.layer("stem", layer("conv", conv="8", kernel_size="3"), [x])
    build.layer("act", layer("relu"), [stem])
    assert stem.shape == Shape(4, 4, 5)
    (problem,) = problems.sorted()
    assert problem.rule == "set"
    assert "--set stem.kernal=2: stem has no kernal" in problem.message
