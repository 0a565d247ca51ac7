"""The search against an exhaustive one that counts windows with loops and knows no formula."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.layers import KINDS
from cnncalc.layers.option import Every
from cnncalc.shape import Shape
from cnncalc.studies.solve import Search


def positions(size, kernel, stride, total, dilation):
    """How often a window goes into an axis by moving it cell by cell; None where it does not end at the last cell."""
    cells = size + total
    reach = [i * dilation for i in range(kernel)]
    starts, start = [], 0
    while start + reach[-1] < cells:
        starts.append(start)
        start += stride
    return len(starts) if starts and starts[-1] + reach[-1] == cells - 1 else None


def written(size, kernel, stride, total, dilation):
    """Cells that a transposed window writes, by writing them."""
    cells = {i * stride + j * dilation for i in range(size) for j in range(kernel)}
    kept = max(cells) + 1 - total
    return kept if kept >= 1 else None


BOUNDS = {"kernel_size": 5, "stride": 4, "padding": 2, "dilation": 3}


@settings(max_examples=60)
@given(
    size=st.integers(1, 14), transposed=st.booleans(), opened=st.sets(st.sampled_from(sorted(BOUNDS)), min_size=1), data=st.data()
)
def test_against_exhaustive_search(size, transposed, opened, data):
    kind = KINDS["conv_transpose" if transposed else "conv"]
    count = written if transposed else positions
    fixed = {name: data.draw(st.integers(1, BOUNDS[name])) for name in sorted(set(BOUNDS) - opened)}
    expected = {}
    ranges = [range(1, BOUNDS[n] + 1) if n in opened else [fixed[n]] for n in ("kernel_size", "stride", "dilation")]
    totals = range(2 * BOUNDS["padding"] + 1) if "padding" in opened else [2 * fixed["padding"]]
    for kernel, stride, dilation in product(*ranges):
        for total in totals:
            out = count(size, kernel, stride, total, dilation)
            if out is not None:
                expected[kernel, stride, dilation, total] = out
    fields = {name: Every(((v, v),)) if name == "padding" else Every((v,)) for name, v in fixed.items()}
    search = Search(kind, {"filters": 2, **fields}, Shape(size, 3), opened, {n: BOUNDS[n] for n in opened})
    found = {}
    for solution in search.solutions():
        values = {name: solution.layer.value(name)[0] for name in BOUNDS}
        found[values["kernel_size"], values["stride"], values["dilation"], sum(values["padding"])] = solution.shape[0]
    assert found == expected
    for output in sorted(set(expected.values()))[:3]:
        asked = [s.shape for s in search.solutions((output,))]
        assert len(asked) == sum(out == output for out in expected.values())
        assert set(asked) == {Shape(output, 2)}


@settings(max_examples=30)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_axes_that_differ(sizes, output):
    """Where a solution exists with a stride and a padding for each axis, one is found."""
    bounds = {"kernel_size": 3, "stride": 3, "padding": 1}
    search = Search(KINDS["maxpool"], {}, Shape(*sizes, 2), bounds, bounds)
    found = search.solutions(output)
    possible = any(
        all(
            any(positions(n, kernel, stride, total, 1) == o for stride in range(1, 4) for total in range(3))
            for n, o in zip(sizes, output, strict=True)
        )
        for kernel in range(1, 4)
    )
    assert bool(found) == possible
    for solution in found:
        assert solution.shape.spatial == output
        kernel = solution.layer.value("kernel_size")[0]
        for i, (n, o) in enumerate(zip(sizes, output, strict=True)):
            stride, padding = solution.layer.value("stride"), solution.layer.value("padding")
            s, p = stride[i % len(stride)], padding[i % len(padding)]
            assert positions(n, kernel, s, sum(p), 1) == o


def test_order():
    """Least padding, then the same on both sides, then fewer parameters."""
    search = Search(KINDS["conv"], {"filters": 1, "stride": Every((1,))}, Shape(32, 32, 3), ("kernel_size", "padding"), {})
    values = [(s.values["kernel_size"][0], s.values["padding"][0]) for s in search.solutions((28, 28))]
    assert values[:4] == [(5, (0, 0)), (7, (1, 1)), (6, (0, 1)), (9, (2, 2))]


def test_default_bounds_skip_no_cells_and_read_no_padding_alone():
    search = Search(KINDS["conv"], {"filters": 1}, Shape(20, 3), ("kernel_size", "stride", "padding"), {})
    for solution in search.solutions():
        kernel, stride = solution.values["kernel_size"][0], solution.values["stride"][0]
        assert stride <= kernel <= 11
        assert max(solution.values["padding"][0]) <= kernel // 2
