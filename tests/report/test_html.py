"""HTML for notebooks: whole, and nothing in it that a file has put there."""

from html.parser import HTMLParser

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
    numbers = [row[3:] for row in found.rows[1:]]
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
