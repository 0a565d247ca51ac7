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
    """Run the language server for an editor, on standard input and output.

    The editor starts this command; the README shows how to configure it. It requires pygls: pip install 'cnncalc[editor]'.
    """
    try:
        from cnncalc.editor.server import make, warm
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            typer.echo("error: cnncalc server needs pygls; install it with pip install 'cnncalc[editor]'", err=True)
            raise typer.Exit(UNUSABLE) from None
        raise
    warm()
    _serve(make())


server.epilog = "Example: cnncalc server"  # type: ignore[attr-defined]  # for --help


def _serve(found: Server) -> None:
    import gc
    import logging

    # The server collects reference cycles itself between two keys; everything imported so far stays and is not searched.
    gc.collect()
    gc.freeze()
    gc.disable()
    if os.environ.get("CNNCALC_DEBUG") != "1":
        # A refused request, such as a rename to an existing name, is a normal answer, not an error to log.
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # Standard output belongs to the protocol, so anything else that is printed goes to standard error.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    found.start_io(sys.stdin.buffer, output)
    if found.status:
        raise typer.Exit(found.status)
