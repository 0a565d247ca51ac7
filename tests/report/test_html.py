"""HTML for notebooks: whole, and nothing in it that a file has put there."""

import sys
import types
from html.parser import HTMLParser

import pytest

import cnncalc
from cnncalc.report.network.html import table
from tests.cli.command import ROOT


class Reader(HTMLParser):
    """Rows of text, with every tag closed that was opened."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = set()
        self.rows = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(said):
    reader = Reader()
    reader.feed(said)
    reader.close()
    assert reader.open == []
    return reader


def test_the_rows_add_up():
    found = read(cnncalc.load(ROOT / "specs" / "resnet18.yaml")._repr_html_())
    assert found.rows[0] == ["layer", "kind", "output", "parameters", "MACs"]
    # The folded table, then the whole one.
    second = found.rows.index(found.rows[0], 1)
    assert len(found.rows[:second]) < 20
    numbers = [row[3:] for row in found.rows[1:second]]
    assert sum(int(n.replace(",", "")) for n, _ in numbers if n) == 11_689_512
    assert sum(int(n.replace(",", "")) for _, n in numbers if n) == 1_814_073_344
    numbers = [row[3:] for row in found.rows[second + 1 :]]
    assert sum(int(n.replace(",", "")) for n, _ in numbers if n) == 11_689_512
    assert sum(int(n.replace(",", "")) for _, n in numbers if n) == 1_814_073_344


def test_nothing_of_the_file_is_read_as_html():
    source = (
        "name: '<script>alert(1)</script>'\ninput: 4x4x3\nlayers: [{'<img src=x onerror=\"a\">': 1}, {relu: , from: '\"><b>'}]"
    )
    found = read(table(cnncalc.loads(source)))
    assert found.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "b", "ul", "li"}
    assert "img" not in found.tags
    assert any("<img src=x" in cell for row in found.rows for cell in row)


def test_it_fetches_nothing():
    said = table(cnncalc.load(ROOT / "specs" / "alexnet.yaml"))
    assert "http" not in said
    assert "src=" not in said


def test_problems_and_marks_stand_in_it():
    said = table(cnncalc.loads("input: 8x8x3\nlayers: [{maxpool: 3}]", file="n.yaml"))
    assert "✗ maxpool1" in said
    assert "n.yaml:2:11: error: maxpool1 does not fit" in said


def test_columns_depth_and_colours():
    network = cnncalc.load(ROOT / "specs" / "resnet18.yaml")
    found = read(network.html(columns=["input", "share"], depth=2))
    assert found.rows[0] == ["layer", "kind", "input", "output", "parameters", "share"]
    assert "details" not in found.tags
    with pytest.raises(KeyError, match="nothing"):
        network.html(columns=["nothing"])
    said = table(cnncalc.loads("input: 8x8x3\nlayers: [relu, {maxpool: 3}]"))
    assert said.count('style="color:#d9534f"') == 2
    assert '<tr style="color:#d9534f"><td style="text-align:left;padding-left:0.5em" title="maxpool1">' in said


def test_a_frame_of_pandas(monkeypatch):
    """pandas is not needed; a class in its place records what it is given."""
    frames = []
    fake = types.SimpleNamespace(DataFrame=lambda rows, columns: frames.append((columns, rows)))
    monkeypatch.setitem(sys.modules, "pandas", fake)
    cnncalc.load("lenet5").to_frame()
    ((columns, rows),) = frames
    # (5·5·1 + 1)·6 weights and biases, each weight used at 28·28 places.
    assert dict(zip(columns, rows[0], strict=True)) == {
        "name": "C1", "kind": "conv", "inputs": ["input"], "shape": (28, 28, 6),
        "parameters": 156, "trainable": 156, "buffers": 0, "macs": 150 * 28 * 28, "fits": True,
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas"):
        cnncalc.load("lenet5").to_frame()
