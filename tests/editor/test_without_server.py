"""The README's recipes for editors without a language server: a problem matcher of VS Code, and an errorformat of Vim."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
#: An error on line 3 and a warning on line 5, at the kind's key; the columns are counted by hand.
TEXT = """\
input: 224x224x3
layers:
  - {conv: 96, kernel_size: 11, stride: 4}
  - relu
  - {conv: 8, kernel_size: 3}
  - batchnorm
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "net.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_the_problem_matcher_reads_errors_and_warnings(spec):
    (block,) = (found for found in re.findall(r"```json\n(.*?)```", README, re.DOTALL) if "problemMatcher" in found)
    pattern = json.loads(block)["tasks"][0]["problemMatcher"]["pattern"]
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", "check", spec.name], cwd=spec.parent, check=False, capture_output=True, encoding="utf-8"
    )
    found = [match for line in done.stdout.splitlines() if (match := re.match(pattern["regexp"], line)) is not None]
    keys = ("file", "line", "column", "severity", "code")
    assert [tuple(match[pattern[key]] for key in keys) for match in found] == [
        ("net.yaml", "3", "6", "error", "stride-fit"),
        ("net.yaml", "5", "6", "warning", "bias-before-norm"),
    ]
    assert "(224 − 11 + 2·0)/4 + 1 = 54.25" in found[0][pattern["message"]]


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_the_errorformat_reads_errors_and_warnings(spec):
    (wanted,) = re.findall(r"```vim\n(.*?)```", README, re.DOTALL)
    settings, answer = spec.parent / "settings.vim", spec.parent / "answer"
    settings.write_text(wanted.replace("makeprg=cnncalc", f"makeprg={sys.executable}\\ -m\\ cnncalc"), encoding="utf-8")
    shown = "map(getqflist(), {_, q -> join([q.type, bufname(q.bufnr), q.lnum, q.col])})"
    steps = ["silent make", f"call writefile({shown}, 'answer')", "qall!"]
    arguments = [part for step in steps for part in ("-c", step)]
    command = ["nvim", "--clean", "--headless", "-u", str(settings), spec.name, *arguments]
    subprocess.run(command, cwd=spec.parent, check=False, capture_output=True, timeout=60)
    assert answer.read_text(encoding="utf-8").splitlines() == ["e net.yaml 3 6", "w net.yaml 5 6"]
