"""`cnncalc convert` on the command line."""

from pathlib import Path

import pytest

import cnncalc
from tests.cli.command import cnncalc as run

YOLO = "nc: 2\nbackbone:\n  - [-1, 1, Conv, [8, 3, 2]]\n  - [-1, 2, C2f, [16, True]]\nhead: []\n"
