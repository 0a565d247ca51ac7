"""`show --watch`: the table again after every save, until it is interrupted."""

import os
import select
import signal
import subprocess
import time

from tests.cli.command import CNNCALC, HANG, ROOT, environment


def _until(process, said, seconds=HANG):
    """What is written until `said` is among it."""
    found = b""
    end = time.monotonic() + seconds
    while said.encode() not in found:
        assert time.monotonic() < end, found.decode()
        if select.select([process.stdout], [], [], 0.1)[0]:
            found += os.read(process.stdout.fileno(), 65536)
    return found.decode()


def test_every_save_is_shown(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("input: 32x32x3\nlayers:\n  - {conv: 10, kernel_size: 5}\n")
    command = [*CNNCALC, "show", "--watch", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, env=environment()) as process:
        try:
            _until(process, "28x28x10")
            file.write_text("input: 32x32x3\nlayers:\n  - {conv: 12, kernel_size: 3}\n")
            _until(process, "30x30x12")
            # Half a file, as an editor may leave it for a moment, ends nothing.
            file.write_text("input: 32x32x3\nlayers:\n  - {conv: 12,")
            _until(process, "[yaml]")
            # Saved by putting another file in its place.
            other = tmp_path / "b.yaml"
            other.write_text("input: 32x32x3\nlayers:\n  - {conv: 7, kernel_size: 3}\n")
            os.replace(other, file)
            _until(process, "30x30x7")
            process.send_signal(signal.SIGINT)
            assert process.wait(HANG) == 130
        finally:
            process.kill()


def test_standard_input_cannot_be_watched(cnncalc):
    result = cnncalc("show", "-", "--watch")
    assert result.status == 2
    assert "standard input can be read only once" in " ".join(result.err.split())
    assert cnncalc("show", "nowhere", "--watch").status == 2
