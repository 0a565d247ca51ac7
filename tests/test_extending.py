"""A kind, a rule, a column, three output formats and an input format from outside: each is one new file, and every command has it.

The files are put into a copy of the package; all commands run in one process of that copy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cnncalc

PACKAGE = Path(cnncalc.__file__).parent

FILES = {
    # Maxout (Goodfellow et al. 2013): the largest of some linear functions, here at every position.
    "layers/maxout.py": '''
"""Layers that take the largest of linear functions."""

from cnncalc.layers.base import Example, Layer, Weight
from cnncalc.layers.option import Count, option
from cnncalc.shape import Shape


class Maxout(Layer, kind="maxout"):
    """The largest of `pieces` linear functions at each position."""

    accepts = "map"
    also = ("maxoutdense",)
    pieces: int = option(Count(2), "linear functions to choose from", default=2, main=True)
    units: int = option(Count(), "channels of the output")
    example = Example({"maxout": 3, "units": 4}, (Shape(3, 5, 2),), Shape(3, 5, 4))

    def output_shape(self, x, fit):
        return Shape(*x.spatial, self.units)

    def weights(self, x):
        return (Weight("weight", (self.pieces, self.units, x.channels)),)

    def macs(self, x, y):
        return self.pieces * y.size * x.channels

    def forward(self, x, w, run):
        import numpy as np

        return np.einsum("bc...,puc->bpu...", x, w["weight"]).max(axis=1)
''',
    # A layer of two inputs with weights, as torch.nn.Bilinear: xᵀ·A·y + b for each of its units.
    "layers/bilinear.py": '''
"""Layers that multiply two vectors by learned matrices."""

from cnncalc.layers.base import Example, Join, Weight
from cnncalc.layers.option import Count, option
from cnncalc.shape import LayerError, Shape


class Bilinear(Join, kind="bilinear"):
    """A bilinear form of two vectors for each unit."""

    units: int = option(Count(), "numbers that come out")
    example = Example({"bilinear": ["a", "b"], "units": 4}, (Shape(3), Shape(5)), Shape(4))

    def join(self, shapes):
        if len(shapes) != 2 or any(shape.rank for shape in shapes):
            raise LayerError("bilinear needs two vectors")
        return Shape(self.units)

    def joined_weights(self, shapes):
        x, y = shapes
        return (Weight("weight", (self.units, x.channels, y.channels)), Weight("bias", (self.units,), "bias"))

    def joined_macs(self, shapes, y):
        return self.units * shapes[0].channels * (shapes[1].channels + 1)

    def forward_join(self, xs, w, run):
        import numpy as np

        return np.einsum("bi,uij,bj->bu", xs[0], w["weight"], xs[1]) + w["bias"]
''',
    "rules/few_pieces.py": '''
"""A maxout layer with two pieces.

## Why is this bad?

It is as narrow as maxout can be.

## Example

```yaml
input: 8x8x3
layers: [{maxout: 2, units: 4}]
```

## Fix

Use three pieces.
"""

from cnncalc.rules.base import Finding

LEVEL = "warning"


def find(subject):
    for node in subject.graph.nodes:
        if node.kind == "maxout" and node.shape is not None and node.layer.pieces == 2:
            yield Finding(subject.place(node), f"{node.name} has two pieces; try 3", node.name)
''',
    "report/network/columns/letters.py": '''
"""The number of letters of a layer's kind."""

from cnncalc.report.network.columns.base import Column

COLUMNS = (
    Column(
        "letters", "letters", "letters of the kind", True, False, lambda line, _: len(line.kind),
        lambda line, _: str(len(line.kind)), explained=True,
    ),
)
''',
    "report/network/formats/names.py": '''
"""The names of layers, one per line."""

FOLDS = False
INCLUDES_PROBLEMS = False


def write(request):
    return "".join(f"{node.name}\\n" for network in request.networks for node in network.layers)
''',
    "report/picture/formats/words.py": '''
"""The kinds of layers, as words."""

from cnncalc.report.picture.draw import Picture

SUFFIXES = (".words",)


def draw(subject, options):
    return Picture(" ".join(node.kind for node in subject.layers) + "\\n", "no lines are drawn")
''',
    "report/problems/rules.py": '''
"""The rules of problems, one per line."""


def write(results):
    for result in results:
        for problem in result.problems:
            yield f"{problem.rule}\\n"
''',
    "formats/toy.py": '''
"""A network in three words: toy HEIGHTxWIDTHxCHANNELS FILTERS."""

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading
from cnncalc.layers.conv import Conv
from cnncalc.shape import Shape

SUFFIXES = (".toy",)
ABOUT = "toys (.toy)"


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
''',
    "formats/magic.py": '''
