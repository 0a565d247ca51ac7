"""Draws the README's first picture: the README's first network as `cnncalc show` prints it on a terminal.

Run as `python .github/picture.py` where cnncalc is installed; writes flagged.svg beside this file.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 100
FILE = "alexnet224.yaml"


def printed(command: list[str], folder: str) -> str:
    """The output of `command` on a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "50", "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdout=theirs, stdin=theirs, env=environment, cwd=folder)
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
    here = Path(__file__).parent
    readme = (here.parent / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"file `{FILE}`:\n\n```yaml\n(.*?)```", readme, re.DOTALL)
    program = Path(sys.executable).parent / "cnncalc"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(text, encoding="utf-8")
        output = printed([str(program), "show", FILE], folder)
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115 - nothing is kept in it
    console.print(Text.from_ansi(f"$ cnncalc show {FILE}\n{output}"))
    picture = console.export_svg(title="cnncalc", theme=MONOKAI)
    # The picture asks no other host for its font.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    lines = (line.rstrip() for line in picture.splitlines())
    (here / "flagged.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
