"""The typer application. Each command is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cnncalc.cli.output import PipeClosed
from cnncalc.docstring import docstring

#: In the order of --help. Each command is a function in the module of the same name.
COMMANDS = (
    "show", "check", "run", "layer", "solve", "sizes", "sweep", "diff", "convert", "draw", "report", "shell", "explain",
    "schema", "specs", "server",
)  # fmt: skip


class Commands(TyperGroup):
    """Import a command from the module of the same name, so that a command does not load the other ones."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        with _pipe():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        with _pipe():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _command(cmd_name)
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in COMMANDS])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from cnncalc.cli.meant import hint

            ctx.fail(f"there is no command {args[0]}{hint(args[0], COMMANDS)}")
        name, command, rest = super().resolve_command(ctx, args)
        if name in ("layer", "solve") and command is not None:
            _refuse_fields_as_options(ctx, {o for p in command.params for o in (*p.opts, *p.secondary_opts)}, rest)
        return name, command, rest


def _refuse_fields_as_options(ctx: Any, options: set[str], args: list[str]) -> None:
    """Fail with the right spelling if a field of the layer is given as an option: --stride 2 instead of stride=2."""
    from cnncalc.layers import KINDS

    for arg, follows in zip(args, [*args[1:], ""], strict=False):
        option, equals, value = arg.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if arg.startswith("--") and option not in options and any(name in kind.options for kind in KINDS.values()):
            value = value if equals else "" if "=" in follows else follows
            ctx.fail(f"there is no option {option}; a field of the layer is a word: {name}={value or '…'}")


#: The base class of typer's usage errors, which has no public name.
_UsageError: Any = typer.BadParameter.__bases__[0]


@contextmanager
def _pipe() -> Iterator[None]:
    """Turn a closed pipe into PipeClosed, and escape control characters in the messages of usage errors."""
    try:
        yield
    except BrokenPipeError:
        raise PipeClosed from None
    except _UsageError as error:
        from cnncalc.problem import one_line

        error.message = one_line(error.message)
        raise


def _function(name: str) -> Any:
    return getattr(import_module(f"cnncalc.cli.{name}"), name)


def _summary(name: str) -> str:
    """The first sentence of a command's help."""
    return docstring(_function(name)).split("\n\n", 1)[0].rstrip(".")


def _command(name: str) -> Any:
    single = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_CONTEXT)
    function = _function(name)
    single.command(name, help=docstring(function), epilog=getattr(function, "epilog", None))(function)
    return typer.main.get_command(single)


_CONTEXT = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,  # rich's help costs 70 ms
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=_CONTEXT,
    epilog="Example: cnncalc show alexnet",
)


def _version(wanted: bool) -> None:
    if wanted:
        from cnncalc import __version__

        typer.echo(f"cnncalc {__version__}")
        raise typer.Exit


@app.callback()
def cnncalc(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Compute and check CNN architectures: output sizes, parameters, strides that do not fit."""


def run() -> int:
    """Run the command named in the arguments and return its exit status."""
    try:
        typer.main.get_command(app).main(prog_name="cnncalc")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
