"""The file of a sweep's results, as a reader of its format sees it."""

from __future__ import annotations

import csv
import json

import pytest

from cnncalc.report.results import write
from cnncalc.studies.grid import axis
from cnncalc.studies.sweep import Sweep, plan

TEXT = "input: 32x32x3\nvars: {width: 8}\nlayers:\n  - {conv: '${width}', kernel_size: 3}\n"
# (3·3·3 + 1) parameters per filter.
PARAMETERS = [28, 56, 1_120_000]


def made() -> Sweep:
    return plan("net.yaml", [axis("width=1,2,40000")], text=TEXT)


def test_csv(tmp_path):
    path = tmp_path / "out.CSV"
    assert write(str(path), made().run(), made()) == 3
    with open(path, newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["width"] for row in rows] == ["1", "2", "40000"]
    assert [int(row["parameters"]) for row in rows] == PARAMETERS


def test_json_lines(tmp_path):
    path = tmp_path / "out.jsonl"
    assert write(str(path), made().run(), made()) == 3
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["set"] for row in rows] == [{"width": "1"}, {"width": "2"}, {"width": "40000"}]
    assert [row["parameters"] for row in rows] == PARAMETERS


def test_parquet(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "out.parquet")
    assert write(path, made().run(), made()) == 3
    table = pq.read_table(path).to_pydict()
    assert table["width"] == [1, 2, 40000]
    assert table["parameters"] == PARAMETERS
    assert table["output"] == ["30x30x1", "30x30x2", "30x30x40000"]
    assert table["problems"] == [0, 0, 0]
