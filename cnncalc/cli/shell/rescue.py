"""Save unsaved work of the shell when a signal ends the session."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.cli.shell.session import Session


@contextlib.contextmanager
def rescuing(session: Session) -> Iterator[None]:
    """Within the block, SIGHUP and SIGTERM save unsaved work and exit with 128 + the signal's number."""

    def end(number: int, frame: FrameType | None) -> None:
        # A second signal must not interrupt the saving.
        for other in signals:
            signal.signal(other, signal.SIG_IGN)
        file = save(session)
        for other in signals:
            signal.signal(other, signal.SIG_DFL)
        if file is not None:
            from cnncalc.cli import output

            # The terminal may be gone.
            with contextlib.suppress(OSError):
                output.say(f"\nunsaved work was written to {file}\n")
        # An event loop re-raises SystemExit, but swallows other exceptions.
        raise SystemExit(128 + number)

    signals = [getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    signals = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def save(session: Session) -> str | None:
    """Write unsaved work to a new file next to the session's file, else in the current folder.

    Return the name of the new file, or None if everything is saved or no file could be written.
    """
    from cnncalc.files import write_atomically

    if not session.unsaved or not session.text.strip():
        return None
    folder, name = os.path.split(session.file or "network.yaml")
    stem = os.path.splitext(name)[0]
    for place in (folder, ""):
        number = 1
        while os.path.lexists(file := os.path.join(place, f"{stem}.unsaved{'' if number == 1 else number}.yaml")):
            number += 1
        with contextlib.suppress(OSError), write_atomically(file) as stream:
            stream.write(session.text.encode("utf-8"))
            return file
    return None
