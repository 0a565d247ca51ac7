"""`cnncalc diff`, and the rows that `show --set` marks."""

import json
import subprocess

import pytest

import cnncalc as package

SMALL = """\
input: 32x32x3
layers:
  - {conv: 10, kernel_size: 5, padding: 2}
  - relu
  - {fc: 10}
"""


@pytest.fixture
def two(tmp_path):
    """A network and a change of it: fewer filters, and a pooling before the fully connected layer."""
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text(SMALL)
    after.write_text(SMALL.replace("conv: 10", "conv: 4").replace("  - {fc", "  - {maxpool: 2}\n  - {fc"))
    return str(before), str(after)


def test_fields_shapes_and_totals(cnncalc, two):
    result = cnncalc("diff", *two, "--format", "json")
    found = json.loads(result.out)
    assert result.status == 0
    assert found["differ"] is True
    by_name = {layer["name"]: layer for layer in found["layers"]}
    assert by_name["conv1"]["fields"] == {"filters": [10, 4]}
    assert by_name["conv1"]["shape"] == [[32, 32, 10], [32, 32, 4]]
    # (5·5·3 + 1)·10 and ·4
    assert by_name["conv1"]["parameters"] == [760, 304]
    assert by_name["maxpool1"]["status"] == "added"
    # (32·32·10 + 1)·10 and (16·16·4 + 1)·10
    assert by_name["fc1"]["parameters"] == [102410, 10250]
    assert found["totals"]["parameters"] == {"before": 103170, "after": 10554, "difference": -92616}
    assert found["same"] == 0


def test_exit_code(cnncalc, two):
    assert cnncalc("diff", *two).status == 0
    assert cnncalc("diff", *two, "--exit-code").status == 1
    assert cnncalc("diff", two[0], two[0], "--exit-code").status == 0
    assert cnncalc("diff", two[0], "nowhere.yaml", "--exit-code").status == 2


def test_table_and_markdown(cnncalc, two):
    table = cnncalc("diff", *two).out
    assert "~  conv1     filters 10 → 4 " in table
    assert "+  maxpool1  added: maxpool 2×2 " in table
    assert "parameters 103,170 10,554 −92,616 (−89.8%)" in " ".join(table.split())
    markdown = cnncalc("diff", *two, "--format", "markdown").out
    assert "| parameters | 103,170 | 10,554 | −92,616 (−89.8%) |" in markdown
    assert "| `~` | conv1 | filters 10 → 4 | 32x32x10 → 32x32x4 | 760 → 304 | 768,000 → 307,200 |" in markdown


def test_bytes_of_a_number_type(cnncalc, two):
    table = " ".join(cnncalc("diff", *two, "--dtype", "int8").out.split())
    # A byte for each parameter, and for each number of the input (32·32·3) and of conv1's result (32·32·10 and 32·32·4).
    assert "weight bytes (int8) 103,170 10,554 −92,616 (−89.8%)" in table
    assert "peak bytes (int8) 13,312 7,168 " in table
    found = json.loads(cnncalc("diff", *two, "--dtype", "float16", "--format", "json").out)
    assert found["dtype"] == ["float16", "float16"]
    assert found["totals"]["weights"] == {"before": 206340, "after": 21108, "difference": -185232}


def test_two_number_types(cnncalc, tmp_path):
    for name in ("float32", "int8"):
        (tmp_path / f"{name}.yaml").write_text(f"input: 4x4x1\ndtype: {name}\nlayers: [relu]\n")
    sides = [str(tmp_path / f"{name}.yaml") for name in ("float32", "int8")]
    found = cnncalc("diff", *sides, "--exit-code")
    assert found.status == 1
    assert "peak bytes (float32 → int8) 64 16 −48 (−75.0%)" in " ".join(found.out.split())
    assert cnncalc("diff", *sides, "--dtype", "float16", "--exit-code").status == 0
    wrong = cnncalc("diff", *sides, "--dtype", "int9")
    assert wrong.status == 2
    assert "int9 is not a number type; use one of float64, float32" in wrong.err


def test_a_network_is_the_same_as_itself(cnncalc):
    assert cnncalc("diff", "resnet18", "resnet18", "--exit-code").out == "resnet18 → resnet18\n\nthe same: 68 layers\n"


