"""Docstrings that the program prints are there under -OO as well."""

import subprocess
import sys

import pytest

from cnncalc.docstring import docstring
from tests.cli.command import ROOT


def test_without_indentation():
    def thing():
        """One.

        Two.
        """

    assert docstring(thing) == "One.\n\nTwo."


def test_a_class_without_one():
    assert docstring(type("Nothing", (), {})) == ""


@pytest.mark.parametrize(
    ("thing", "first"),
    [
        ("cnncalc.docstring", "Docstrings that the program itself prints, also under `python -OO`, which leaves them out."),
        ("cnncalc.window.Window", None),
        ("cnncalc.window.Window.span", None),
    ],
)
def test_optimised(thing, first):
    """The text is the same with and without -OO."""
    code = f"import cnncalc.docstring, cnncalc.window; print(cnncalc.docstring.docstring({thing}))"
    plain, optimised = (
        subprocess.run([sys.executable, *flags, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for flags in ((), ("-OO",))
    )
    assert plain == optimised
    assert plain.strip()
    assert first is None or plain.splitlines()[0] == first
