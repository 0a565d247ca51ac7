"""`dtype`, and budgets of bytes."""

import pytest

import cnncalc

NET = """\
input: 8x8x3
{top}
layers:
  - {{conv: 4, kernel_size: 3, name: a}}       # 6x6x4 = 144
  - {{conv: 8, kernel_size: 1, name: b}}       # 288
  - {{conv: 4, kernel_size: 1, name: c}}       # 144
  - {{add: a}}                                 # a, c and their sum: 432
  - {{fc: 5, bias: false}}
"""
#: (3·9 + 1)·4, (4 + 1)·8, (8 + 1)·4, 144·5.
PARAMETERS = 112 + 40 + 36 + 720


def problems(top, **more):
    return cnncalc.loads(NET.format(top=top), **more).problems


def test_the_problem_names_the_layer_at_the_peak_what_lives_there_and_the_excess():
    (problem,) = problems("budget: {peak_memory: 1KiB}")
    # a, b and c are live while c is computed: 144 + 288 + 144 numbers.
    assert problem.message == (
        "inference needs 2,304 bytes of activations in float32, 1,280 (1.2 KiB) more than the peak_memory budget of 1KiB; "
        "the peak is at c, where b (6x6x8, 1.1 KiB), a (6x6x4, 576 bytes) and c (6x6x4, 576 bytes) are live"
    )
    assert (problem.rule, problem.level, problem.layer, problem.location.line, problem.location.column) == (
        "budget",
        "error",
        "c",
        2,
        23,
    )


def test_a_budget_that_is_just_met_is_no_problem():
    assert problems("budget: {peak_memory: 2304}") == []
    assert len(problems("budget: {peak_memory: 2303}")) == 1
    assert problems(f"budget: {{weights: {4 * PARAMETERS}}}") == []
    (problem,) = problems("budget: {weights: 3KiB}")
    assert problem.message == f"the network has 3,632 bytes of weights in float32, {3632 - 3072} more than the budget of 3KiB"


def test_bytes_are_of_the_file_s_type_unless_another_is_given():
    top = "dtype: int8\nbudget: {peak_memory: 576, weights: 908}"
    assert problems(top) == []
    assert {problem.message.split(" of ")[0] for problem in problems(top, dtype="float16")} == {
        "inference needs 1,152 bytes", "the network has 1,816 bytes",
    }  # fmt: skip
    assert cnncalc.loads(NET.format(top=top)).memory.peak == 576


def test_a_type_that_is_none():
    (problem,) = problems("dtype: int9")
    assert problem.message.startswith("dtype is float64, float32, float16, bfloat16, ")
    # Another number would be another type.
    assert problem.message.endswith(" or int4, not int9")
    assert problems("dtype: flaot32")[0].message.endswith(" or int4, not flaot32; did you mean float32?")
    assert (problem.rule, problem.location.line, problem.location.column) == ("value", 2, 8)
    with pytest.raises(cnncalc.SpecError, match=r"dtype is float64, .* or int4, not int9"):
        problems("", dtype="int9")


def test_many_live_results_are_counted():
    rows = "".join(f"  - {{conv: {n}, kernel_size: 1, from: input, name: c{n}}}\n" for n in range(1, 9))
    text = (
        f"input: 1x1x1\nbudget: {{peak_memory: 1}}\nlayers:\n{rows}  - {{concat: [{', '.join(f'c{n}' for n in range(1, 9))}]}}\n"
    )
    (problem,) = cnncalc.loads(text).problems
    assert problem.message.endswith(
        "the peak is at concat1, where concat1 (1x1x36, 144 bytes), c8 (1x1x8, 32 bytes), c7 (1x1x7, 28 bytes), "
        "c6 (1x1x6, 24 bytes), c5 (1x1x5, 20 bytes) and 4 more are live"
    )


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("64KB", "; write 64K"),
        ("64kib", "; write 64KiB"),
        ("64 k", "; write 64K"),
        ("lots", ""),
    ],
)
def test_a_budget_in_other_units(written, hint):
    (problem,) = problems(f"budget: {{peak_memory: {written}}}")
    assert problem.message == f"budget peak_memory is a number of bytes such as 256KiB, 1.5MiB or 64K, not {written}{hint}"


def test_a_budget_of_a_part_of_a_byte_is_rounded_down():
    # 2.25 KiB are the 2,304 bytes that the network needs; 2.2499 KiB are 2,303.9.
    assert problems("budget: {peak_memory: 2.25KiB}") == []
    (problem,) = problems("budget: {peak_memory: 2.2499KiB}")
    assert "2,304 bytes of activations in float32, 1 " in problem.message


@pytest.mark.parametrize(("written", "meant"), [("half", "float16"), ("FP32", "float32"), ("Int8", "int8")])
def test_a_type_by_another_name(written, meant):
    (problem,) = problems(f"dtype: {written}")
    assert problem.message.endswith(f" or int4, not {written}; did you mean {meant}?")


def test_budgets_in_bytes_are_not_judged_by_a_type_that_is_none():
    (problem,) = problems("dtype: int9\nbudget: {peak_memory: 1, weights: 1}")
    assert problem.rule == "value"
    rules = [problem.rule for problem in problems("dtype: int9\nbudget: {peak_memory: 1, parameters: 1}")]
    assert rules == ["value", "budget"]
