"""Files that the shell reads and writes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

from cnncalc.cli.shell.typed import Refused
from cnncalc.problem import one_line


def still(path: str, text: str | None) -> bool:
    """Whether a file holds exactly `text`."""
    if text is None:
        return False
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read() == text
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def as_file(text: str, name: str) -> Iterator[str]:
    """Write `text` to a temporary file called `name`, for a command that reads files."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, name)
        with open(file, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        yield file


def check_path(path: str) -> None:
    """Raise Refused for a name with control characters."""
    if not path.isprintable():
        raise Refused(f"{one_line(path)} is not a valid file name: it has control characters")
