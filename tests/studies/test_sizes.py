"""Sizes that work: rules by hand, and every bundled network against reading its file for each size."""

import random
from pathlib import Path

import pytest

from cnncalc.analysis.sizes import in_words, rule
from cnncalc.build.reading import Source
from cnncalc.network import load, loads, of
from cnncalc.shape import Shape, Tokens
from cnncalc.studies import oracle as judging
from cnncalc.studies.oracle import Oracle
from cnncalc.studies.sizes import survey, surveys

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))

RULES = [
    (range(188, 1001, 16), "16·n + 188, from 188"),
    (range(32, 1001, 32), "any multiple of 32; smallest 32"),
    (range(64, 1001, 32), "any multiple of 32; smallest 64"),
    (range(1, 1001), "any size"),
    (range(7, 1001), "any size from 7"),
    ([], "none up to 1,000"),
    ([5, 6, 7, 9], "5–7, 9"),
    ([4, *range(188, 1001, 16)], "16·n + 188, from 188, and 4"),
    (sorted([*range(10, 1001, 8), *range(13, 1001, 8)]), "8·n + 10 or 13, from 10"),
    # A rule that ends, as a memory budget makes it.
    (range(7, 220, 4), "4·n + 7, from 7 to 219"),
    (range(32, 481, 32), "any multiple of 32 from 32 to 480"),
    ([3, *range(10, 130, 10)], "any multiple of 10 from 10 to 120, and 3"),
    ([7, 11, 15, 19], "7, 11, 15, 19"),
    ([1, 3, 4, 9, 11, 20, 21, 35, 50], "1, 3–4, 9, 11, 20–21, 35, 50"),
    (range(1, 300), "1–299"),
]


@pytest.mark.parametrize(("sizes", "text"), RULES)
def test_rule_in_words(sizes, text):
    assert in_words(list(sizes), 1000) == text


def test_a_rule_says_the_sizes_and_no_others():
    draw = random.Random(1)
    for _ in range(50):
        step, start, most = draw.randint(1, 40), draw.randint(1, 200), 600
        sizes = set(range(start, most + 1, step)) | {draw.randint(1, start) for _ in range(draw.randint(0, 2))}
        found = rule(sizes, most)
        assert found is not None
        assert {n for n in range(1, most + 1) if n in found} == sizes


def _works(text, shape):
    """Read the file on this input."""
    network = loads(text, input=shape)
    return not network.problems, not network.problems and all(node.fits for node in network.layers)


@pytest.mark.parametrize("file", SPECS, ids=[file.stem for file in SPECS])
def test_against_reading_the_file(file):
    """Squares and other sizes drawn from 1 … 600, and each size beside one that works."""
    text = file.read_text()
    oracle = oracle_of(file.read_text())
    network = load(file)
    draw = random.Random(file.stem)
    for i, source in enumerate(network.inputs):
        judge = oracle.along(i)
        name = f"{source.name}=" if len(network.inputs) > 1 else ""
        if isinstance(source.flow, Tokens):
            for size in (*range(1, 12), 600):
                shown = f"{name}{{tokens: {size}, vocabulary: {source.flow.vocabulary}}}"
                assert judge(Tokens(size, source.flow.vocabulary)) == _works(text, shown)
            continue
        rank = source.flow.rank
        if not rank:
            continue
        every = sorted({draw.randint(1, 600) for _ in range(100 if len(network.layers) < 30 else 15)})
        shapes = [Shape(*source.flow[: max(0, rank - 2)], *((size,) * min(2, rank)), source.flow.channels) for size in every]
        known = [n for n in range(1, 601) if judge(Shape(*((n,) * rank), source.flow.channels)).works][:2]
        near = [Shape(*((n + d,) * rank), source.flow.channels) for n in known for d in (-1, 0, 1) if n + d > 0]
        free = [Shape(*(draw.randint(1, 600) for _ in range(rank)), source.flow.channels) for _ in range(10)]
        for shape in (*shapes, *near, *free):
            assert judge(shape) == _works(text, f"{name}{shape}"), shape