def test_matched_by_place_where_names_differ(cnncalc, tmp_path):
    for name, row in (("a", "{conv: 4, kernel_size: 3, name: first}"), ("b", "{conv: 8, kernel_size: 3, name: begin}")):
        (tmp_path / f"{name}.yaml").write_text(f"input: 8x8x1\nlayers:\n  - {row}\n  - {{fc: 2, name: end}}\n")
    found = json.loads(cnncalc("diff", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "--format", "json").out)
    assert [layer["names"] for layer in found["layers"]] == [["first", "begin"], ["end", "end"]]


@pytest.fixture
def inserted(tmp_path):
    """A 1×1 convolution and its activation put in between rows that have no names, and a new name for the last row."""
    rows = ["{conv: 4, kernel_size: 3}", "relu", "{conv: 16, kernel_size: 3}", "relu", "{fc: 10}"]
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text("input: 8x8x3\nlayers:\n" + "".join(f"  - {row}\n" for row in rows))
    rows[2:2] = ["{conv: 8, kernel_size: 1}", "relu"]
    rows[-1] = "{fc: 10, name: head}"
    after.write_text("input: 8x8x3\nlayers:\n" + "".join(f"  - {row}\n" for row in rows))
    return str(before), str(after)


def test_a_row_put_in_is_one_row_added(cnncalc, inserted):
    found = json.loads(cnncalc("diff", *inserted, "--format", "json").out)
    assert [(layer["status"], layer["names"]) for layer in found["layers"]] == [
        ("added", [None, "conv2"]),
        ("added", [None, "relu2"]),
        ("changed", ["conv2", "conv3"]),
    ]
    assert found["layers"][2]["name"] == "conv3"
    # (9·4 + 1)·16 and, of the eight channels that it reads now, (9·8 + 1)·16
    assert found["layers"][2]["parameters"] == [592, 1168]
    assert found["renamed"] == [["fc1", "head"]]
    assert found["same"] == 4


def test_names_before_and_after_in_every_format(cnncalc, inserted):
    table = cnncalc("diff", *inserted).out
    # (4 + 1)·8 parameters, each but the bias used at 6·6 places
    assert "\n+  conv2          added: conv 8 × 1×1  6x6x8 " in table
    assert "\n~  conv2 → conv3 " in table
    assert "\nrenamed: fc1 → head\n" in table
    assert table.endswith("\n4 layers the same, 1 changed, 2 added\n")
    markdown = cnncalc("diff", *inserted, "--format", "markdown").out
    # 4·4 places, 9·4 and 9·8 weights a filter, 16 filters
    assert "| `~` | conv2 → conv3 |  | 4x4x16 | 592 → 1,168 | 9,216 → 18,432 |" in markdown
    assert "- renamed: fc1 → head\n" in markdown


def test_a_new_name_alone_is_said_and_no_difference(cnncalc, tmp_path):
    (tmp_path / "a.yaml").write_text(SMALL)
    (tmp_path / "b.yaml").write_text(SMALL.replace("padding: 2}", "padding: 2, name: stem}"))
    names = (str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))
    result = cnncalc("diff", *names, "--exit-code")
    assert (result.status, result.out.splitlines()[2:]) == (0, ["renamed: conv1 → stem", "the same: 3 layers"])
    assert "- renamed: conv1 → stem\n\nThe same: 3 layers.\n" in cnncalc("diff", *names, "--format", "markdown").out


def test_every_layer_is_told_once(cnncalc):
    """Whatever is matched, all layers of both sides are there once."""
    for a, b in (("resnet18", "resnet50"), ("lenet5", "alexnet"), ("vgg16", "zfnet"), ("unet", "unet")):
        found = json.loads(cnncalc("diff", a, b, "--format", "json").out)
        for side, name in ((0, a), (1, b)):
            told = [layer["names"][side] for layer in found["layers"] if layer["names"][side] is not None]
            layers = [layer["name"] for layer in json.loads(cnncalc("show", name, "--format", "json").out)["layers"]]
            assert len(told) == len(set(told)) == len(layers) - found["same"]
            assert set(told) <= set(layers)


