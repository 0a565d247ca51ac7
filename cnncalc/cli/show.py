"""`cnncalc show`: the table of a network."""

# Annotations are evaluated, not text: typer would compile the text of each of them when the command starts.

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import load, status
from cnncalc.report.network.columns import MORE
from cnncalc.report.network.formats import FORMATS, Request, format_of

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.network import Network
    from cnncalc.report.network.columns.base import Column
    from cnncalc.report.network.memory import Figures

    Form = str
else:
    Form = Literal[FORMATS]


@options.changing()
def show(
    specs: options.Specs,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAMES", help=f"More columns, separated by commas: {', '.join(MORE)}, or all."),
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", min=1, metavar="N", help="Fold blocks nested deeper than N levels.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Output format.")] = "table",
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Batch size for memory figures.")] = 1,
    training: Annotated[bool, typer.Option("--training", help="Show the memory of a training step, term by term.")] = False,
    optimizer: Annotated[
        Literal["sgd", "momentum", "adam"] | None,
        typer.Option("--optimizer", help="Optimizer of --training and --fits; default sgd."),
    ] = None,
    fits: Annotated[
        str | None,
        typer.Option("--fits", metavar="BYTES", help="Show the largest batch that can be trained in BYTES, such as 8GiB."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Redraw the table each time a file is saved, until Ctrl-C.")] = False,
    receptive: Annotated[
        str | None,
        typer.Option(
            "--receptive", metavar="LAYER", help="Instead of the table, draw the receptive field of one cell of a layer as SVG."
        ),
    ] = None,
    *,
    changes: "Options",
) -> None:
    """Show the table of a network: each layer's output size and parameters, the totals, and the problems.

    MACs are multiply-accumulates for one example. Biases, pooling, activations and normalisation have none.

    Memory figures are bytes of tensors at --dtype and --batch; `cnncalc explain memory` defines them.

    Exit status: 0 without problems; 1 with errors in a network, or if not even a batch of 1 --fits; 2 if a file is not a network.
    """
    chosen = _columns(columns or [])
    limit = _limit(fits)
    if optimizer is not None and not training and limit is None:
        raise typer.BadParameter("it is for --training and --fits; add one of them", param_hint="'--optimizer'")
    kind = format_of(form)
    if depth is not None and not kind.FOLDS:
        folding = ", ".join(name for name in FORMATS if format_of(name).FOLDS)
        raise typer.BadParameter(f"{form} has a row for every layer; --depth folds {folding}", param_hint="'--depth'")
    if receptive is not None:
        raise typer.Exit(_receptive(specs, receptive, changes))

    def draw() -> int:
        networks = [load(spec, changes, compared=True) for spec in specs]
        usable = [network for network in networks if network is not None]
        figures = [_figures(network, batch, training, optimizer or "sgd", limit) for network in usable]
        request = Request(usable, figures, chosen, depth, output.width(), len(specs) > 1)
        written = kind.write(request)
        if isinstance(written, str):
            output.say(written)
        else:
            output.say_pieces(written)
        if not kind.INCLUDES_PROBLEMS:
            for network in usable:
                output.complain(network.problems)
        found = status(networks)
        return found or (PROBLEMS if any(one.largest_batch == 0 for one in figures) else OK)

    if watch:
        from cnncalc.cli.watch import follow

        follow(specs, draw)
    raise typer.Exit(draw())


show.epilog = "Example: cnncalc show alexnet --columns macs,share"  # type: ignore[attr-defined]  # for --help


def _columns(texts: list[str]) -> "list[Column]":
    from cnncalc.report.network.columns import NAMES, choose
    from cnncalc.spelling import did_you_mean

    try:
        return choose([name.lower().replace("-", "_") for name in options.names(texts)])
    except KeyError as unknown:
        name = unknown.args[0]
        raise typer.BadParameter(
            f"there is no column {name}{did_you_mean(name, [*NAMES, 'all'])}", param_hint="'--columns'"
        ) from None


def _limit(text: str | None) -> int | None:
    from cnncalc.values import quantity, quantity_hint

    if text is None:
        return None
    found = quantity(text, limit=True)
    if found is None or found < 1:
        hint = quantity_hint(text) or "; write, for example, 8GiB or 512MiB"
        raise typer.BadParameter(f"{text or 'nothing'} is not a number of bytes{hint}", param_hint="'--fits'")
    return found


def _figures(network: "Network", batch: int, training: bool, optimizer: str, limit: int | None) -> "Figures":
    from cnncalc.analysis.memory import Memory
    from cnncalc.report.network.memory import Figures

    largest = None
    memory = Memory(network.graph, network.dtype, batch)
    if limit is not None:
        largest = memory.largest_batch(limit, optimizer)
    return Figures(memory, optimizer if training else None, optimizer, limit, largest)


def _receptive(specs: list[str], name: str, changes: "Options") -> int:
    """Print the receptive field of one layer as SVG, and return the exit status."""
    from cnncalc.report.picture import receptive, svg
    from cnncalc.report.picture.options import CannotDraw

    if len(specs) > 1:
        raise typer.BadParameter("the receptive field of a layer is drawn for one network at a time", param_hint="'--receptive'")
    network = load(specs[0], changes)
    if network is None:
        return UNUSABLE
    try:
        output.say(svg.text(receptive.scene(network, network[name])))
    except KeyError as unknown:
        raise typer.BadParameter(str(unknown.args[0]), param_hint="'--receptive'") from None
    except CannotDraw as error:
        output.warn(f"error: {error}")
        return UNUSABLE
    output.complain(network.problems)
    return status([network])
