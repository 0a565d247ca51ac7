"""The README is true: every file in it is sound, every command in it works, and prints what stands below it."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import cnncalc
from cnncalc.report.picture.formats import picture
from cnncalc.report.picture.options import Drawing
from tests.cli.command import ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")

#: The files that the README tells the reader to write.
FILES = dict(re.findall(r"file `([\w.]+)`[^\n]*:\n\n```\w+\n(.*?)```", README, re.DOTALL))
CONSOLES = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
#: The answers of the shell are a test of their own.
_SHELL = "cnncalc shell"


def commands() -> list[tuple[str, str]]:
    """Each `$ command` of a console with the output below it, which may be empty."""
    found = []
    for block in CONSOLES:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            found.append((line, output))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the README's files and specs/, as a reader's clone has them; commands add to it in order."""
    found = tmp_path_factory.mktemp("clone")
    for name, text in FILES.items():
        (found / name).write_text(text, encoding="utf-8")
    (found / "specs").symlink_to(ROOT / "specs")
    return found


def test_the_files_that_commands_name_stand_in_it():
    assert set(FILES) == {"alexnet224.yaml", "small.yaml", "residual.yaml", "tiny.cfg", "yolo.yaml", "keras.json", "net.py"}


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("alexnet224.yaml", "net.py")])
def test_the_networks_are_sound(folder, name):
    assert cnncalc.load(str(folder / name)).problems == []


@pytest.mark.parametrize(("line", "output"), commands(), ids=[line for line, _ in commands()])
def test_a_command_works_and_prints_what_stands_below_it(folder, line, output):
    program, *words = shlex.split(line, comments=True)
    if "net.py" in line or "net.onnx" in line:
        pytest.importorskip("torch")
    if "net.onnx" in line:
        pytest.importorskip("onnxscript")
    if program == "python":  # the export that the next commands read
        subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True, timeout=300)
        return
    assert program == "cnncalc"
    done = run(*words, cwd=folder)
    # The first network is wrong on purpose, and so is the stride of 3 over 7.
    assert done.returncode == (1 if "alexnet224" in line or "S=3" in line or "stride=3" in line or "alexnet --set" in line else 0)
    if output.strip() and line != _SHELL:
        pieces = [piece.strip("\n") for piece in re.split("^…$", output, flags=re.MULTILINE)]
        pattern = ".*".join(re.escape(piece) for piece in pieces)
        assert re.fullmatch(pattern, (done.stdout + done.stderr).strip("\n"), re.DOTALL), done.stdout + done.stderr


def test_there_are_commands_whose_output_is_shown():
    assert sum(bool(output.strip()) for _, output in commands()) >= 6


def test_every_command_of_the_program_is_in_it():
    from cnncalc.cli.app import COMMANDS

    assert [name for name in COMMANDS if f"cnncalc {name}" not in README] == []


def test_the_session_of_the_shell(folder):
    (block,) = re.findall(r"\$ cnncalc shell\n(.*?)```", README, re.DOTALL)
    prompt = re.compile(r"^(?:cnncalc|[0-9x]+)> (.*)\n", re.MULTILINE)
    done = run("shell", stdin="".join(f"{line}\n" for line in prompt.findall(block)), cwd=folder)
    assert done.stdout == prompt.sub("", block)


def test_the_contents_lead_to_headings():
    headings = {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in re.findall(r"^## (.*)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", README)) == headings - {"contents"}


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!#|http)([^)]*)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", ["unet", "resnet50"])
def test_its_pictures_are_those_that_draw_makes_now(name):
    """If this fails, run `python .github/pictures.py`."""
    text = picture(cnncalc.load(ROOT / "specs" / f"{name}.yaml"), "svg", Drawing()).text
    assert (ROOT / ".github" / f"{name}.svg").read_text(encoding="utf-8") == text


def test_its_first_picture_has_the_lines_that_show_prints_now(folder):
    """If this fails, run `python .github/picture.py`."""
    drawn = html.unescape("".join(re.findall(r"<text[^>]*>(.*?)</text>", (ROOT / ".github" / "flagged.svg").read_text("utf-8"))))
    done = run("show", "alexnet224.yaml", cwd=folder)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line]
    assert len(lines) > 8
    # The terminal of the picture may break a line.
    assert [line for line in lines if "".join(line.split()) not in "".join(drawn.split())] == []


def test_the_study_with_optuna():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    (code,) = re.findall(r"```python\n(import optuna.*?)```", README, re.DOTALL)
    names = {}
    exec(code, names)
    # MobileNetV2 of width 0.75 has 209 million MACs (Sandler et al. 2018, Table 4).
    assert 0.25 <= names["study"].best_params["width"] < 0.75
    assert names["study"].best_value > 1_677_128  # the parameters of width 0.35


def test_the_lines_for_python(monkeypatch):
    """What a comment says is the value of the expression before it."""
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(import numpy.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    net = names["net"]
    assert isinstance(net, cnncalc.Network)
    assert repr(net["conv1"].shape) in code
    assert f"{net.parameters}, {net.macs}" in code
    assert net.forward(names["x"], weights=names["weights"]).shape == (1, 1000)
