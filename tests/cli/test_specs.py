"""`cnncalc specs`: what it says without working anything out must be what comes out."""

import json

import cnncalc
from tests.cli.command import ROOT, on_terminal, run, without_styles


def test_the_list_says_what_comes_out():
    found = {entry["name"]: entry for entry in json.loads(run("specs", "--format", "json").stdout)}
    paths = sorted((ROOT / "specs").glob("*.yaml"))
    assert sorted(found) == [path.stem for path in paths]
    for path in paths:
        network, entry = cnncalc.load(path), found[path.stem]
        assert (entry["title"], entry["description"]) == (network.name, network.description)
        assert (entry["parameters"], entry["macs"]) == (network.parameters, network.macs)


def test_the_table():
    lines = run("specs").stdout.splitlines()
    assert lines[0].split() == ["name", "parameters", "MACs", "description"]
    assert any(line.split()[:3] == ["alexnet", "60,965,224", "724,406,816"] for line in lines)


def test_it_fits_a_terminal():
    for width in (60, 80):
        status, text = on_terminal(width, "specs")
        assert status == 0
        assert max(map(len, without_styles(text).splitlines())) <= width
