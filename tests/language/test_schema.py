"""The JSON Schema by check-jsonschema, an implementation of its own with a YAML reader of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from cnncalc.language.row import ROW_KEYS
from cnncalc.language.schema import schema
from cnncalc.layers import KINDS

pytestmark = pytest.mark.skipif(find_spec("check_jsonschema") is None, reason="check-jsonschema is not installed")

#: What a file's text alone does not show: how many there are of a thing elsewhere, and what expressions come to.
UNKNOWABLE = {
    "block-argument-empty.yaml": "parameters of a block",
    "block-parameter-extra.yaml": "parameters of a block",
    "block-parameter-missing.yaml": "parameters of a block",
    "block-with-a-bad-argument.yaml": "what an argument is for",
    "expression-comparison-as-number.yaml": "what an expression gives",
    "expression-fraction.yaml": "what an expression gives",
    "groups-not-dividing-the-filters.yaml": "arithmetic between fields",
    "output-padding-too-large.yaml": "arithmetic between fields",
    "input-several-without-from.yaml": "that there are several inputs",
    "name-twice.yaml": "that a name is taken",
    "filters-0x3.yaml": "that 0x3 is no number here: other readers of YAML take it for three",
    "kernel-size-0x3.yaml": "that 0x3 is no number here",
    "input-huge.yaml": "sizes inside of a word",
}
#: Rules about a single file's keys and values, and those that need a YAML reader which gives up earlier.
KNOWN = {"unknown-key", "unknown-kind", "row", "missing", "value", "name"}
UNREADABLE = {"yaml", "file", "limit", "duplicate-key"}
#: The checker's reader itself fails on this number.
TOO_LONG = "filters-5000-digits.yaml"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "cnncalc.schema.json"
    path.write_text(json.dumps(schema()), "utf-8")
    return path


def check(*words: str) -> dict[str, list[tuple[str, str]]]:
    """Faults by file: where, and what is said."""
    command = [sys.executable, "-m", "check_jsonschema", "-o", "json", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert not report.get("parse_errors"), report["parse_errors"]
    found = defaultdict(list)
    for error in report.get("errors", []):
        found[Path(error["filename"]).name].append((error["path"], error["message"]))
    return found


def test_is_a_schema(file: Path) -> None:
    assert check("--check-metaschema", str(file)) == {}


def test_accepts_what_is_right(file: Path) -> None:
    paths = [*Path("specs").glob("*.yaml"), *Path("tests/good").glob("*.yaml"), *Path("tests/warn").glob("*.yaml")]
    assert len(paths) > 80
    assert check("--schemafile", str(file), *map(str, paths)) == {}


def expected() -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in Path("tests/bad/EXPECTED.tsv").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, _, rule, _ = line.split("\t")
            found[name].append(rule)
    return found


def test_rejects_what_a_file_alone_shows_to_be_wrong(file: Path) -> None:
    bad = {name: rules for name, rules in expected().items() if not set(rules) & UNREADABLE and name != TOO_LONG}
    found = check("--schemafile", str(file), *(f"tests/bad/{name}" for name in bad))
    for name, rules in bad.items():
        if set(rules) <= KNOWN and name not in UNKNOWABLE:
            assert found[name], f"{name} is let through"
        elif not set(rules) & KNOWN:
            assert not found[name], f"{name}: {found[name]}"


TYPOS = {
    "layers: [{cnov: 8, kernel_size: 3}]": ("$.layers[0]", "cnov"),
    "layers: [{conv: 8, kernl_size: 3, kernel_size: 3}]": ("$.layers[0]", "kernl_size"),
    "layers: [{conv: 8, kernel_size: 3, bias: maybe}]": ("$.layers[0].bias", "maybe"),
    "layers: [{conv: 8, kernel_size: 3, fit: flor}]": ("$.layers[0].fit", "flor"),
    "layers: [{conv: 0, kernel_size: 3}]": ("$.layers[0].conv", "minimum of 1"),
    "layers: [{conv: 8}]": ("$.layers[0]", "kernel_size"),
    "layers: [rleu]": ("$.layers[0]", "rleu"),
    "layers: [conv]": ("$.layers[0]", "conv"),
    "layers: [{relu: 3}]": ("$.layers[0].relu", "null"),
    "layers: [{name: a}]": ("$.layers[0]", "given schemas"),
    "layers: [{branches: {a: [relu]}}]": ("$.layers[0]", "merge"),
    "layers: [{branches: {a: [rleu]}, merge: add}]": ("$.layers[0].branches.a[0]", "rleu"),
    "layers: [relu]\nlayrs: 3": ("$", "layrs"),
    "layers: [relu]\nexpect: {params: 3}": ("$.expect", "params"),
    "layers: [relu]\nbudget: {macs: 5 MB}": ("$.budget.macs", "5 MB"),
    "layers: [relu]\nignore: stride": ("$.ignore", "stride"),
    "layers: [relu]\nblocks: {a: {rows: []}}": ("$.blocks.a", "rows"),
}


def test_one_typo_is_one_fault(file: Path, tmp_path: Path) -> None:
    for i, text in enumerate(TYPOS):
        (tmp_path / f"{i:02}.yaml").write_text(f"input: 8x8x3\n{text}\n")
    found = check("--schemafile", str(file), *map(str, sorted(tmp_path.iterdir())))
    for i, (text, (place, word)) in enumerate(TYPOS.items()):
        faults = found[f"{i:02}.yaml"]
        if i == len(TYPOS) - 1:
            # A key too many and one too few.
            assert len(faults) == 2
            continue
        assert len(faults) == 1, (text, faults)
        assert faults[0][0] == place, text
        assert word in faults[0][1], (text, faults)


def test_two_kinds_in_a_row_are_refused_by_each(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("input: 8x8x3\nlayers: [{conv: 8, kernel_size: 3, relu: }]\n")
    found = check("--schemafile", str(file), str(path))["a.yaml"]
    assert {place for place, _ in found} == {"$.layers[0]"}
    assert any("relu" in message for _, message in found)


def test_expressions_may_stand_anywhere(file: Path, tmp_path: Path) -> None:
    e = '"${1}"'
    path = tmp_path / "a.yaml"
    path.write_text(
        f"input: {e}\nfit: {e}\nlayout: {e}\nexpect: {{output: {e}, macs: {e}}}\nbudget: {{macs: {e}}}\nlayers:\n"
        f"  - {{conv: {e}, kernel_size: [{e}, 3], padding: [[{e}, 1], {e}], bias: {e}, repeat: {e}, fit: {e}, trainable: {e}, name: {e}}}\n"
        f"  - {{slice: {e}}}\n  - {{permute: [{e}, width, height]}}\n  - {{lstm: {e}, return: {e}}}\n  - {{reshape: {e}, expect: {e}}}\n"
        f"  - {{block: {e}, anything: {e}}}\n  - {{branches: {{a: []}}, merge: {e}}}\n  - {{dropout: {e}}}\n  - {{adaptive_avgpool: [{e}, 1]}}\n"
    )
    assert check("--schemafile", str(file), str(path)) == {}


def test_every_kind_and_field_is_described_with_its_default() -> None:
    made = schema()["$defs"]
    for name, kind in KINDS.items():
        properties = made[f"kind-{name}"]["properties"]
        assert set(properties) == {name} | {n for n, o in kind.options.items() if not o.main} | set(ROW_KEYS)
        for field, declared in kind.options.items():
            said = properties[name if declared.main else field]
            assert len(said["description"]) > 8
            if not declared.required and declared.default is not None:
                assert "default" in said
    assert made["kind-conv"]["properties"]["padding"]["default"] == 0
    assert made["kind-conv"]["properties"]["bias"]["default"] is True
    assert made["kind-batchnorm"]["properties"]["epsilon"]["default"] == 1e-5


def test_knows_the_keys_of_every_row() -> None:
    assert {f"key-{name}" for name in ROW_KEYS} <= set(schema()["$defs"])