def test_channels_that_decide_the_rows(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text('input: 4x4x1\nlayers:\n  - flatten\n  - {groupnorm: "${4 if in_channels % 8 == 0 else 3}"}\n')
    judge = oracle_of(file.read_text()).along(0)
    # 1, 4, 9, 16, 25, 36 numbers: in 3 groups unless 8 divides them, then in 4
    assert [judge(Shape(n, n, 1)).works for n in range(1, 7)] == [False, False, True, True, False, True]


def test_budget_holds_and_expect_does_not(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 4x4x1\nlayers:\n  - {fc: 2}\nexpect: {parameters: 34}\nbudget: {parameters: 52}\n")
    judge = oracle_of(file.read_text()).along(0)
    # (n² + 1)·2 parameters: 5 gives 52, 6 gives 74
    assert [n for n in range(1, 9) if judge(Shape(n, n, 1)).works] == [1, 2, 3, 4, 5]


def test_a_file_that_does_not_work_as_it_stands(tmp_path):
    """Begun at a size where a join does not match, found by reading again until one does."""
    file = tmp_path / "a.yaml"
    file.write_text("input: 7x7x1\nlayers:\n  - {maxpool: 2, name: a}\n  - {upsample: 2, name: b}\n  - {add: input}\n")
    oracle = oracle_of(file.read_text())
    assert oracle.network.problems
    judge = oracle.along(0)
    assert [n for n in range(1, 11) if judge(Shape(n, n, 1)).works] == [2, 4, 6, 8, 10]


def oracle_of(text):
    return Oracle(Source(None, text=text))


def surveyed(text, most=None):
    return survey(oracle_of(text).along(0), most)


# Pools of 2, 2, 2, 3, 4 along one axis and 4, 4, 4, 5, 4 along the other: 2·2·2·3·4 = 96 and 4·4·4·5·4 = 1,280.
def test_each_axis_is_searched_as_far_as_its_strides_suggest():
    rows = "".join(f"  - {{maxpool: {window}}}\n" for window in ("2x4", "2x4", "2x4", "3x5", "4x4"))
    _, height, width = surveyed(f"input: 96x1366x1\nlayers:\n{rows}").scans
    assert height.works == list(range(96, height.most + 1, 96))
    assert width.works == list(range(1280, width.most + 1, 1280))
    assert width.most >= 4 * 1280


def test_large_sizes_follow_the_rule_of_small_ones_without_being_tried_one_by_one():
    # (N − 3)/2 + 1 of strides that round down works from 3 cells on, and fits odd sizes.
    oracle = oracle_of("input: 9x9x1\nfit: floor\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2}\n")
    square, *_ = survey(oracle.along(0), 100_000).scans
    assert square.works == list(range(3, 100_001))
    assert square.exact == list(range(3, 100_001, 2))
    assert not square.cut
    assert oracle.effort < 10_000


def test_strides_of_a_large_product_are_found_with_few_verdicts():
    # Seven poolings of 4: multiples of 4^7 = 16,384, six of which are at most 100,000.
    oracle = oracle_of("input: 9x9x1\nlayers:\n  - {maxpool: 4, repeat: 7}\n")
    found = survey(oracle.along(0), 100_000)
    assert all(scan.works == [16_384 * k for k in range(1, 7)] for scan in found.scans)
    assert oracle.effort < 10_000


def test_a_rule_that_ends_is_not_continued():
    # (n² + 1)·2 parameters are within the budget up to 2,000 cells.
    oracle = oracle_of("input: 4x4x1\nlayers:\n  - {fc: 2}\nbudget: {parameters: 8_000_002}\n")
    square, *_ = survey(oracle.along(0), 5_000).scans
    assert square.works == list(range(1, 2_001))
    assert square.most == 5_000


def test_a_search_that_would_take_long_ends_and_says_where(monkeypatch, capsys):
    from cnncalc.cli.sizes import tell
    from cnncalc.studies import sizes

    # The sum of two pools of coprime windows matches on no size, so that every size is tried.
    text = "input: 9x9x1\nfit: floor\nlayers: [{maxpool: 2}, {conv: 1, kernel_size: 3}, {concat: input}]\n"
    monkeypatch.setattr(sizes, "_EFFORT", 300)
    square, *_ = surveyed(text, 5_000).scans
    assert square.cut
    assert 100 <= square.most <= 300
    tell(oracle_of(text), 5_000)
    assert f"no size was found; not searched beyond {square.most}, because that would take long" in capsys.readouterr().out


def test_equal_inputs_are_varied_together():
    # Both pools halve, and their results are added: even sizes, the same for both.
    found = surveys(
        oracle_of("input: {l: 9x9x3, r: 9x9x3}\nlayers: [{maxpool: 2, from: l, name: p}, {maxpool: 2, from: r}, {add: p}]\n"), 40
    )
    assert list(found) == ["l = r", "l", "r"]
    assert found["l = r"][1].smallest == Shape(2, 2, 3)
    assert found["l = r"][1].scans[0].works == list(range(2, 41, 2))


def test_depth_is_an_axis_like_the_others():
    found = surveyed("input: 17x112x112x3\nlayers:\n  - {conv: 64, kernel_size: 3, padding: 1}\n  - {maxpool: 2}\n")
    assert [scan.axes for scan in found.scans] == [("height", "width"), ("depth",), ("height",), ("width",)]
    assert all(scan.works == list(range(2, 1025, 2)) for scan in found.scans)
    assert found.smallest == Shape(2, 2, 2, 3)


def test_the_row_that_fixes_the_size_is_named():
    # 8·16·1 = 128 numbers, and 4·8·4 = 128 behind the pool.
    found = surveyed("input: 8x16x4\nlayers:\n  - {maxpool: 2}\n  - {reshape: 32x4}\n")
    square, height, width = found.scans
    assert (height.works, width.works) == ([8], [16])
    assert {scan.stop.fault.node.name for scan in (height, width)} == {"reshape1"}
    assert square.stop.fault.node.line == 4


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        (
            "  - {conv: 32, kernel_size: 3, padding: 1, name: a}\n  - {conv: 64, kernel_size: 3, padding: 1}\n  - {add: a}\n",
            "add1",
        ),
        ("  - {conv: 4, kernel_size: 3, groups: 2}\n", "conv1"),
        ("  - {adaptive_avgpool: 5x5}\n  - {conv: 4, kernel_size: 2, stride: 2}\n", "conv1"),
        ("  - {adaptive_avgpool: 3x3}\n  - {conv: 4, kernel_size: 5}\n", "conv1"),
        ("  - global_avgpool\n  - {conv: 4, kernel_size: 3}\n", "conv1"),
        # The faulty stride before it does not hide it.
        ("  - {conv: 32, kernel_size: 3, stride: 2, name: a}\n  - {conv: 64, kernel_size: 1}\n  - {add: a}\n", "add1"),
        # The names of the rows follow the channels.
        ('  - {conv: 32, kernel_size: 1, name: a}\n  - {conv: "${2 * in_channels}", kernel_size: 1}\n  - {add: a}\n', "add1"),
    ],
)
def test_a_fault_that_no_size_removes_is_named_with_few_readings(text, layer, monkeypatch):
    read = []
    monkeypatch.setattr(judging, "of", lambda *args: (read.append(1), of(*args))[1])
    oracle = oracle_of(f"input: 32x32x3\nlayers:\n{text}")
    assert {problem.layer for problem in oracle.lasting_problems()} == {layer}
    assert len(read) == 1


