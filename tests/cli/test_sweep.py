"""`cnncalc sweep`: every combination agrees with `show`, in this process and in others."""

import csv
import io
import json

import pytest

from cnncalc.network import load
from cnncalc.studies.grid import axis
from cnncalc.studies.sweep import plan
from tests.cli.command import on_terminal, without_styles


def test_each_row_is_what_show_says(cnncalc):
    result = cnncalc("sweep", "mobilenet_v2", "--set", "width=0.5,1", "--set", "input=160..224:32", "--format", "json")
    rows = json.loads(result.out)
    assert result.status == 0
    assert [row["set"] for row in rows] == [{"width": w, "input": i} for w in ("0.5", "1") for i in ("160", "192", "224")]
    for row in rows:
        size = row["set"]["input"]
        network = load("specs/mobilenet_v2.yaml", input=f"{size}x{size}x3", set=f"width={row['set']['width']}")
        assert {key: row[key] for key in network.totals} == network.totals
        assert (row["output"], row["problems"]) == ("1000", [])
    # Sandler et al.: torchvision's totals at widths 0.5 and 1.0
    assert [rows[2]["parameters"], rows[5]["parameters"]] == [1968680, 3504872]


def test_processes_give_the_same_rows():
    found = plan("specs/lenet5.yaml", [axis("C1.conv=1..20"), axis("input=28..37")])
    assert list(found.run(processes=2)) == list(found.run(processes=1))


def test_misfits_stand_beside_their_row(cnncalc):
    result = cnncalc("sweep", "alexnet", "--set", "conv1.stride=4,5")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[1].split() == ["4", "1000", "60,965,224", "724,406,816"]
    assert "conv1 does not fit: (227 − 11 + 2·0)/5 + 1 = 44.2" in lines[2]
    assert lines[-1].startswith("expect not checked")
    assert cnncalc("sweep", "alexnet", "--set", "conv1.stride=5").status == 1


def test_a_row_whose_totals_leave_layers_out_has_no_output(cnncalc):
    # Stride 50 leaves 5×5 cells, of which the pools' windows of 3 leave 2×2 and then nothing.
    result = cnncalc("sweep", "alexnet", "--set", "conv1.stride=4,50", "--format", "json")
    assert [row["output"] for row in json.loads(result.out)] == ["1000", "?"]


def test_sort_and_budget(cnncalc):
    words = ("sweep", "mobilenet_v2", "--set", "width=1,0.25,0.5", "--format", "csv")
    widths = lambda *more: [row["width"] for row in csv.DictReader(io.StringIO(cnncalc(*words, *more).out))]  # noqa: E731
    assert widths() == ["1", "0.25", "0.5"]
    assert widths("--sort", "parameters") == ["0.25", "0.5", "1"]
    assert widths("--sort", "-macs") == ["1", "0.5", "0.25"]
    assert widths("--sort", "width") == ["1", "0.25", "0.5"]
    assert widths("--budget", "parameters=2M") == ["0.25", "0.5"]
    assert widths("--budget", "parameters=2M", "--budget", "macs=40M") == ["0.25"]
    result = cnncalc(*words, "--budget", "parameters=1K")
    assert (result.status, result.out.count("\n")) == (1, 1)
    table = cnncalc(*words[:-2], "--budget", "parameters=2M").out
    assert "2 combinations; 1 more are not within the budget\n" in table


def test_bytes_of_a_number_type(cnncalc, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: 8x8x3\nlayers:\n  - {conv: 5, kernel_size: 1, bias: false, name: a}\n")
    words = ("sweep", str(path), "--set", "a.conv=5,7", "--columns", "weights,peak_memory", "--dtype", "float16")
    table = cnncalc(*words).out
    # 3·5 weights, and (3 + 5)·64 numbers of the input and the result, of two bytes; 3·7 and (3 + 7)·64.
    assert [line.split()[-5:] for line in table.splitlines()[1:3]] == [
        ["960", "30", "bytes", "1.0", "KiB"],
        ["1,344", "42", "bytes", "1.2", "KiB"],
    ]
    assert table.splitlines()[-1] == "weights and peak memory: bytes of tensors in float16"
    rows = json.loads(cnncalc(*words, "--budget", "weights=40", "--format", "json").out)
    assert [(row["weights"], row["peak_memory"], row["dtype"]) for row in rows] == [(30, 1024, "float16")]
    wrong = cnncalc(*words[:-1], "float17")
    assert wrong.status == 2
    assert "float17 is not a number type; use one of float64, float32" in wrong.err


def test_fit_and_whole_shapes_and_several_inputs(cnncalc):
    rows = json.loads(
        cnncalc("sweep", "alexnet", "--set", "input=224x224x3,227", "--set", "fit=exact,floor", "--format", "json").out
    )
    assert [len(row["problems"]) > 0 for row in rows] == [True, False, False, False]
    rows = json.loads(cnncalc("sweep", "vqa", "--set", "image=32,64", "--set", "question=5,6", "--format", "json").out)
    assert [row["problems"] for row in rows] == [[]] * 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--set width", "--set takes NAME=A,B,C or NAME=A..B:STEP"),
        ("--set width=1,,2", "a value is empty"),
        ("--set width=1,1", "1 is listed twice"),
        ("--set width=2..1", "the range ends before it begins"),
        ("--set width=1..2:0", "the step must be above 0"),
        ("--set width=1..9999999", "values are more than 1,000,000"),
        ("--set width=1..1000 --set input=1..1000", "1,000,000 combinations, and at most 200,000"),
        ("--set width=1 --set width=2", "--set width is given twice"),
        ("--set width=1 --sort size", "there is no column size"),
        ("--set width=1 --budget size=3", "size=3 is not a budget"),
        ("--set wdith=1,2", "there is no var wdith; did you mean width?"),
        ("--set nothing9.stride=1", "there is no layer nothing9"),
        ("", "Missing option '--set'"),
    ],
)
def test_wrong_words(cnncalc, words, said):
    result = cnncalc("sweep", "mobilenet_v2", *words.split())
    assert result.status == 2
    assert said in " ".join(result.err.split())


def test_decimals_stay_exact():
    assert axis("width=0.1..0.7:0.1").values == ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7")
    assert axis("n=10..30:10").values == ("10", "20", "30")
    assert axis("n=-1..1").values == ("-1", "0", "1")
    assert axis("p=[[0,1],[0,1]],3x5").values == ("[[0,1],[0,1]]", "3x5")


def test_problems_are_counted_where_there_is_no_room_for_them():
    words = ("sweep", "alexnet", "--set", "conv1.stride=2,4", "--set", "conv1.kernel_size=9,11")
    lines = without_styles(on_terminal(80, *words)[1]).splitlines()
    assert lines[0].split()[-1] == "problems"
    # At stride 2 with a window of 9 all three poolings have an even size before them: 110, 54 and 26.
    assert [line.split()[-1] for line in lines[1:5]] == ["3", "2", "1", "0"]
    assert lines[-1] == "no room for what the problems are: a wider terminal or a pipe shows them"
