"""A format from outside, one module and its line in FORMATS, is read by every command that takes a network."""

from __future__ import annotations

import json
import sys

import pytest

from cnncalc import formats

MODULE = '''
"""A network in three words: toy HEIGHTxWIDTHxCHANNELS FILTERS."""

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading
from cnncalc.layers.conv import Conv
from cnncalc.shape import Shape


def claims(first_bytes):
    return first_bytes.startswith(b"toy ")


def read(source, changes):
    _, shape, filters = source.text.split()
    problems = Problems(source.file)
    builder = Builder(problems, changes)
    flows = changes.inputs({"input": Shape(*map(int, shape.split("x")))})
    x = builder.input("input", flows["input"])
    layer, _ = Conv.read({"conv": filters, "kernel_size": "3", "stride": "2"})
    builder.graph.outputs.append(builder.layer("first", layer, [x]))
    return Reading(source, builder.graph, problems.sorted(), changed=bool(changes))
'''


@pytest.fixture
def net(tmp_path, monkeypatch):
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "toy.py").write_text(MODULE)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])
    monkeypatch.setitem(formats.FORMATS, "toy", (".toy",))
    file = tmp_path / "net.toy"
    file.write_text("toy 9x9x3 4\n")
    yield str(file)
    sys.modules.pop("cnncalc.formats.toy", None)
    vars(formats).pop("toy", None)


# (9 − 3)/2 + 1 = 4, and (3·3·3 + 1)·4 parameters.
def test_show_and_convert(cnncalc, net):
    totals = json.loads(cnncalc("show", net, "--format", "json").out)
    assert totals["layers"][0]["shape"] == [4, 4, 4]
    assert totals["totals"]["parameters"] == 112
    assert "conv: 4" in cnncalc("convert", net).out


def test_check_takes_named_and_included_files(cnncalc, net, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.cnncalc]\ninclude = ["*.toy"]\n')
    assert cnncalc("check", net).status == 0
    bad = tmp_path / "bad.toy"
    bad.write_text("toy 8x8x3 4\n")
    for word in (str(bad), str(tmp_path)):
        result = cnncalc("check", word)
        # (8 − 3)/2 + 1 = 3.5
        assert result.status == 1
        assert "first does not fit: (8 − 3 + 2·0)/2 + 1 = 3.5" in result.out + result.err


def test_changes_and_studies(cnncalc, net):
    rows = json.loads(cnncalc("sweep", net, "--set", "first.conv=4,8", "--format", "json").out)
    assert [row["parameters"] for row in rows] == [112, 224]
    assert "4x4x8" in cnncalc("show", net, "--set", "first.conv=8").out
    assert cnncalc("sizes", net).status == 0
    assert cnncalc("diff", net, net).status == 0


def test_pictures_and_the_forward_pass(cnncalc, net):
    assert "<svg" in cnncalc("draw", net).out
    assert cnncalc("run", net).status == 0
