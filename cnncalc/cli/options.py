"""Arguments and options that several commands share."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Annotated, Any, Literal

import typer

from cnncalc.cli.spec import complete, complete_set

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A file, - for standard input, or a bundled network (cnncalc specs).", autocompletion=complete
    ),
]
Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...", help="Files, - for standard input, or bundled networks (cnncalc specs).", autocompletion=complete
    ),
]


Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="SHAPE",
        help="Replace the input shape: 227x227x3, or image=227x227x3 if there are several inputs. Repeatable for these.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a var (width=0.5) or a layer's field (conv1.stride=1). Repeatable.",
        autocompletion=complete_set,
    ),
]
Fit = Annotated[
    Literal["exact", "floor", "ceil"] | None,
    typer.Option("--fit", help="Handling of strides that do not fit: report an error, or round down or up."),
]


def names(texts: Iterable[str] | None) -> list[str]:
    """Return the names in values of an option that are separated by commas."""
    return [name.strip() for text in texts or () for name in text.split(",") if name.strip()]


def layer_words(about: str) -> Any:
    """Return the argument of commands about one layer."""
    from cnncalc.studies.single import complete

    return typer.Argument(metavar="INPUT KIND=VALUE FIELD=VALUE...", help=about, autocompletion=complete, show_default=False)


def _number_type(name: str | None) -> str | None:
    from cnncalc.dtype import DTYPES

    if name is not None and name not in DTYPES:
        from cnncalc.language.foreign import meant_word

        hint = meant_word(name, DTYPES)
        raise typer.BadParameter(f"{name or 'nothing'} is not a number type; use one of {', '.join(DTYPES)}{hint}")
    return name


Dtype = Annotated[
    str | None,
    typer.Option("--dtype", metavar="TYPE", help="Number type for figures in bytes: float16, int8, …", callback=_number_type),
]
Layout = Annotated[
    Literal["channels_last", "channels_first"] | None, typer.Option("--layout", help="Order of the axes in printed shapes.")
]


def _use(path: str | None) -> str | None:
    """Export PyTorch models with another Python interpreter."""
    if path is not None:
        import os

        from cnncalc.formats.pytorch import PYTHON_VARIABLE

        os.environ[PYTHON_VARIABLE] = path
    return path


Python = Annotated[
    str | None,
    typer.Option(
        "--python", metavar="PATH", help="Python interpreter that can import the PyTorch model MODULE:CALLABLE.", callback=_use
    ),
]

_CHANGING = {"input": Input, "set": Set, "fit": Fit, "layout": Layout, "dtype": Dtype}

Command = Callable[..., None]


def changing(*without: str) -> Callable[[Command], Command]:
    """Add the options that change a network to a command, except those in `without`; its parameter `changes` has their values."""

    def decorate(function: Command) -> Command:
        # Its type is imported by type checkers alone.
        function.__annotations__.pop("changes")
        own = inspect.signature(function, eval_str=True)

        @wraps(function)
        def command(**given: Any) -> None:
            from cnncalc.language.overrides import Options

            del given["python"]
            changes = Options(**{name: given.pop(name) for name in shared_names})
            function(**given, changes=changes)

        shared_names = [name for name in _CHANGING if name not in without]
        shared = {**{name: _CHANGING[name] for name in shared_names}, "python": Python}
        parameters = [
            *(one for name, one in own.parameters.items() if name != "changes"),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=of)
                for name, of in shared.items()
            ),
        ]
        command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate
