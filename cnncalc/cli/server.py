"""`cnncalc server`: the language server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from cnncalc.cli import UNUSABLE

if TYPE_CHECKING:
    from cnncalc.editor.server import Server


def server() -> None:
    """Serve an editor over standard input and output: the language server protocol.

    An editor starts this command itself; the README says how to set it up. It needs pygls: pip install 'cnncalc[editor]'.
    """
    try:
        from cnncalc.editor.server import make
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            typer.echo("error: cnncalc server needs pygls; install it with pip install 'cnncalc[editor]'", err=True)
            raise typer.Exit(UNUSABLE) from None
        raise
    _serve(make())


server.epilog = "Example: cnncalc server"  # type: ignore[attr-defined]  # for --help


def _serve(found: Server) -> None:
    import gc
    import logging

    # A process that lives for days looks for cycles more often than one that prints a table.
    gc.set_threshold(50_000)
    if os.environ.get("CNNCALC_DEBUG") != "1":
        # A request that is refused, such as a rename to a name that is taken, is an answer and no fault to log.
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # The protocol has the output for itself: what anything else prints goes to standard error.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    found.start_io(sys.stdin.buffer, output)
