"""Names of rows: written ones are checked, the others are numbered by kind around them."""

from __future__ import annotations

import pytest

from cnncalc.language.names import are_names, identifier_fault, name_fault, number


def test_numbers_run_by_kind_and_skip_written_names():
    # The second conv would be conv2, which the first row is called.
    assert number(["conv2", None, None, None], ["conv", "conv", "relu", "conv"]) == ["conv2", "conv3", "relu1", "conv4"]
    assert number([None, None], ["conv", "conv"]) == ["conv1", "conv2"]
    assert number(["conv1", None], ["relu", "conv"]) == ["conv1", "conv2"]


@pytest.mark.parametrize("name", ["a", "A-1", "stage_2", "2a"])
def test_valid_names(name):
    assert name_fault(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("input", "the name input is taken"),
        ("", "letters, digits"),
        ("a.b", "letters, digits"),
        ("ä", "letters, digits"),
        ("12", "write layer12"),
    ],
)
def test_invalid_names(name, fault):
    assert fault in name_fault(name)


def test_names_in_expressions():
    assert identifier_fault("width") is None
    assert "means something in ${…} already" in identifier_fault("in_channels")
    assert "letters, digits and _" in identifier_fault("a-b")
    assert "letters, digits and _" in identifier_fault("ä")


def test_lists_of_names():
    assert are_names(("a", "b"))
    assert not any(map(are_names, [None, "a", (), ("a", None)]))
