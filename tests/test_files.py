"""Files written as a whole or not at all."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from cnncalc.files import write_atomically


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    with write_atomically(tmp_path / "a") as stream:
        stream.write(b"one")
        assert not (tmp_path / "a").exists()
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "b").st_mode)


def test_after_an_exception_the_old_file_is_there_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")

    def fail():
        with write_atomically(tmp_path / "a") as stream:
            stream.write(b"new")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_permissions_are_kept_and_links_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    with write_atomically(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_a_missing_folder_is_named_as_it_was_given(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*no/a'"), write_atomically(tmp_path / "no" / "a"):
        pass


def test_a_device_is_written_directly():
    with write_atomically(os.devnull) as stream:
        stream.write(b"anything")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_ended_leaves_no_temporary_file(tmp_path, number):
    code = (
        "import sys, time; from cnncalc.files import write_atomically\n"
        "with write_atomically(sys.argv[1]) as stream:\n"
        "    print('writing', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "a"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    process.stdout.close()
    status = process.wait(60)
    assert status == (143 if number == signal.SIGTERM else -signal.SIGINT)
    assert list(tmp_path.iterdir()) == []
