"""`cnncalc report`: a page about one network, or about two."""

import pytest


def test_a_page_in_a_file(cnncalc, tmp_path):
    found = cnncalc("report", "lenet5", "-o", str(tmp_path / "net.html"))
    assert (found.status, found.out, found.err) == (0, "", "")
    text = (tmp_path / "net.html").read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<h1>LeNet-5</h1>" in text


def test_problems_and_warnings_stand_with_their_lines(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text("input: 8x8x3\nlayers:\n  - {conv: 4, kernel_size: 3, stride: 2}\n  - batchnorm\n")
    found = cnncalc("report", str(file))
    assert found.status == 1
    # The stride is an error; a bias in front of batch norm is a warning.
    assert "[stride-fit]" in found.out
    assert "[bias-before-norm]" in found.out
    assert "  3 |   - {conv: 4, kernel_size: 3, stride: 2}" in found.out
    assert "stride-fit" in found.err


def test_two_networks_are_compared(cnncalc):
    found = cnncalc("report", "resnet18", "resnet50")
    assert found.status == 0
    assert "<h1>resnet18 → resnet50</h1>" in found.out
    assert "25,557,032" in found.out


@pytest.mark.parametrize("words", [("nowhere.yaml",), ("lenet5", "nowhere.yaml")])
def test_a_missing_file_makes_no_page(cnncalc, tmp_path, words):
    found = cnncalc("report", *words, "-o", str(tmp_path / "net.html"))
    assert found.status == 2
    assert "nowhere.yaml" in found.err
    assert list(tmp_path.iterdir()) == []
