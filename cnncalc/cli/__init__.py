"""The command line: parse options, call the library, return an exit status.

Each command listed in `app.COMMANDS` has its own module in this package.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from cnncalc.cli.output import PipeClosed

#: Exit statuses: 1 if problems were found, 2 if the input could not be read or run, 3 after a bug in cnncalc.
OK, PROBLEMS, UNUSABLE, FAULT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 130, 141


def main() -> None:
    """Run the command line and exit with its status."""
    # Most commands end before reference cycles matter, and collecting them takes half the time of printing a large table.
    # A high threshold still bounds memory in commands that load thousands of networks or run for hours.
    gc.set_threshold(500_000)
    # At exit the interpreter collects once more, which takes as long as loading a network; the process ends anyway.
    atexit.register(gc.freeze)
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
    """Print how to report a bug in cnncalc, in one line; print the traceback only if CNNCALC_DEBUG=1."""
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
    """Redirect output that is still buffered to the null device, so that Python does not fail to flush it at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(null, stream.fileno())