def test_a_side_from_git(cnncalc, tmp_path, monkeypatch):
    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words], cwd=tmp_path, check=True, capture_output=True
        )

    git("init", "-q")
    folder = tmp_path / "nets"
    folder.mkdir()
    (folder / "net.yaml").write_text(SMALL)
    git("add", ".")
    git("commit", "-qm", "first")
    (folder / "net.yaml").write_text(SMALL.replace("conv: 10", "conv: 4"))
    monkeypatch.chdir(tmp_path)
    assert "filters 10 → 4" in cnncalc("diff", "HEAD:nets/net.yaml", "nets/net.yaml").out
    monkeypatch.chdir(folder)
    assert "filters 10 → 4" in cnncalc("diff", "HEAD:net.yaml", "net.yaml").out
    assert "filters 10 → 4" in cnncalc("diff", "HEAD:nets/net.yaml", "net.yaml").out
    result = cnncalc("diff", "HEAD:other.yaml", "net.yaml")
    assert (result.status, result.err.startswith("HEAD:other.yaml: error: git has no such file: ")) == (2, True)
    assert cnncalc("diff", "--output=x:net.yaml", "net.yaml").status == 2
    assert cnncalc("diff", "--", "--output=x:net.yaml", "net.yaml").status == 2
    assert not (folder / "x:net.yaml").exists()


def test_show_marks_what_set_changed(cnncalc, two):
    result = cnncalc("show", two[0], "--set", "fc1.units=20")
    assert "\n* fc1    fc 20 " in result.out
    assert "\n  conv1  conv 10 × 5×5, pad 2 " in result.out
    assert (
        "* changed from outside the file\nagainst the file: parameters +102,410 (+99.3%), MACs +102,400 (+11.8%)\n" in result.out
    )
    found = json.loads(cnncalc("show", two[0], "--set", "fc1.units=20", "--format", "json").out)
    assert found["before"] == {
        "totals": {"parameters": 103170, "trainable": 103170, "buffers": 0, "macs": 870400},
        "changed": ["fc1"],
        "following": 0,
    }
    assert "before" not in json.loads(cnncalc("show", two[0], "--format", "json").out)


def test_show_marks_the_cause_and_counts_what_follows(cnncalc):
    lines = cnncalc("show", "resnet18", "--input", "256x256x3").out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("* ") and "outside" not in line] == ["input"]
    # Every layer but the pooling over everything and the classifier behind it.
    layers = len(package.load("resnet18").layers)
    assert f"* changed from outside the file; {layers - 1} other layers have other sizes or figures because of it" in lines
    lines = cnncalc("show", "lenet5", "--set", "C1.conv=8").out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("* ") and "outside" not in line] == ["C1"]


def test_totals_are_not_compared_if_layers_are_unknown(cnncalc):
    out = cnncalc("show", "alexnet", "--set", "conv1.kernel_size=300").out
    assert "the totals are not compared with the file's: some layers could not be computed" in out
    assert "against the file" not in out
    found = json.loads(cnncalc("show", "alexnet", "--set", "conv1.kernel_size=300", "--format", "json").out)
    assert found["before"]["totals"] is None


def test_a_cause_is_listed_before_its_consequences(cnncalc, tmp_path):
    """The block stands above the layers in the file; its row is what goes wrong because of the row below."""
    file = tmp_path / "a.yaml"
    file.write_text(
        "input: 16x16x3\nblocks:\n  b: {layers: [{maxpool: 2}]}\nlayers:\n  - {conv: 4, kernel_size: 3, padding: 1}\n  - block: b\n"
    )
    result = cnncalc("show", str(file), "--set", "conv1.stride=2", "--set", "conv1.padding=0")
    # (16 − 3)/2 + 1 = 7.5, and (7 − 2)/2 + 1 = 3.5 behind it.
    rules = [line for line in result.out.splitlines() if "does not fit" in line]
    assert [line.partition("error: ")[2].split()[0] for line in rules] == ["conv1", "b1.maxpool1"]


def test_a_problem_of_both_networks_is_told_once(cnncalc, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 8x8x3\nlayers:\n  - {maxpool: 3, stride: 2}\n  - {conv: 4, kernel_size: 5}\n")
    result = cnncalc("diff", str(file), str(file))
    printed = result.out + result.err
    assert printed.count("[stride-fit]") == 1
    assert printed.count("[window]") == 1
