"""Refits by hand, where S must divide N − F + 2P on every axis, and against a search that tries one value after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnncalc.refit import Refit, fits, refits
from cnncalc.window import Window
from tests.test_window import positions, sizes, windows


def test_the_stride_of_a_pool_follows_its_window():
    # Windows of F side by side cover 7 cells if F divides 7, and one cell of padding makes 8 = 4·2.
    assert refits((Window(2, 2),), (7,), stride_follows=True) == [
        Refit("padding", ((0, 1),)),
        Refit("kernel_size", (7,)),
        Refit("input", (6,)),
        Refit("input", (8,)),
    ]


def test_padding_is_at_most_half_a_window():
    # Of stride 4 and window 3 on 9 cells, 6 + 2P divides by 4 with P = 1; on 8 cells 5 + 3 does, but two cells are more than half.
    assert refits((Window(3, 4),), (9,))[0] == Refit("padding", ((1, 1),))
    assert "padding" not in [one.field for one in refits((Window(3, 4),), (8,))]


def test_padding_beyond_half_a_window_may_stay():
    # The first axis fits, with as much padding as its window; on the second 4 + 2P − 3 divides by 3 with P = 1.
    assert refits((Window(2, 1, 2, 2), Window(3, 3, 2, 2)), (5, 4))[0] == Refit("padding", ((2, 2), (1, 1)))


def test_axes_with_different_values_change_one_by_one():
    # 8 − 2 = 6 divides by 2; 9 − 3 = 6 does not divide by 4: stride 3, window 5, input 7 or 11 along the second axis.
    found = refits((Window(2, 2), Window(3, 4)), (8, 9))
    assert [one.value for one in found if one.field == "stride"] == [(2, 3)]
    assert [one.value for one in found if one.field == "kernel_size"] == [(2, 5)]
    assert [one.value for one in found if one.field == "input"] == [(8, 7), (8, 11)]


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
    offered = [m.value[0] for m in found if m.field == "kernel_size"]
    assert offered == below[-1:] + above[:1]
    offered = [m.value[0] for m in found if m.field == "input"]
    near = [n for n in range(1, 80) if fits((window,), (n,))]
    assert offered == [n for n in near if n < size][-1:] + [n for n in near if n > size][:1]
    strides = [s for s in range(1, 20) if fits((window._replace(stride=s),), (size,))]
    offered = [m.value[0] for m in found if m.field == "stride"]
    assert (
        offered == [s for s in strides if s < window.stride][-1:] + [s for s in strides if window.stride < s <= window.extent][:1]
    )


def test_a_pooling_whose_stride_is_its_window_changes_both():
    # 55 = 5·11: the next window that tiles 55 cells is 5.
    found = refits((Window(2, 2),), (55,), stride_follows=True)
    assert [m.value for m in found if m.field == "kernel_size"] == [(5,)]
    assert not [m for m in found if m.field == "stride"]


def test_the_refits_of_alexnet_s_first_layer_on_224():
    offered = [(m.field, m.value[0]) for m in refits((Window(11, 4),) * 2, (224, 224))]
    assert offered == [
        ("padding", (1, 2)),
        ("stride", 3),
        ("kernel_size", 8),
        ("kernel_size", 12),
        ("input", 223),
        ("input", 227),
    ]


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
    offered = [m.value[0] for m in refits((window,), (size,)) if m.field == "padding"]
    assert [pair for pair in offered if pair[0] == pair[1]][:1] == ([] if wanted is None else [(wanted, wanted)])


def test_the_refits_of_a_stride_of_1000_are_within_100_cells():
    # N − F = 99,049 = 37·2677 has no divisor from 900 to 1100. 49 cells are over: 49 more of the window or less of the input
    # fit, 951 of padding are odd, and the next values on the other sides are 951 away.
    found = refits((Window(1001, 1000),) * 2, (100_050, 100_050))
    assert [(m.field, m.value[0]) for m in found] == [("padding", (475, 476)), ("kernel_size", 1050), ("input", 100_001)]
