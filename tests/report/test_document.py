"""JSON, as the contract has it: against a schema written by hand and AlexNet's published numbers."""

import json
import re

import pytest

import cnncalc
from cnncalc.report.network.formats.json import document, text
from tests.cli.command import ROOT

SPECS = sorted((ROOT / "specs").glob("*.yaml"))
FILES = [*SPECS, *sorted((ROOT / "tests" / "good").glob("*.yaml")), *sorted((ROOT / "tests" / "bad").glob("*.yaml"))]

SIZES = [int]
TOTALS = {"parameters": int, "trainable": int, "buffers": int, "macs": int}
LAYER = {
    "name": str, "kind": str, "inputs": [str], "shape": (SIZES, None), "fields": dict, "parameters": int, "trainable": int,
    "buffers": int, "macs": (int, None), "fits": bool, "line": int, "column": int,
    "summary": str, "biases": int, "leftover": SIZES, "shares": (str, None), "memory": (int, None), "live": (int, None),
}  # fmt: skip
PROBLEM = {
    "rule": str, "level": str, "file": (str, None), "line": (int, None), "column": (int, None), "end_line": (int, None),
    "end_column": (int, None), "layer": (str, None), "message": str,
    "fixes": [{"title": str, "safe": bool, "line": int, "column": int, "end_line": int, "end_column": int, "text": str}],
}  # fmt: skip
FLOW = ({"name": str, "shape": (SIZES, None)}, {"name": str, "tokens": int, "vocabulary": int})
MEMORY = {
    "dtype": str, "batch": int, "weights": int, "peak_memory": (int, None), "peak_at": (str, None), "live_at_peak": [str],
}  # fmt: skip
DOCUMENT = {
    "schema_version": int, "name": str, "file": (str, None), "layout": str, "inputs": [FLOW], "layers": [LAYER],
    "outputs": [FLOW], "totals": {**TOTALS, "memory": MEMORY}, "problems": [PROBLEM],
    "description": (str, None), "source": (str, None), "dtype": str, "bytes": int, "complete": bool, "expect_skipped": bool,
}  # fmt: skip


def conforms(value, schema):
    """Whether a value is of a type, one of several, a list of one, or a map with exactly these keys."""
    if isinstance(schema, tuple):
        return any(conforms(value, one) for one in schema)
    if schema is None:
        return value is None
    if isinstance(schema, list):
        return isinstance(value, list) and all(conforms(one, schema[0]) for one in value)
    if isinstance(schema, dict):
        return isinstance(value, dict) and value.keys() == schema.keys() and all(conforms(value[k], schema[k]) for k in schema)
    return type(value) is schema


def of(source, **more):
    return json.loads(text([document(cnncalc.loads(source, **more))], as_list=False))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_document_conforms(path):
    try:
        network = cnncalc.load(path)
    except cnncalc.SpecError:
        pytest.skip("no network")
    found = json.loads(text([document(network)], as_list=False))
    for layer in found["layers"]:
        assert conforms(layer, LAYER), layer
    for problem in found["problems"]:
        assert conforms(problem, PROBLEM), problem
    assert conforms(found, DOCUMENT)
    totals = {key: value for key, value in found["totals"].items() if key != "memory"}
    assert totals == {key: sum(layer[key] or 0 for layer in found["layers"]) for key in TOTALS}


def test_alexnet_is_as_in_the_contract():
    path = ROOT / "specs" / "alexnet.yaml"
    found = json.loads(text([document(cnncalc.load(path))], as_list=False))
    head = ("schema_version", "name", "file", "layout", "inputs")
    assert [found[key] for key in head] == [
        1, "AlexNet", str(path), "channels_last", [{"name": "input", "shape": [227, 227, 3]}],
    ]  # fmt: skip
    first = found["layers"][0]
    expected = {
        "name": "conv1", "kind": "conv", "inputs": ["input"], "shape": [55, 55, 96],
        "parameters": 34944, "trainable": 34944, "buffers": 0, "macs": 105415200, "fits": True,
    }  # fmt: skip
    assert {key: first[key] for key in expected} == expected
    fields = {
        "kernel_size": [11, 11], "stride": [4, 4], "padding": [[0, 0], [0, 0]], "dilation": [1, 1], "groups": 1, "bias": True,
    }  # fmt: skip
    assert {key: first["fields"][key] for key in fields} == fields
    row = path.read_text().splitlines()[first["line"] - 1]
    assert row[first["column"] - 1 :].startswith("{conv: 96")
    assert found["outputs"] == [{"name": "softmax1", "shape": [1000]}]
    # Krizhevsky et al. 2012: 60 million parameters; exactly as Caffe's bvlc_alexnet with its two groups.
    memory = found["totals"].pop("memory")
    assert found["totals"] == {"parameters": 60965224, "trainable": 60965224, "buffers": 0, "macs": 724406816}
    # The response normalisation behind conv1 reads and gives 55x55x96.
    assert memory == {
        "dtype": "float32", "batch": 1, "weights": 4 * 60965224, "peak_memory": 4 * 2 * 55 * 55 * 96, "peak_at": "lrn1",
        "live_at_peak": ["relu1", "lrn1"],
    }  # fmt: skip
    assert found["problems"] == []


