"""`cnncalc run`: the NumPy forward pass."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncalc.cli import PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.progress import StatusLine
from cnncalc.cli.spec import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncalc.forward.observe import Observations
    from cnncalc.forward.runner import Runner
    from cnncalc.graph import Node
    from cnncalc.kernels.arrays import Array
    from cnncalc.language.overrides import Options
    from cnncalc.network import Network


@options.changing("dtype")
def run(
    spec: options.Spec,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of the random weights and the random input.")] = 0,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, metavar="N", help="Batch size; default: that of the input file, else 1.")
    ] = None,
    dtype: Annotated[Literal["float32", "float64"], typer.Option("--dtype", help="Number type.")] = "float32",
    repeat: Annotated[int, typer.Option("--repeat", min=1, metavar="N", help="Run N times and report median times.")] = 1,
    input_file: Annotated[
        list[str] | None,
        typer.Option(
            "--input-file",
            metavar="FILE",
            help="Use a .npy array (channels first) or a picture (scaled to 0 … 1) as input; image=cat.png if there are several "
            "inputs. Repeatable.",
        ),
    ] = None,
    resize: Annotated[bool, typer.Option("--resize", help="Resize a picture to the input's size.")] = False,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights", metavar="FILE", help="Read weights from a .npz file whose arrays have names such as conv1/weight."
        ),
    ] = None,
    save_weights: Annotated[
        str | None, typer.Option("--save-weights", metavar="FILE", help="Write the weights to a .npz file.")
    ] = None,
    save_outputs: Annotated[
        str | None,
        typer.Option("--save-outputs", metavar="FILE", help="Write the layers' outputs to a .npz file, channels first."),
    ] = None,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layers", metavar="NAMES", help="Show and save only these layers or blocks, separated by commas."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, metavar="N", help="Number of threads; default: one per core.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run even if memory may not suffice, and overwrite files that are not .npz.")
    ] = False,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
    *,
    changes: Options,
) -> None:
    """Run the network on random numbers, layer by layer, and compare every computed shape with the inferred one.

    Weights come from --weights, else from the network's own file if it has them (ONNX), else from --seed. Layers are not
    fused, so that each layer's output can be shown. The first layers run once before anything is timed.

    Exit status: 0 if all shapes are as inferred and all numbers finite, 1 with errors in the network, NaN or infinity, 2 if the
    network could not run, 3 if a computed shape differs from the inferred one.
    """
    network = load(spec, changes)
    if network is None:
        raise typer.Exit(UNUSABLE)
    from cnncalc import rules

    output.complain([*rules.run(network.reading, ("input-layout",)), *network.problems])
    if any(problem.level == "error" for problem in network.problems):
        raise typer.Exit(PROBLEMS)
    from cnncalc.forward.plan import CannotRun
    from cnncalc.forward.runner import random_inputs
    from cnncalc.forward.weights import WeightsError

    try:
        _check_targets(save_weights, save_outputs, force)
        chosen = _chosen(network, layers or [])
        runner = _runner(network, weights, seed, threads, dtype)
        if runner.weights is not None:
            weights = weights or network.file
        given = _given(network, input_file or [], batch, dtype, resize)
        size = next((len(x) for x in given.values()), batch or 1)
        if not force:
            runner.check_room(size, dtype, weights_kept=repeat > 1)
        drawn = random_inputs(network.graph, size, dtype, seed, given)
        inputs: dict[str, Any] = {source.name: given.get(source.name, drawn.get(source.name)) for source in network.inputs}
        with StatusLine() as status:
            observed = _observe(network, runner, inputs, repeat, save_outputs, chosen, status)
            if save_weights is not None:
                status.show(f"saving weights to {save_weights}")
                _save(runner, save_weights)
    except (CannotRun, WeightsError) as error:
        _refuse(str(error))
    except MemoryError:
        _refuse("this run needs more memory than there is")
    saved = [f"saved {what} to {path}" for what, path in (("weights", save_weights), ("outputs", save_outputs)) if path]
    _report(network, observed, chosen, form, _facts(inputs, dtype, seed, runner, repeat, weights, input_file), saved)
    if observed.broken is not None:
        from cnncalc.report.observed import number

        one = next(one for one in observed.layers if one.node is observed.broken)
        _complain(f"{observed.broken.name} is the first with numbers that are not finite: from {number(one.spread.least)} "
                  f"to {number(one.spread.most)}")  # fmt: skip
        raise typer.Exit(PROBLEMS)


run.epilog = "Example: cnncalc run lenet5 --layers C1,C3"  # type: ignore[attr-defined]  # for --help


def _chosen(network: Network, texts: list[str]) -> list[Node] | None:
    """The layers named by --layers; the name of a block or branch selects its layers. None selects all."""
    from cnncalc.forward.plan import CannotRun

    names = options.names(texts)
    if not names:
        return None
    found: dict[Node, None] = {}
    for name in names:
        inside = [node for node in network.layers if node.name == name or node.name.startswith(f"{name}.")]
        if not inside:
            try:
                inside = [network[name]]
            except KeyError as error:
                raise CannotRun(f"--layers: {error.args[0]}") from None
        found.update(dict.fromkeys(inside))
    return [node for node in network.layers if node in found]


def _check_targets(weights: str | None, outputs: str | None, force: bool) -> None:
    """Raise CannotRun or WeightsError if both outputs are one file, or a file that is not .npz would be overwritten."""
    from cnncalc.forward.npz import check_target
    from cnncalc.forward.plan import CannotRun

    if weights is not None and outputs is not None and os.path.realpath(weights) == os.path.realpath(outputs):
        raise CannotRun(f"--save-weights and --save-outputs both name {outputs}; give them two names")
    for path in (weights, outputs):
        if path is not None and not force:
            check_target(path)


def _given(network: Network, files: list[str], batch: int | None, dtype: str, resize: bool) -> dict[str, Array]:
    """Read the inputs given as files, by the name of the input."""
    from cnncalc.forward import inputs as feed
    from cnncalc.forward.plan import CannotRun

    sources = {source.name: source for source in network.inputs}
    given: dict[str, Array] = {}
    for text in files:
        name, path = next(iter(sources)), text
        head, equals, rest = text.partition("=")
        if equals and head in sources and not feed.exists(text):
            name, path = head, rest
        elif len(sources) > 1:
            raise CannotRun(f"--input-file {text}: the network has the inputs {', '.join(sources)}; write {name}={text}")
        try:
            given[name] = feed.read(path, sources[name], dtype, resize=resize)
        except OSError as error:
            raise CannotRun(f"{path}: {error.strerror or error}") from None
    size = next((len(x) for x in given.values()), None)
    if size is not None and batch is not None and batch != size:
        raise CannotRun(f"--batch {batch}: the input file holds {size}")
    return given


def _runner(network: Network, weights: str | None, seed: int, threads: int | None, dtype: str) -> Runner:
    from cnncalc.forward.npz import load as load_weights
    from cnncalc.forward.plan import CannotRun
    from cnncalc.forward.runner import Runner

    found: Mapping[str, Mapping[str, Array]] | None
    if weights is not None:
        try:
            found = load_weights(weights, network.graph)
        except OSError as error:
            raise CannotRun(f"{weights}: {error.strerror or error}") from None
    else:
        found = network.file_weights()
    return Runner(network.graph, found, seed=seed, threads=threads, dtype=dtype)


def _observe(
    network: Network,
    runner: Runner,
    inputs: dict[str, Any],
    repeat: int,
    save: str | None,
    chosen: list[Node] | None,
    status: StatusLine,
) -> Observations:
    from contextlib import nullcontext

    from cnncalc.forward.npz import ArrayFile
    from cnncalc.forward.observe import observe
    from cnncalc.forward.runner import check_inputs
    from cnncalc.forward.weights import draw_all

    check_inputs(network.graph, inputs, runner.dtype)
    if repeat > 1 and runner.weights is None:
        status.show("drawing random weights")
        # Drawn once for all repetitions.
        runner.weights = draw_all(network.graph, runner.seed)
    whole = len(network.layers) * repeat
    status.show("starting")

    def progress(done: int, node: Node | None) -> None:
        if node is not None:
            filled = 20 * done // whole
            status.show(f"{'#' * filled}{'.' * (20 - filled)} {done}/{whole} {node.name}")

    with ArrayFile(save) if save is not None else nullcontext() as file:
        return observe(runner, inputs, repeat=repeat, force=True, progress=progress, outputs=file, chosen=chosen)


def _save(runner: Runner, path: str) -> None:
    from cnncalc.forward import npz

    if runner.weights is not None:
        npz.save(runner.weights, path)
    else:
        npz.save_drawn(runner.graph, runner.seed, path)


def _facts(
    inputs: dict[str, Array], dtype: str, seed: int, runner: Runner, repeat: int, weights: str | None, files: list[str] | None
) -> dict[str, Any]:
    from cnncalc.machine import usable_cores

    return {
        "seed": seed,
        "batch": len(next(iter(inputs.values()))),
        "dtype": dtype,
        "threads": runner.threads or usable_cores(),
        "repeat": repeat,
        "weights": weights,
        "input_files": list(files or []),
    }


def _report(
    network: Network, observed: Observations, chosen: list[Node] | None, form: str, facts: dict[str, Any], saved: list[str]
) -> None:
    from cnncalc.report import observed as report
    from cnncalc.report.words import plural

    shown = [one for one in observed.layers if chosen is None or one.node in chosen]
    if form == "json":
        from cnncalc.report.network.formats.json import text

        output.say(text([report.document(network, observed, shown, facts)], as_list=False))
        return
    notes = [
        *report.stopped(observed),
        f"{plural(len(observed.layers), 'layer')} computed as inferred, in {report.duration(observed.seconds)}"
        + (f", the median of {facts['repeat']}" if facts["repeat"] > 1 else ""),
        f"batch {facts['batch']}, {facts['dtype']}, {plural(facts['threads'], 'thread')}, seed {facts['seed']}, "
        f"weights {'random' if facts['weights'] is None else 'from ' + os.path.basename(facts['weights'])}, "
        f"input {'random' if not facts['input_files'] else 'from ' + ', '.join(map(os.path.basename, facts['input_files']))}",
        *saved,
    ]
    output.say_rows(report.rows(network, observed, shown, notes, output.width()))


def _complain(text: str) -> None:
    from cnncalc.problem import one_line
    from cnncalc.report.plain import write

    write(f"error: {one_line(text)}\n", sys.stderr)


def _refuse(text: str) -> Any:
    _complain(text)
    raise typer.Exit(UNUSABLE)
