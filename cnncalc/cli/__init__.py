"""The command line: options in, one call, exit status out. A command is a file beside this one, named in `app.COMMANDS`."""

from __future__ import annotations

import gc
import os
import sys

#: Exit statuses. Problems found: 1; it could not be looked at: 2; a fault in cnncalc itself: 3.
OK, PROBLEMS, UNUSABLE, FAULT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141


class PipeClosed(Exception):
    """The reader of the pipe went away; typer would make its own exit status of a BrokenPipeError."""


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    # Most commands end before reference cycles matter, and looking for them takes half the time of a large table; those that make
    # thousands of networks, or run for hours, have them looked for now and then.
    gc.set_threshold(500_000)
    try:
        from cnncalc.cli.app import run

        status = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except (BrokenPipeError, PipeClosed):
        status = PIPE_CLOSED
        _forget_output()
    except OSError as error:
        status = UNUSABLE
        _forget_output()
        _say(f"error: {error.filename or 'the output'}: {error.strerror or error}")
    except Exception as error:
        status = FAULT
        say_fault(error)
    sys.exit(status)


def say_fault(error: Exception) -> None:
    """Print one line that says how to report a fault of cnncalc; the traceback only with CNNCALC_DEBUG=1."""
    if os.environ.get("CNNCALC_DEBUG") == "1":
        import traceback

        _say(traceback.format_exc().rstrip())
    from cnncalc import __version__
    from cnncalc.problem import one_line

    what = one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    _say(
        f"cnncalc {__version__} has failed: {what}. This is a fault in cnncalc, not in your file; "
        "please report it with the command, the file and what CNNCALC_DEBUG=1 prints"
    )


def _say(text: str) -> None:
    from cnncalc.report.plain import write

    try:
        write(text + "\n", sys.stderr)
    except OSError:
        _forget_output()


def _forget_output() -> None:
    """Sends what is still buffered nowhere, so that Python does not fail on it while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