def test_a_branches_row_stands_behind_its_branches():
    found = of("input: 4x4x3\nlayers: [{branches: {a: [relu], b: []}, merge: add, name: join}]")
    assert [layer["name"] for layer in found["layers"]] == ["join.a.relu1", "join"]
    assert found["layers"][1]["kind"] == "branches"
    assert found["layers"][1]["fields"] == {"merge": "add", "branches": ["a", "b"]}
    assert found["layers"][1]["inputs"] == ["join.a.relu1", "input"]


def test_a_sharing_row_has_no_parameters():
    found = of("input: 3\nlayers: [{fc: 3}, {fc: 3, share: fc1}]")
    assert [layer["parameters"] for layer in found["layers"]] == [12, 0]
    assert [layer["shares"] for layer in found["layers"]] == [None, "fc1"]
    assert [layer["macs"] for layer in found["layers"]] == [9, 9]


def test_an_unknown_shape_is_null_and_the_document_is_not_complete():
    found = of("input: 8x8x3\nlayers: [relu, {conf: 3}]")
    assert [layer["shape"] for layer in found["layers"]] == [[8, 8, 3], None]
    assert found["outputs"] == [{"name": "conf1", "shape": None}]
    assert not found["complete"]
    assert found["problems"][0]["rule"] == "unknown-kind"


def test_tokens():
    found = of("input: {tokens: 26, vocabulary: 12000}\nlayers: [{embedding: 3}]")
    assert found["inputs"] == [{"name": "input", "tokens": 26, "vocabulary": 12000}]


def test_shapes_stand_in_the_layout_of_the_document():
    source = "input: 4x6x3\nlayers: [{reshape: 2x12x3}, {permute: [width, height, channels]}]"
    first, last = of(source, layout="channels_first"), of(source)
    assert (first["layout"], last["layout"]) == ("channels_first", "channels_last")
    assert first["inputs"][0]["shape"] == [3, 4, 6]
    assert [layer["shape"] for layer in first["layers"]] == [[3, 2, 12], [3, 12, 2]]
    assert [layer["fields"] for layer in first["layers"]] == [{"shape": [3, 2, 12]}, {"axes": ["channels", "width", "height"]}]
    assert [layer["fields"] for layer in last["layers"]] == [{"shape": [2, 12, 3]}, {"axes": ["width", "height", "channels"]}]


def test_leftover_cells():
    found = of("input: 9x8x3\nfit: floor\nlayers: [{maxpool: 4}]")
    assert (found["layers"][0]["fits"], found["layers"][0]["leftover"]) == (False, [1, 0])


def test_a_layer_whose_counts_are_unknown_has_no_shape_and_an_output_that_is_certain_has():
    found = of("input: 8x8x3\nlayers: [conf, {fc: 5}]")
    assert [(layer["shape"], layer["parameters"]) for layer in found["layers"]] == [(None, 0), (None, 0)]
    assert found["outputs"] == [{"name": "fc1", "shape": [5]}]
    assert (found["complete"], found["totals"]["parameters"]) == (False, 0)


def test_a_problem_without_a_place_has_null_for_it():
    from cnncalc.problem import Location, Problem
    from cnncalc.report.problems.listing import data

    found = data(Problem("file", "error", None, Location(), None, "gone"))
    assert (found["line"], found["column"], found["file"]) == (None, None, None)


def test_fixes_say_what_to_put_where():
    found = of("input: 8x8x3\nlayers: [{maxpool: 3}]")["problems"][0]
    assert found["layer"] == "maxpool1"
    assert any(fix["title"].startswith("maxpool") and fix["safe"] is False for fix in found["fixes"])


def test_the_text_is_a_line_per_layer_and_ascii():
    network = cnncalc.loads('name: "é \\x9b"\ninput: 8x8x3\nlayers: [relu, tanh]')
    said = text([document(network)], as_list=False)
    assert said.isascii()
    assert re.findall(r'^    \{"name": "(\w+)", "kind"', said, re.MULTILINE) == ["relu1", "tanh1"]
    assert json.loads(text([], as_list=True)) == []
    assert [one["name"] for one in json.loads(text([document(network)] * 2, as_list=True))] == [network.name] * 2