@pytest.mark.parametrize(
    "text",
    [
        "  - {reshape: 7x7x3}\n",
        "  - flatten\n  - {groupnorm: 7}\n",
        "  - {conv: 3, kernel_size: 3, name: a}\n  - {add: input}\n",
        "  - {conv: 3, kernel_size: 40}\n",
        "  - {maxpool: 3}\n",
        "  - {crop: 16}\n",
    ],
)
def test_a_fault_that_another_size_may_remove_is_not_said_to_last(text):
    assert oracle_of(f"input: 32x32x3\nlayers:\n{text}").lasting_problems() == []


def test_weights_that_are_never_shared_are_a_problem_of_the_file():
    """A branch is no layer whose weights can be shared, on inputs of any size."""
    rows = "  - branches:\n      l: [{fc: 5, from: a}]\n      r: [{fc: 5, from: b, share: l}]\n    merge: concat\n"
    (problem,) = oracle_of(f"input: {{a: 8x8x3, b: 8x8x3}}\nlayers:\n{rows}").lasting_problems()
    assert problem.rule == "share"


def test_weights_that_are_shared_on_some_sizes():
    # 8·8 numbers and 10·10: the first layer has as many weights as the second on 10x10.
    oracle = oracle_of("input: {a: 8x8x1, b: 10x10x1}\nlayers:\n  - {fc: 5, from: a, name: x}\n  - {fc: 5, from: b, share: x}\n")
    assert oracle.lasting_problems() == []
    assert [n for n in range(1, 13) if oracle.along(0)(Shape(n, n, 1)).works] == [10]


def test_an_axis_that_a_fault_of_another_axis_hides():
    # The convolution needs 11 cells along both axes, and the reflected padding 4 cells of what the pool of 4 leaves: 13 + 10.
    rows = "  - {conv: 4, kernel_size: 6, dilation: 2}\n  - {maxpool: 1, stride: 4, padding: same}\n  - {pad: 3, mode: reflect}\n"
    found = surveyed(f"input: 7x6x4\nlayers:\n{rows}", 40)
    assert found.smallest == Shape(23, 23, 4)


def test_a_fault_before_rows_that_follow_the_channels_is_found_with_few_readings(monkeypatch):
    # The convolution takes two cells off on every size, so that no concatenation matches; what stands behind it is never known.
    rows = '  - {conv: 3, kernel_size: 3}\n  - {conv: 3, kernel_size: 3, name: a}\n  - {concat: conv1}\n  - {conv: "${2 * in_channels}", kernel_size: 1}\n'
    read = []
    monkeypatch.setattr(judging, "of", lambda *args: (read.append(1), of(*args))[1])
    found = surveyed(f"input: 32x32x3\nlayers:\n{rows}", 40)
    assert found.smallest is None
    assert len(read) <= 64


def test_a_comment_that_ignores_a_stride_is_followed_without_reading_the_file_again(monkeypatch):
    text = "input: 9x9x1\nlayers:\n  - {maxpool: 2}   # cnncalc: ignore[stride-fit]\n  - {maxpool: 2}\n"
    oracle = oracle_of(text)
    monkeypatch.setattr(judging, "of", None)
    # The first pool halves and rounds down, the second wants an even number: 4, 5, 8, 9, 12, 13 …
    assert [n for n in range(1, 14) if oracle.along(0)(Shape(n, 4, 1)).works] == [4, 5, 8, 9, 12, 13]
