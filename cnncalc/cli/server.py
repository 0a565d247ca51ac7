"""`cnncalc server`: the language server."""

from __future__ import annotations

import typer

from cnncalc.cli import UNUSABLE, output


def server() -> None:
    """Serve an editor over standard input and output: the language server protocol.

    An editor starts this command itself; the README says how to set it up. It needs pygls: pip install 'cnncalc[editor]'.
    """
    try:
        from cnncalc.editor.server import make
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("pygls", "lsprotocol"):
            output.error("cnncalc server needs pygls: pip install 'cnncalc[editor]'")
            raise typer.Exit(UNUSABLE) from None
        raise
    make().start_io()


server.epilog = "Example: cnncalc server"  # type: ignore[attr-defined]  # for --help
