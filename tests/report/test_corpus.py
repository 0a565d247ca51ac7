"""Every network, good and bad, in every form and at every width: nothing fails, and nothing is printed that steers a terminal."""

import pytest

import cnncalc
from cnncalc.report import plain
from cnncalc.report.network import html
from cnncalc.report.network.columns import choose
from cnncalc.report.network.formats import csv as comma
from cnncalc.report.network.formats import markdown
from cnncalc.report.network.table import table
from tests.cli.command import ROOT

FILES = [path for folder in ("specs", "tests/good", "tests/bad") for path in sorted((ROOT / folder).glob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_form_of_every_network(path):
    try:
        network = cnncalc.load(path)
    except cnncalc.SpecError:
        pytest.skip("no network")
    columns = choose(("all",))
    said = [plain.text(table(network, columns, depth=depth, width=width)) for depth in (None, 1) for width in (None, 80, 20)]
    said += [markdown.text(network, columns), comma.text([network], columns, with_file=True), html.table(network)]
    for text in said:
        assert all(c.isprintable() or c in "\n\u00a0" for c in text)
