"""Drawings of a window along an axis, drawn by hand."""

from cnncalc.report.drawing import drawing
from cnncalc.window import Window


def test_leftover_is_marked():
    assert drawing(Window(3, 3), 7, 2, 80) == [
        "    1 2 3 4 5 6 7",
        "  1 ■ ■ ■",
        "  2       ■ ■ ■",
        "                !  never read",
    ]


def test_padding_and_dilation():
    assert drawing(Window(2, 2, 1, 1, 2), 3, 2, 80) == [
        "    p 1 2 3 p",
        "  1 ■ · ■",
        "  2     ■ · ■",
    ]


def test_a_window_that_hangs_over_the_end():
    assert drawing(Window(2, 2), 3, 2, 80)[0] == "    1 2 3 -"


def test_many_positions_are_cut_in_the_middle():
    lines = drawing(Window(1), 20, 20, 80)
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4", "5", "6", "…", "20"]


def test_no_drawing_without_room():
    for width in range(10, 200):
        for line in drawing(Window(5, 2, 2, 1), 64, 32, width):
            assert len(line) <= width
    assert drawing(Window(5), 600, 596, 80) == []
