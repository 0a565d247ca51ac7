"""Inputs that are probably written in the other layout."""

from __future__ import annotations

import pytest

import cnncalc
from cnncalc.analysis.layout import other_layout

CONV = "  - {conv: 8, kernel_size: 3, padding: 1}\n"


def doubt(shape: str, rows: str = CONV, layout: str = "channels_last") -> str | None:
    net = cnncalc.loads(f"layout: {layout}\ninput: {shape}\nlayers:\n{rows}")
    return other_layout(net.graph, net.inputs[0], layout)


@pytest.mark.parametrize(
    ("shape", "meant"),
    [("3x32x32", "32x32x3"), ("1x28x28", "28x28x1"), ("3x16x112x112", "16x112x112x3")],
)
def test_images_and_videos_of_pytorch(shape, meant):
    assert f"write {meant}, or layout: channels_first" in doubt(shape)


def test_a_window_as_large_as_the_first_axis_gives_it_away():
    # 3 rows of 224 cells with 160 channels, below a window of 3×3; with a window of one row it may be meant.
    assert "for 3 channels write 224x160x3" in doubt("3x224x160")
    assert doubt("3x224x160", "  - {conv: 8, kernel_size: [1, 3], padding: [0, 1]}\n") is None


@pytest.mark.parametrize("shape", ["32x32x3", "4x32x32", "3x8x4", "784", "3x3x3"])
def test_ordinary_inputs(shape):
    assert doubt(shape, "  - relu\n") is None


def test_channels_last_in_a_file_that_is_channels_first():
    assert "is read as channels × height × width; for 3 channels write 3x640x640" in doubt("640x640x3", layout="channels_first")
    assert doubt("3x640x640", layout="channels_first") is None
    assert doubt("640x320x3", layout="channels_first") is None