"""A vector and a row of units, in bytes: NNET, the size, and the units of each layer. No suffix is its own."""

from cnncalc.build.builder import Builder
from cnncalc.build.problems import Problems
from cnncalc.build.reading import Reading
from cnncalc.layers.dense import FullyConnected
from cnncalc.shape import Shape

SUFFIXES = ()
ABOUT = "files that begin with NNET"


def claims(first_bytes):
    return first_bytes.startswith(b"NNET")


def read(source, changes):
    size, *units = source.data[4:]
    problems = Problems(source.file)
    builder = Builder(problems, changes)
    x = builder.input("input", changes.inputs({"input": Shape(size)})["input"])
    for number, count in enumerate(units):
        x = builder.layer(f"dense{number}", FullyConnected(units=count), [x])
    builder.graph.outputs.append(x)
    return Reading(source, builder.graph, problems.sorted(), changed=bool(changes))
''',
}

NETWORKS = {
    "two.yaml": "input: {a: 3, b: 5}\nlayers:\n  - {bilinear: [a, b], units: 4, name: form}\n  - relu\n",
    "shared.yaml": "input: {a: 3, b: 5}\nlayers:\n  - {bilinear: [a, b], units: 4, name: form}\n"
    "  - {bilinear: [a, b], units: 4, share: form}\n  - {add: [form, bilinear2]}\n",
    "three.yaml": "input: {a: 3, b: 5}\nlayers:\n  - {bilinear: [a, b, a], units: 4}\n",
    "weights": "NNET\x07\x05\x02",
    "net.yaml": "input: 8x8x3\nlayers:\n  - {maxout: 2, units: 4}\n  - relu\n",
    "wider.yaml": "input: 8x8x3\nlayers:\n  - {maxout: 3, units: 4}\n  - relu\n",
    "typo.yaml": "input: 8x8x3\nlayers:\n  - {maxoot: 2, units: 4}\n  - {maxout: 1, unit: 4}\n  - {maxoutdense: 3, units: 4}\n",
    "ignored.yaml": "input: 8x8x3\nignore: few-pieces\nlayers:\n  - {maxout: 2, units: 4}\n",
    "misspelt.yaml": "input: 8x8x3\nignore: few-piece\nlayers:\n  - {maxout: 3, units: 4}\n",
    "net.toy": "toy 9x9x3 4\n",
    "bad.toy": "toy 8x8x3 4\n",
    "other.toy": "something else\n",
    "folder/pyproject.toml": '[tool.cnncalc]\ninclude = ["*.toy"]\n',
    "folder/bad.toy": "toy 8x8x3 4\n",
}

COMMANDS = """
show net.yaml
show net.yaml --columns macs
show net.yaml --format json
show net.yaml --columns letters
show net.yaml --columns letters --format csv
show net.yaml --columns letters --format json
show net.yaml --columns letters --format markdown
show net.yaml --columns letters --format latex
show net.yaml --columns letter
show net.yaml --columns all
show net.yaml --format names
show net.yaml --format names --depth 1
show net.yaml --format name
show --help
show typo.yaml
show ignored.yaml
show misspelt.yaml
check net.yaml
check net.yaml --ignore few-pieces
check net.yaml --select few-pieces --strict
check net.yaml --ignore few-piece
check ignored.yaml
check net.yaml --format rules
check net.yaml --format sarif
check net.yaml --format rule
check --help
run net.yaml
layer 8x8x3 maxout=2 units=4
solve 8x8x3 maxout=3 units=? --output 8x8x4
sizes net.yaml
sweep net.yaml --set maxout1.maxout=2,3 --format json
diff net.yaml wider.yaml
convert net.yaml
draw net.yaml
draw net.yaml --columns name,letters --style graph
draw net.yaml --columns nothing
draw net.yaml --format words
draw net.yaml -o net.words
draw net.yaml -o net.word
draw --help
report net.yaml
explain maxout
explain units
explain few-pieces
explain --list
schema
show two.yaml --training
show two.yaml --format json
show shared.yaml --format json
show three.yaml
run two.yaml
draw two.yaml
diff two.yaml shared.yaml
convert two.yaml
explain bilinear
show weights --format json
check weights
run weights
convert weights
show weights --set dense1.fc=3 --format json
show net.toy --format json
show net.toy --set first.conv=8
show other.toy
check net.toy
check bad.toy
check folder
run net.toy
sizes net.toy
sweep net.toy --set first.conv=4,8 --format json
diff net.toy net.toy
convert net.toy
draw net.toy
report net.toy
bad.toy
""".strip().splitlines()

DRIVER = """
import contextlib, io, json, sys

from cnncalc.cli import main

found = {}
for line in sys.stdin.read().splitlines():
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    sys.argv = ["cnncalc", *line.split()]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            status = end.code
    out.flush(), err.flush()
    found[line] = [status, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()]

from cnncalc.cli.spec import complete
from cnncalc.cli.shell.complete import words
from cnncalc.editor import completion, diagnostics, hover
from cnncalc.editor.snapshot import Snapshot

text = open("net.yaml").read()
snapshot = Snapshot(text, "net.yaml")
broken = text + "  - {maxo"
fields = text + "  - {maxout: 2, }"
ignore = "ignore: few"
found["editor"] = {
    "kinds": [item.label for item in completion.complete(Snapshot(broken), len(broken)).items],
    "fields": [item.label for item in completion.complete(Snapshot(fields), len(fields) - 1).items],
    "rules": [item.label for item in completion.complete(Snapshot(f"{ignore}\\n{text}"), len(ignore)).items],
    "hover": hover.hover(snapshot, text.index("maxout") + 2).markdown,
    "diagnostics": [one.code for one in diagnostics.diagnostics(snapshot)],
    "files": complete("net."),
    "shell": words("show let", None)[1],
}
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    top = tmp_path_factory.mktemp("extended")
    shutil.copytree(PACKAGE, top / "cnncalc")
    shutil.copytree(PACKAGE.parent / "specs", top / "specs")
    for name, text in FILES.items():
        assert not (top / "cnncalc" / name).exists()
        (top / "cnncalc" / name).write_text(text.lstrip())
    work = top / "work"
    for name, text in NETWORKS.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    code = f"import sys; sys.path.insert(0, {str(top)!r}); sys.argv[0] = 'cnncalc'\n{DRIVER}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(COMMANDS), capture_output=True, text=True, encoding="utf-8", cwd=work, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def run(extended):
    """`run("show net.yaml")` gives stdout and stderr in one text, after a look at the status."""

    def text(line: str, status: int = 0) -> str:
        found, out, err = extended[line]
        assert found == status, out + err
        return out + err

    return text


def test_a_kind_is_read_counted_and_shown(run):
    # 2 pieces · 4 units · 3 channels, and as many MACs at 64 positions.
    assert "24  1,536" in run("show net.yaml --columns macs")
    layer = json.loads(run("show net.yaml --format json"))["layers"][0]
    assert (layer["kind"], layer["shape"], layer["parameters"]) == ("maxout", [8, 8, 4], 24)
    assert layer["fields"] == {"pieces": 2, "units": 4}
    assert "24" in run("layer 8x8x3 maxout=2 units=4")
    assert "maxout" in run("solve 8x8x3 maxout=3 units=? --output 8x8x4")


def test_a_kind_has_messages(run):
    text = run("show typo.yaml", 1)
    assert "maxoot" in text
    assert "did you mean maxout?" in text
    assert "did you mean units?" in text
    assert "maxout must be at least 2, got 1" in text
    assert "maxoutdense" in text


def test_a_kind_runs_and_is_studied(run):
    assert "8x8x4" in run("run net.yaml")
    assert run("sizes net.yaml")
    assert [row["parameters"] for row in json.loads(run("sweep net.yaml --set maxout1.maxout=2,3 --format json"))] == [24, 36]
    assert "24 → 36" in run("diff net.yaml wider.yaml")


def test_a_kind_is_written_and_drawn(run):
    assert "{maxout: , units: 4}" in run("convert net.yaml")
    assert "maxout" in run("draw net.yaml")
    assert "maxout" in run("report net.yaml")


def test_a_kind_is_explained(run, extended):
    assert "linear functions to choose from" in run("explain maxout")
    assert "maxout" in run("explain units")
    assert "maxout" in run("explain --list")
    assert "maxout" in json.loads(run("schema"))["$defs"]["row"]["properties"]
    editor = extended["editor"]
    assert "maxout" in editor["kinds"]
    assert editor["fields"][0] == "units"
    assert "linear functions" in editor["hover"]


def test_a_rule(run, extended):
    assert "maxout1 has two pieces; try 3 [few-pieces]" in run("check net.yaml")
    assert "few-pieces" not in run("check net.yaml --ignore few-pieces")
    assert "few-pieces" in run("check net.yaml --select few-pieces --strict", 1)
    assert "did you mean few-pieces?" in run("check net.yaml --ignore few-piece", 2)
    assert "[" not in run("check ignored.yaml")
    assert "few-pieces" not in run("show ignored.yaml")
    assert "did you mean few-pieces?" in run("show misspelt.yaml", 1)
    assert "has two pieces" in run("report net.yaml")
    assert "as narrow as maxout can be" in run("explain few-pieces")
    assert "few-pieces" in run("explain --list")
    (sarif,) = json.loads(extended["check net.yaml --format sarif"][1])["runs"]
    assert "few-pieces" in [rule["id"] for rule in sarif["tool"]["driver"]["rules"]]
    assert extended["editor"]["rules"] == ["few-pieces"]
    assert extended["editor"]["diagnostics"] == ["few-pieces"]


def test_a_column(run, extended):
    assert "letters: letters of the kind" in run("show net.yaml --columns letters")
    assert run("show net.yaml --columns letters --format csv").splitlines()[1].endswith(",6")
    assert json.loads(run("show net.yaml --columns letters --format json"))["layers"][0]["letters"] == len("maxout")
    assert "letters |" in run("show net.yaml --columns letters --format markdown")
    assert "letters}" in run("show net.yaml --columns letters --format latex")
    assert "did you mean letters?" in run("show net.yaml --columns letter", 2)
    assert "letters" in run("show net.yaml --columns all")
    assert "letters" in run("show --help")
    assert "6 letters" in run("draw net.yaml --columns name,letters --style graph")
    assert "letters" in run("draw net.yaml --columns nothing", 2)
    assert extended["editor"]["shell"] == ["letters"]


def test_output_formats(run):
    assert run("show net.yaml --format names") == "maxout1\nrelu1\n"
    assert "names has a row for every layer" in run("show net.yaml --format names --depth 1", 2)
    assert "'names'" in run("show net.yaml --format name", 2)
    assert "names" in run("show --help")
    assert run("draw net.yaml --format words") == "maxout relu\nnote: no lines are drawn\n"
    assert run("draw net.yaml -o net.words") == "note: no lines are drawn\n"
    assert ".words" in run("draw net.yaml -o net.word", 2)
    assert "words" in run("draw --help")
    assert run("check net.yaml --format rules").startswith("few-pieces\n")
    assert "'rules'" in run("check net.yaml --format rule", 2)
    assert "rules" in run("check --help")


def test_an_input_format_is_shown_and_converted(run, extended):
    # (9 − 3)/2 + 1 = 4, and (3·3·3 + 1)·4 parameters.
    totals = json.loads(run("show net.toy --format json"))
    assert totals["layers"][0]["shape"] == [4, 4, 4]
    assert totals["totals"]["parameters"] == 112
    assert "4x4x8" in run("show net.toy --set first.conv=8")
    assert "conv: 4" in run("convert net.toy")
    assert "toys (.toy)" in run("show other.toy", 2)
    assert "cnncalc show bad.toy" in run("bad.toy", 2)
    assert extended["editor"]["files"] == ["net.toy", "net.yaml"]


def test_a_kind_with_two_inputs_has_weights(run):
    # 4·3·5 weights and 4 biases; for each unit 3·5 multiplications by the matrix and 3 by the other vector.
    layer = json.loads(run("show two.yaml --format json"))["layers"][0]
    assert (layer["parameters"], layer["macs"], layer["shape"]) == (64, 72, [4])
    # Their gradients take as many bytes again.
    assert run("show two.yaml --training").count("256") >= 2
    shared = json.loads(run("show shared.yaml --format json"))
    assert (shared["totals"]["parameters"], shared["layers"][1]["parameters"]) == (64, 0)
    assert "bilinear needs two vectors" in run("show three.yaml", 1)
    assert "4" in run("run two.yaml")
    assert "bilinear" in run("draw two.yaml")
    assert "bilinear: [a, b], units: 4" in run("convert two.yaml")
    assert "numbers that come out" in run("explain bilinear")


def test_an_input_format_without_a_suffix_is_known_by_its_first_bytes(run):
    # 5·(7 + 1) and 2·(5 + 1) parameters.
    found = json.loads(run("show weights --format json"))
    assert [(layer["name"], layer["parameters"]) for layer in found["layers"]] == [("dense0", 40), ("dense1", 12)]
    # 3·(5 + 1).
    assert json.loads(run("show weights --set dense1.fc=3 --format json"))["layers"][1]["parameters"] == 18
    run("check weights")
    run("run weights")
    assert "fc: 5" in run("convert weights")


def test_an_input_format_is_checked(run):
    run("check net.toy")
    for line in ("check bad.toy", "check folder"):
        # (8 − 3)/2 + 1 = 3.5
        assert "first does not fit: (8 − 3 + 2·0)/2 + 1 = 3.5" in run(line, 1)


def test_an_input_format_is_studied_run_and_drawn(run):
    rows = json.loads(run("sweep net.toy --set first.conv=4,8 --format json"))
    assert [row["parameters"] for row in rows] == [112, 224]
    run("sizes net.toy")
    run("diff net.toy net.toy")
    run("run net.toy")
    assert "<svg" in run("draw net.toy")
    assert "<html" in run("report net.toy")
