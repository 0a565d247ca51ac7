"""Files of the shell: written whole or not at all, and known again when they are still as they were written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator


def still(path: str, text: str | None) -> bool:
    """Whether a file holds `text` and nothing else."""
    if text is None:
        return False
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read() == text
    except (OSError, UnicodeDecodeError):
        return False


def write(path: str, text: str) -> None:
    """Writes beside the file and puts it in its place: an interrupt leaves the old one whole."""
    target = os.path.realpath(path)
    handle, beside = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        os.chmod(beside, os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o666 & ~_umask())
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def as_file(text: str, name: str) -> Iterator[str]:
    """A text as a file of this name, for a command that reads one."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, name)
        write(file, text)
        yield file
