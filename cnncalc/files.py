"""Write a file as a whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import BinaryIO

#: Exit status of a process that SIGTERM ended, as a shell reports it.
_TERMINATED = 128 + 15


@contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file beside `path` for writing bytes, and rename it to `path` when the block ends without an exception.

    A link is followed and stays a link. An existing file's permissions are kept. A device or a pipe, which cannot be replaced,
    is written directly. After an exception, Ctrl-C or SIGTERM the file at `path` is unchanged and the temporary file is gone.
    Raises OSError.
    """
    import tempfile

    target = os.path.realpath(os.fspath(path))
    mode = _mode_of(target)
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as stream:
            yield stream
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", os.fspath(path))
    with _exit_on_sigterm():
        try:
            handle, temporary = tempfile.mkstemp(
                prefix=f".{os.path.basename(target)[:100]}.", suffix=".tmp", dir=os.path.dirname(target)
            )
        except OSError as error:
            # The reader knows the path that was asked for, not the temporary one.
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from None
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def _mode_of(path: str) -> int | None:
    """The file's mode bits, None if there is no file."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that clean-up runs; leave any other handler alone."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def replace_unchanged(path: str, before: bytes, after: bytes) -> None:
    """Put `after` in the place of a file that still holds `before`; owner, permissions and extended attributes are kept.

    Raises OSError, and leaves the file alone, if another program has changed it, if it has hard links, which a new file would
    cut off, or if an extended attribute cannot be kept.
    """
    target = os.path.realpath(path)
    status = os.stat(target)
    if status.st_nlink > 1:
        raise OSError(f"it has {status.st_nlink} hard links, and a new file in its place would cut them off")
    with write_atomically(target) as stream:
        stream.write(after)
        stream.flush()
        _keep_owner(stream, status)
        _keep_attributes(stream, target)
        with open(target, "rb") as now:
            if now.read() != before:
                raise OSError("another program has changed the file meanwhile")


def _keep_owner(stream: BinaryIO, status: os.stat_result) -> None:
    if hasattr(os, "fchown") and (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
        os.fchown(stream.fileno(), status.st_uid, status.st_gid)


def _keep_attributes(stream: BinaryIO, target: str) -> None:
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(target)
    except OSError:
        # This file system has no extended attributes.
        return
    for name in names:
        try:
            os.setxattr(stream.fileno(), name, os.getxattr(target, name))
        except OSError as error:
            raise OSError(f"its extended attribute {name} cannot be kept: {error.strerror or error}") from None
