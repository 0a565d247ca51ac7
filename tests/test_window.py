"""One axis: the lecture's examples, Dumoulin & Visin's figures, and the refits against a search written otherwise."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.refit import fits, refits
from cnncalc.window import Window, same_padding

GUIDE = json.loads((Path(__file__).parent / "data" / "dumoulin_visin.json").read_text())


# The lecture: 7×7 input, 3×3 filter.
@pytest.mark.parametrize(("stride", "output"), [(1, 5), (2, 3)])
def test_the_lecture_slides_a_filter_of_3_over_7(stride, output):
    window = Window(3, stride)
    assert window.output_size(7) == output
    assert window.remainder(7) == 0


def test_the_lecture_s_stride_of_3_does_not_fit():
    window = Window(3, 3)
    assert window.remainder(7) == 1
    assert window.formula(7) == "(7 − 3 + 2·0)/3 + 1 = 2.33"
    assert window.unread(7) == 1


@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (5, 2), (7, 3)])
def test_the_lecture_keeps_the_size_with_zero_padding(kernel, padding):
    assert Window(kernel, 1, padding, padding).output_size(7) == 7


def test_the_lecture_s_ten_filters_of_5_keep_32():
    assert Window(5, 1, 2, 2).output_size(32) == 32


@pytest.mark.parametrize("figure", GUIDE["figures"], ids=lambda f: f["figure"])
def test_figures_of_the_guide(figure):
    window = Window(figure["k"], figure["s"], figure["p"], figure["p"], figure["d"])
    if figure["kind"] == "conv":
        assert window.output_size(figure["i"]) == figure["o"]
    else:
        assert window.transposed_size(figure["i"], figure["a"]) == figure["o"]


# PyTorch and ONNX: the last window may hang over, and may not start in the padding.
@pytest.mark.parametrize(
    ("window", "size", "output"),
    [(Window(2, 2, 1, 1), 5, 3), (Window(7, 4), 5, 1), (Window(3, 2), 112, 56), (Window(3, 2), 26, 13), (Window(2, 2), 5, 3)],
)
def test_the_ceiling(window, size, output):
    assert window.output_size(size, "ceil") == output


# A span that the stride divides gives span/S + 1 under every fit: (500 − 3 + 200)/1 + 1 = 698, (4 − 2 + 8)/2 + 1 = 6.
@pytest.mark.parametrize("fit", ["exact", "floor", "ceil"])
@pytest.mark.parametrize(
    ("window", "size", "output"),
    [(Window(3, 1, 100, 100), 500, 698), (Window(2, 2, 4, 4), 4, 6), (Window(1, 1, 0, 1), 1, 2), (Window(5, 3, 0, 9), 2, 3)],
)
def test_a_stride_that_fits_gives_the_same_size_under_every_fit(window, size, output, fit):
    assert window.output_size(size, fit) == output


# Stride 4 from the padding of 2 on: windows start at cells −2, 2, 6 and 10 of 9; the one at 10 lies behind the input.
def test_the_ceiling_drops_a_window_that_would_start_in_the_padding():
    assert Window(4, 4, 2, 2).ceil_drops(9)
    assert Window(4, 4, 2, 2).output_size(9, "ceil") == 3
    # Windows of one cell at 0 and 4 of 7: the next would start behind the input, and the cells 5 and 6 stay unread.
    assert Window(1, 4).unread(7, "ceil") == Window(1, 4).unread(7) == 2


@pytest.mark.parametrize(
    ("window", "size", "fit"), [(Window(11, 4), 5, "floor"), (Window(4), 3, "exact"), (Window(9, 4), 4, "ceil")]
)
def test_a_window_larger_than_its_padded_input_is_refused_even_where_the_quotient_rounds_to_a_size(window, size, fit):
    with pytest.raises(ValueError, match="larger than the padded input"):
        window.output_size(size, fit)


# torchvision's resnet: conv1 reads all 224 cells, since what is left over is padding.
@pytest.mark.parametrize(
    ("window", "size", "unread"),
    [(Window(7, 2, 3, 3), 224, 0), (Window(3, 2), 224, 1), (Window(11, 4), 224, 1), (Window(5, 5), 9, 4)],
)
def test_what_no_window_reads(window, size, unread):
    assert window.unread(size) == unread


def test_a_quotient_that_is_nearly_whole_does_not_look_whole():
    assert Window(3, 1_000_000).formula(8) == "(8 − 3 + 2·0)/1000000 + 1 = 1.00001"


windows = st.builds(Window, st.integers(1, 9), st.integers(1, 6), st.integers(0, 4), st.integers(0, 4), st.integers(1, 3))
sizes = st.integers(1, 40)


def positions(window, size):
    """Starts of the windows that lie within the padded input, found by walking."""
    end = size + window.before + window.after
    return [s for s in range(0, end, window.stride) if s + window.dilation * (window.kernel_size - 1) < end]


@given(windows, sizes)
def test_the_floor_counts_the_windows_that_lie_within(window, size):
    walked = positions(window, size)
    if walked:
        assert window.output_size(size, "floor") == len(walked)
    else:
        with pytest.raises(ValueError, match="larger"):
            window.output_size(size, "floor")


@given(windows, sizes)
def test_cells_that_no_window_reads_are_those_behind_the_last(window, size):
    walked = positions(window, size)
    if walked:
        last = walked[-1] + window.dilation * (window.kernel_size - 1)
        assert window.unread(size) == max(0, window.before + size - max(last + 1, window.before))


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 6), st.integers(1, 3))
def test_same_padding_is_the_least_that_gives_the_ceiling(size, kernel, stride, dilation):
    before, after = same_padding(size, kernel, stride, dilation)
    wanted = math.ceil(size / stride)
    assert Window(kernel, stride, before, after, dilation).output_size(size, "floor") == wanted
    assert 0 <= after - before <= 1
    if before + after:
        less = Window(kernel, stride, 0, before + after - 1, dilation)
        assert less.span(size) < 0 or less.output_size(size, "floor") < wanted


@given(st.lists(st.tuples(windows, sizes), min_size=1, max_size=2))
def test_every_refit_fits(axes):
    ws, ns = tuple(w for w, _ in axes), tuple(n for _, n in axes)
    for one in refits(ws, ns):
        if one.field == "input":
            assert fits(ws, one.value)
        elif one.field == "padding":
            assert fits(tuple(w._replace(before=b, after=a) for w, (b, a) in zip(ws, one.value, strict=True)), ns)
        else:
            assert fits(tuple(w._replace(**{one.field: v}) for w, v in zip(ws, one.value, strict=True)), ns)


@given(windows, sizes)
def test_the_refits_of_one_axis_are_the_nearest(window, size):
    if window.span(size) < 0 or window.remainder(size) == 0:
        return
    found = refits((window,), (size,))
    kernels = [f for f in range(1, 60) if fits((window._replace(kernel_size=f),), (size,))]
    below = [f for f in kernels if 2 <= f < window.kernel_size]
    above = [f for f in kernels if f > window.kernel_size]
    said = [m.value[0] for m in found if m.field == "kernel_size"]
    assert said == below[-1:] + above[:1]
    said = [m.value[0] for m in found if m.field == "input"]
    near = [n for n in range(1, 80) if fits((window,), (n,))]
    assert said == [n for n in near if n < size][-1:] + [n for n in near if n > size][:1]
    strides = [s for s in range(1, 20) if fits((window._replace(stride=s),), (size,))]
    said = [m.value[0] for m in found if m.field == "stride"]
    assert said == [s for s in strides if s < window.stride][-1:] + [s for s in strides if window.stride < s <= window.extent][:1]


def test_a_pooling_whose_stride_is_its_window_changes_both():
    # 55 = 5·11: the next window that tiles 55 cells is 5.
    found = refits((Window(2, 2),), (55,), stride_follows=True)
    assert [m.value for m in found if m.field == "kernel_size"] == [(5,)]
    assert not [m for m in found if m.field == "stride"]


def test_the_refits_of_alexnet_s_first_layer_on_224():
    said = [(m.field, m.value[0]) for m in refits((Window(11, 4),) * 2, (224, 224))]
    assert said == [("padding", (1, 2)), ("stride", 3), ("kernel_size", 8), ("kernel_size", 12), ("input", 223), ("input", 227)]


def changed(window, size, field, value, follows):
    """A window and its size with one field changed; `follows` takes the stride along with the window."""
    if field == "input":
        return window, value
    if field == "padding":
        return window._replace(before=value, after=value), size
    if field == "kernel_size" and follows:
        return window._replace(kernel_size=value, stride=value), size
    return window._replace(**{field: value}), size


def tried(ws, ns, field, candidates, follows):
    """The first candidate whose last window ends in the last padded cell on every axis, found by walking the windows."""
    for value in candidates:
        axes = [changed(w, n, field, value, follows) for w, n in zip(ws, ns, strict=True)]
        starts = [positions(w, n) for w, n in axes]
        if all(
            s and s[-1] + w.dilation * (w.kernel_size - 1) + 1 == n + w.before + w.after
            for s, (w, n) in zip(starts, axes, strict=True)
        ):
            return value
    return None


@given(
    st.sampled_from(["stride", "kernel_size", "input"]),
    st.lists(st.tuples(windows, sizes), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_the_refits_of_all_axes_are_those_that_trying_one_after_the_other_finds(field, axes, alike, follows):
    ws, ns = tuple(w for w, _ in axes), tuple(n for _, n in axes)
    follows = follows and field == "kernel_size"
    if follows:
        ws = tuple(w._replace(stride=w.kernel_size) for w in ws)
    if alike:
        # One value serves for all axes, while the rest of the window differs.
        ns = (ns[0],) * len(ns)
        ws = tuple(w._replace(kernel_size=ws[0].kernel_size) for w in ws)
        ws = tuple(w._replace(stride=ws[0].stride) for w in ws) if field == "stride" or follows else ws
    now = ns if field == "input" else tuple(getattr(w, field) for w in ws)
    wanted = []
    for step in (-1, 1):
        if len(ws) > 1 and len(set(now)) == 1:
            found = tried(ws, ns, field, reach(ws, ns, field, step, follows), follows)
            value = None if found is None else (found,) * len(ws)
        else:
            each = [
                tried((w,), (n,), field, [start, *reach((w,), (n,), field, step, follows)], follows)
                for w, n, start in zip(ws, ns, now, strict=True)
            ]
            value = None if None in each else tuple(each)
        wanted += [value] if value is not None and value != now else []
    assert [m.value for m in refits(ws, ns, stride_follows=follows) if m.field == field] == wanted


def reach(ws, ns, field, step, follows):
    """The values that count as near, nearest first: a stride within the window, a window of two cells or more."""
    start = ns[0] if field == "input" else getattr(ws[0], field)
    widest = max(w.stride for w in ws)
    if step < 0:
        return range(start - 1, 1 if field == "kernel_size" and start > 1 else 0, -1)
    if field == "stride":
        return range(start + 1, min(w.dilation * (w.kernel_size - 1) + 1 for w in ws) + 1)
    if field == "kernel_size":
        return range(start + 1, start + 2 * widest + (start if follows else 0) + 1)
    return range(start + 1, min(start + widest ** min(2, len(ws)), start + 100) + 1)


@given(st.builds(Window, st.integers(1, 40), st.integers(1, 40), st.integers(0, 9)), st.integers(1, 60), st.integers(1, 3))
def test_the_padding_that_fits_is_the_nearest_and_of_two_the_larger(window, size, dilation):
    window = window._replace(after=window.before, dilation=dilation)
    most = max(window.extent // 2, window.before)
    near = sorted(range(most + 1), key=lambda p: (abs(p - window.before), -p))
    wanted = tried((window,), (size,), "padding", [p for p in near if abs(p - window.before) < 100], follows=False)
    said = [m.value[0] for m in refits((window,), (size,)) if m.field == "padding"]
    assert [pair for pair in said if pair[0] == pair[1]][:1] == ([] if wanted is None else [(wanted, wanted)])


def test_the_refits_of_a_stride_of_1000_are_within_100_cells():
    # N − F = 99,049 = 37·2677 has no divisor from 900 to 1100. 49 cells are over: 49 more of the window or less of the input
    # fit, 951 of padding are odd, and the next values on the other sides are 951 away.
    found = refits((Window(1001, 1000),) * 2, (100_050, 100_050))
    assert [(m.field, m.value[0]) for m in found] == [("padding", (475, 476)), ("kernel_size", 1050), ("input", 100_001)]
