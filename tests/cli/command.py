"""Runs cnncalc as a process of its own, into a pipe or on a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Seconds after which a process counts as hung. Long: a test must not fail because the machine is busy.
HANG = 600
CNNCALC = (sys.executable, "-c", "from cnncalc.cli import main; main()")


def environment(**more: str) -> dict[str, str]:
    """The tests' own environment without what changes output, with `more` in it."""
    found = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING")}
    return {**found, "PYTHONUTF8": "1", "TERM": "xterm-256color", **more}


def run(*args: str, stdin: str | bytes = b"", cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    """Into a pipe; stdout and stderr as text."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [*CNNCALC, *args], check=False, input=data, capture_output=True, cwd=cwd, env=environment(**env), timeout=HANG
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def on_terminal(width: int, *args: str, cwd: Path = ROOT, **env: str) -> tuple[int, str]:
    """On a pseudo terminal of `width` cells: the exit status and all that was written, escape sequences included."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        os.chdir(cwd)
        os.execve(CNNCALC[0], [*CNNCALC, *args], environment(**env))
    parts = []
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(fd)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), b"".join(parts).decode().replace("\r\n", "\n")


def without_styles(text: str) -> str:
    """What a reader sees: colours and weights taken off, and nothing else."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
