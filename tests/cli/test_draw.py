"""`cnncalc draw`, and the pictures of `layer` and `show`: formats by suffix, exit statuses, messages."""

import xml.etree.ElementTree as ET

import pytest

MISFIT = "input: 8x8x3\nlayers: [{conv: 4, kernel_size: 3, stride: 2}]\n"


def test_svg_on_standard_output(cnncalc):
    found = cnncalc("draw", "lenet5")
    assert found.status == 0
    assert ET.fromstring(found.out).tag == "{http://www.w3.org/2000/svg}svg"
    assert found.err == ""


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", "<svg "), ("a.md", "```mermaid\n"), ("a.mmd", "```mermaid\n"), ("a.TEX", "% Compile with pdflatex")],
)
def test_the_suffix_is_the_format(cnncalc, tmp_path, name, start):
    found = cnncalc("draw", "lenet5", "-o", str(tmp_path / name))
    assert (found.status, found.out, found.err) == (0, "", "")
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_format_wins_over_the_suffix(cnncalc, tmp_path):
    cnncalc("draw", "lenet5", "-o", str(tmp_path / "a.txt"), "--format", "tikz")
    assert "tikzpicture" in (tmp_path / "a.txt").read_text("utf-8")


def test_an_unknown_suffix_is_refused_before_anything_is_written(cnncalc, tmp_path):
    found = cnncalc("draw", "lenet5", "-o", str(tmp_path / "a.png"))
    assert found.status == 2
    assert "no format has the suffix .png; use .svg, .md, .mmd, .mermaid, .tex, .tikz, or --format" in found.err
    assert "to get a PNG, draw an .svg file and convert it: rsvg-convert net.svg -o net.png" in found.err
    assert list(tmp_path.iterdir()) == []


def test_a_network_with_errors_is_drawn_and_its_errors_are_said(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    file.write_text(MISFIT)
    found = cnncalc("draw", str(file))
    assert found.status == 1
    assert "✗ conv1" in found.out
    assert "(8 − 3 + 2·0)/2 + 1 = 3.5" in found.err


def test_what_is_no_network_leaves_the_old_picture(cnncalc, tmp_path):
    file, picture = tmp_path / "net.yaml", tmp_path / "net.svg"
    file.write_text("layers: 3\n")
    picture.write_text("old")
    assert cnncalc("draw", str(file), "-o", str(picture)).status == 2
    assert picture.read_text() == "old"


def test_an_unknown_column_gets_a_suggestion(cnncalc):
    found = cnncalc("draw", "lenet5", "--columns", "name,ouput")
    assert found.status == 2
    assert "there is no column ouput; did you mean output?" in found.err


def test_folding_for_mermaid_is_said_on_stderr(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    rows = "".join(f"  - {{block: b, name: b{i}}}\n" for i in range(120))
    file.write_text(f"input: 8x8x3\nblocks: {{b: {{layers: [relu, relu, relu, relu, relu, relu]}}}}\nlayers:\n{rows}")
    found = cnncalc("draw", str(file), "-o", str(tmp_path / "net.md"))
    assert found.status == 0
    assert found.err == "note: folded to --depth 1: GitHub draws at most 500 edges and 50,000 characters\n"


def test_too_many_boxes_are_refused_with_a_way_out(cnncalc, tmp_path):
    file = tmp_path / "net.yaml"
    rows = "  - {conv: 1, kernel_size: 1}\n  - {conv: 2, kernel_size: 1}\n" * 1500
    file.write_text(f"input: 8x8x3\nlayers:\n{rows}")
    found = cnncalc("draw", str(file), "--style", "graph")
    assert found.status == 2
    assert "the picture would have 3,001 boxes, and 2,000 is the most that is drawn" in found.err


def test_layer_draws_its_window(cnncalc):
    found = cnncalc("layer", "7x7x3", "conv=10", "kernel_size=3", "stride=2", "--format", "svg")
    assert found.status == 0
    assert "(7 − 3 + 2·0)/2 + 1 = 3" in "".join(ET.fromstring(found.out).itertext())


def test_layer_that_does_not_fit_is_drawn_with_its_unread_cells(cnncalc):
    found = cnncalc("layer", "8x8x3", "conv=10", "kernel_size=3", "stride=2", "--format", "svg")
    assert found.status == 1
    assert "never read" in found.out
    assert "stride-fit" in found.err


@pytest.mark.parametrize("words", [("7x7x3", "relu"), ("7", "fc=3"), ("28x28x64", "concat=28x28x32")])
def test_layer_without_a_window_has_no_picture(cnncalc, words):
    found = cnncalc("layer", *words, "--format", "svg")
    assert found.status == 2
    assert found.out == ""
    assert "slides no window over its input" in found.err


def test_show_draws_a_receptive_field(cnncalc):
    found = cnncalc("show", "alexnet", "--receptive", "conv3")
    assert found.status == 0
    assert "sees 99×99" in found.out


def test_an_unknown_layer_gets_a_suggestion(cnncalc):
    found = cnncalc("show", "alexnet", "--receptive", "con3")
    assert found.status == 2
    assert "there is no layer con3; did you mean conv3?" in found.err
