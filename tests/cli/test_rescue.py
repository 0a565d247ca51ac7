"""Unsaved work of the shell is written when a signal ends the session."""

import signal
from types import SimpleNamespace

import pytest

from cnncalc.cli.shell.rescue import rescuing, save

TEXT = "input: 9x9x3\n"


def session(file: str | None, *, unsaved: bool = True, text: str = TEXT) -> SimpleNamespace:
    return SimpleNamespace(file=file, unsaved=unsaved, text=text)


def test_beside_the_file(tmp_path):
    (tmp_path / "net.yaml").write_text("old")
    assert save(session(str(tmp_path / "net.yaml"))) == str(tmp_path / "net.unsaved.yaml")
    assert save(session(str(tmp_path / "net.yaml"))) == str(tmp_path / "net.unsaved2.yaml")
    assert (tmp_path / "net.unsaved.yaml").read_text() == TEXT
    assert (tmp_path / "net.yaml").read_text() == "old"


def test_without_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save(session(None)) == "network.unsaved.yaml"
    assert (tmp_path / "network.unsaved.yaml").read_text() == TEXT


def test_the_current_folder_if_the_other_is_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save(session(str(tmp_path / "gone" / "net.yaml"))) == "net.unsaved.yaml"


@pytest.mark.parametrize("one", [session("net.yaml", unsaved=False), session("net.yaml", text=" \n")])
def test_nothing_to_save(one, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save(one) is None
    assert list(tmp_path.iterdir()) == []


def test_a_signal_saves_and_leaves(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match="143"), rescuing(session(None)):
        signal.raise_signal(signal.SIGTERM)
    assert (tmp_path / "network.unsaved.yaml").read_text() == TEXT
    assert "unsaved work was written to network.unsaved.yaml" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) == before
