"""The LaTeX table: its cells, its escapes, and that it compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

import cnncalc
from cnncalc.analysis.memory import Memory
from cnncalc.report.network.columns import choose
from cnncalc.report.network.formats.latex import text
from cnncalc.report.network.memory import Figures

SPECS = Path(__file__).parents[2] / "specs"


def test_a_row_per_layer_between_the_rules_of_booktabs():
    network = cnncalc.loads("name: A & B\ninput: 32x32x3\nlayers: [{conv: 10, kernel_size: 5, padding: 2, name: conv_a}]")
    lines = text(network, choose()).splitlines()
    assert lines[0].startswith(r"% A \& B.")
    assert lines[1:4] == [
        r"\begin{tabular}{lllr}", r"\toprule", r"\textbf{layer} & \textbf{kind} & \textbf{output} & \textbf{parameters} \\",
    ]  # fmt: skip
    # (5·5·3 + 1)·10 = 760
    assert r"conv\_a & conv 10 $\times$ 5$\times$5, pad 2 & 32x32x10 & 760 \\" in lines
    assert r"\multicolumn{3}{l}{parameters} & \multicolumn{1}{r}{760} \\" in lines
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]


def test_a_table_longer_than_a_page_may_break():
    assert r"\begin{longtable}" in text(cnncalc.load(SPECS / "resnet18.yaml"), choose())
    assert r"\begin{tabular}" in text(cnncalc.load(SPECS / "resnet18.yaml"), choose(), depth=1)


def test_the_totals_have_the_peak_and_the_terms_of_training() -> None:
    """A table of one convolution: 4·(64·2 + 36·3) bytes at the peak, and a batch of two keeps its batch norm's input."""
    net = cnncalc.loads("input: 8x8x2\nlayers: [{conv: 3, kernel_size: 3, bias: false}, batchnorm]\n")
    figures = Figures(Memory(net.graph, batch=2), training="momentum")
    made = text(net, choose(), figures=figures)
    assert r"\multicolumn{3}{l}{peak memory at conv1, bytes, float32, batch 2} & \multicolumn{1}{r}{1,888} \\" in made
    assert r"\multicolumn{3}{l}{kept, bytes} & \multicolumn{1}{r}{888} \\" in made


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["alexnet", "resnet18"])
def test_it_compiles(name, tmp_path):
    table = text(cnncalc.load(SPECS / f"{name}.yaml"), choose(["macs", "share"]))
    packages = r"\usepackage[T1]{fontenc}\usepackage{booktabs,longtable,textcomp}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}\tiny {table}\end{{document}}"
    (tmp_path / "table.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-1500:]
