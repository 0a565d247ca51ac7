"""The README's examples are true."""

import re
import shlex
from pathlib import Path

import pytest

import cnncalc
from tests.cli.command import ROOT, run

README = (ROOT / "README.md").read_text(encoding="utf-8")

FIRST, *NETWORKS = [
    text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if re.search("^layers:", text, re.MULTILINE)
]


def commands() -> list[tuple[str, str]]:
    """Each `$ command` of a console with what stands below it, where something does; the shell's prompts are its own test."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, said = part.partition("\n")
            if said.strip() and "cnncalc>" not in said:
                found.append((line, said))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alexnet224.yaml").write_text(FIRST, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("text", NETWORKS)
def test_the_networks_are_sound(text):
    assert cnncalc.loads(text).problems == []


def test_there_are_two_of_them():
    assert len(NETWORKS) >= 2


@pytest.mark.parametrize(("line", "said"), commands())
def test_a_command_says_what_stands_below_it(folder, line, said):
    program, *words = shlex.split(line, comments=True)
    assert program == "cnncalc"
    done = run(*words, cwd=folder)
    pieces = [piece.strip("\n") for piece in re.split("^…$", said, flags=re.MULTILINE)]
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    assert re.fullmatch(pattern, (done.stdout + done.stderr).strip("\n"), re.DOTALL), done.stdout + done.stderr


def test_there_are_five_commands_whose_output_is_shown():
    assert len(commands()) >= 5


def test_the_session_of_the_shell(folder):
    (block,) = re.findall(r"\$ cnncalc shell\n(.*?)```", README, re.DOTALL)
    prompt = re.compile(r"^(?:cnncalc|[0-9x]+)> (.*)\n", re.MULTILINE)
    done = run("shell", stdin="".join(f"{line}\n" for line in prompt.findall(block)), cwd=folder)
    assert done.stdout == prompt.sub("", block)


def test_the_lines_for_python(monkeypatch):
    """What a comment says is what the expression before it gives, where that is a plain value."""
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    net = names["net"]
    assert isinstance(net, cnncalc.Network)
    assert repr(net["conv1"].shape) in code
    assert f"{net.parameters}, {net.macs}" in code
    assert net.forward(names["x"], weights=names["weights"]).shape == (1, 1000)
