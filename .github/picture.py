"""Draws the README's picture: `cnncalc show alexnet` as a terminal of 80 columns prints it.

Run as `python .github/picture.py` where cnncalc is installed; writes alexnet.svg beside this file.
"""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 80


def printed(command: list[str]) -> str:
    """What `command` prints on a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "50", "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdout=theirs, stdin=theirs, env=environment)
    os.close(theirs)
    chunks = []
    try:
        while chunk := os.read(ours, 65536):
            chunks.append(chunk)
    except OSError:  # the terminal ends with the process
        pass
    process.wait()
    return b"".join(chunks).decode().replace("\r\n", "\n")


def main() -> None:
    program = Path(sys.executable).parent / "cnncalc"
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 - nothing is kept in it
    console.print(Text.from_ansi("$ cnncalc show alexnet\n" + printed([str(program), "show", "alexnet"])))
    picture = console.export_svg(title="cnncalc", theme=MONOKAI)
    # The picture asks no other host for its font.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    lines = (line.rstrip() for line in picture.splitlines())
    (Path(__file__).parent / "alexnet.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
