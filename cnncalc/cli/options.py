"""Arguments and options that several commands have, each written once."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cnncalc.cli.spec import complete, complete_set

Spec = Annotated[
    str,
    typer.Argument(metavar="SPEC", help="A file, - for standard input, or a name from cnncalc specs.", autocompletion=complete),
]
Specs = Annotated[
    list[str],
    typer.Argument(metavar="SPEC...", help="Files, - for standard input, or names from cnncalc specs.", autocompletion=complete),
]
Input = Annotated[
    str | None,
    typer.Option("--input", metavar="SHAPE", help="Another input, as 227x227x3; of several inputs, as image=227x227x3."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Another value of a var, or of a layer's field: conv1.stride=1. Repeatable.",
        autocompletion=complete_set,
    ),
]
Fit = Annotated[Literal["exact", "floor", "ceil"] | None, typer.Option("--fit", help="What a stride that does not fit means.")]
Dtype = Annotated[
    str | None, typer.Option("--dtype", metavar="TYPE", help="Type of the numbers, for figures in bytes: float16, int8, …")
]
Layout = Annotated[Literal["channels_last", "channels_first"] | None, typer.Option("--layout", help="How shapes are printed.")]


def _use(path: str | None) -> str | None:
    """Has PyTorch models exported by another Python."""
    if path is not None:
        import os

        from cnncalc.formats.pytorch import PYTHON_VARIABLE

        os.environ[PYTHON_VARIABLE] = path
    return path


Python = Annotated[
    str | None,
    typer.Option("--python", metavar="PATH", help="The Python that has a PyTorch model, MODULE:CALLABLE.", callback=_use),
]
