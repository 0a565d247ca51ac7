"""One axis: the lecture's examples, and Dumoulin & Visin's figures."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
