"""Results on disk: an interrupted sweep goes on, and its file is the one that no interrupt would have made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnncalc.language.overrides import Options
from cnncalc.studies.grid import axis
from cnncalc.studies.store import Journal, StoreError
from cnncalc.studies.sweep import plan

TEXT = "input: 32x32x3\nvars: {width: 8}\nlayers:\n  - {conv: '${width}', kernel_size: 3}\n"


def made(values: str = "width=1..9", **more):
    return plan("net.yaml", [axis(values)], text=TEXT, **more)


def test_a_journal_that_was_cut_anywhere_goes_on(tmp_path: Path):
    sweep = made()
    whole = list(sweep.run())
    path = str(tmp_path / "out.jsonl")
    journal = Journal(path, sweep)
    for place, trial in enumerate(whole[:5]):
        journal.write(place, trial)
    journal.close(remove=False)
    partial = Path(path + ".partial")
    data = partial.read_bytes()
    head = data.index(b"\n") + 1
    for cut in range(head, len(data) + 1, 7):
        partial.write_bytes(data[:cut])
        journal = Journal(path, sweep, resume=True)
        for place, trial in enumerate(sweep.run(start=journal.start), journal.start):
            journal.write(place, trial)
        assert list(journal) == whole
        journal.close(remove=True)
        assert not partial.exists()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"values": "width=1..8"}, "values"),
        ({"limits": {"macs": 5}}, "limits"),
        ({"options": Options(fit="floor")}, "fit"),
        ({"options": Options(dtype="int8")}, "dtype"),
    ],
)
def test_another_sweep_is_not_resumed(tmp_path, other, why):
    path = str(tmp_path / "out.csv")
    Journal(path, made()).close(remove=False)
    with pytest.raises(StoreError, match=f"belongs to another sweep: .*{why}"):
        Journal(path, made(**other), resume=True)


@pytest.mark.parametrize("values", ["width=1..9", "width=1..8"])
def test_results_of_an_unfinished_sweep_are_not_overwritten(tmp_path, values):
    path = str(tmp_path / "out.csv")
    sweep = made()
    journal = Journal(path, sweep)
    journal.write(0, next(sweep.run()))
    journal.close(remove=False)
    before = Path(f"{path}.partial").read_bytes()
    with pytest.raises(StoreError, match="unfinished sweep; add --resume to continue it, or delete the file"):
        Journal(path, made(values))
    assert Path(f"{path}.partial").read_bytes() == before


def test_a_journal_without_results_is_begun_again(tmp_path):
    path = str(tmp_path / "out.csv")
    Journal(path, made("width=1..8")).close(remove=False)
    Journal(path, made()).close(remove=True)
    assert not Path(f"{path}.partial").exists()


@pytest.mark.parametrize(
    ("content", "why"), [(None, "nothing to resume"), (b"x\n", "not the journal"), (b"[]\n", "another sweep")]
)
def test_what_cannot_be_resumed(tmp_path, content, why):
    path = tmp_path / "out.csv"
    if content is not None:
        Path(f"{path}.partial").write_bytes(content)
    with pytest.raises(StoreError, match=why):
        Journal(str(path), made(), resume=True)


def test_a_file_of_another_kind(tmp_path):
    with pytest.raises(StoreError, match=r"\.csv, \.jsonl or \.parquet"):
        Journal(str(tmp_path / "out.xlsx"), made())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_named_with_the_file(tmp_path):
    Path(tmp_path / "out.csv.partial").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"out\.csv\.partial: No space left on device"):
        Journal(str(tmp_path / "out.csv"), made())


def test_a_file_that_cannot_be_written_is_refused_before_the_sweep(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StoreError, match=r"folder\.csv: this is a folder"):
        Journal(str(tmp_path / "folder.csv"), made())
    with pytest.raises(StoreError, match=r"none/out\.csv\.partial: No such file or directory"):
        Journal(str(tmp_path / "none" / "out.csv"), made())
    monkeypatch.setattr("cnncalc.studies.store.find_spec", lambda name: None)
    with pytest.raises(StoreError, match="Parquet needs pyarrow: pip install"):
        Journal(str(tmp_path / "out.parquet"), made())
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_values_of_any_bytes_are_stored(tmp_path):
    # A byte of the command line that is not UTF-8.
    sweep = made("width=\udc80,2")
    journal = Journal(str(tmp_path / "out.csv"), sweep)
    results = list(sweep.run())
    for place, trial in enumerate(results):
        journal.write(place, trial)
    assert list(journal) == results
    journal.close(remove=True)


def test_a_model_of_pytorch_is_known_by_its_file(tmp_path):
    module = tmp_path / "net.py"
    module.write_text("class Net: pass", encoding="utf-8")
    sweep = made()
    models = [
        replace(sweep, recipe=sweep.recipe._replace(text=None, file=file)) for file in (f"{module}:Net", "torchvision:vgg11")
    ]
    for model in models:
        path = str(tmp_path / "out.csv")
        Journal(path, model).close(remove=False)
        Journal(path, model, resume=True).close(remove=False)
    with pytest.raises(StoreError, match="belongs to another sweep: network differ"):
        Journal(path, models[0], resume=True)
    Journal(path, models[0]).close(remove=False)
    module.write_text("class Net: change = True", encoding="utf-8")
    with pytest.raises(StoreError, match="belongs to another sweep: network differ"):
        Journal(path, models[0], resume=True)
