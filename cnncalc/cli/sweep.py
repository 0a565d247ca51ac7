"""`cnncalc sweep`: load a network with each combination of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.bundled import resolve
from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import complete_set

if TYPE_CHECKING:
    from cnncalc.language.overrides import Options
    from cnncalc.studies.run import SweepRun
    from cnncalc.studies.sweep import Sweep
    from cnncalc.studies.trial import Trial

#: Largest number of results held in memory to sort and print them.
_MOST = 200_000


@options.changing("set")
def sweep(
    spec: options.Spec,
    set: Annotated[  # noqa: A002 - the word of the language
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="Values of a var or a field: width=0.25,0.5,1 or conv1.stride=1..4; input=128..224:32 has a step. "
            "NAME can also be input or fit. Repeatable: every combination is tried.",
            autocompletion=complete_set,
        ),
    ],
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="NAME", help="Sort by parameters, macs, … or a name of --set; -macs: largest first."),
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            "--budget",
            metavar="NAME=N",
            help="Leave out combinations above a limit: parameters=5M, macs=600M, weights=20MiB, peak_memory=256KiB. Repeatable.",
        ),
    ] = None,
    keep_working: Annotated[
        bool,
        typer.Option(
            "--keep-working",
            help="Leave out networks with problems. Values larger than those that exceed --budget are not tried.",
        ),
    ] = False,
    pareto: Annotated[
        str | None,
        typer.Option(
            "--pareto",
            metavar="NAMES",
            help="Keep only the Pareto front of these figures: parameters,macs; -NAME if more is better.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAMES", help="More columns: trainable, buffers, weights, peak_memory, or all."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="Try N random combinations instead of all.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Seed of the sample.")] = 0,
    form: Annotated[
        Literal["table", "json", "csv", "svg"], typer.Option("--format", help="Output format; svg plots two columns, see --plot.")
    ] = "table",
    plot: Annotated[
        str, typer.Option("--plot", metavar="X,Y", help="Columns of the plot, in which the Pareto front is marked.")
    ] = "parameters,macs",
    file: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output-file",
            metavar="FILE",
            help="Write the results to FILE as they are computed: .csv, .jsonl or .parquet; .svg is a plot.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted sweep into the same file.")] = False,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, or local for a cluster here."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, metavar="N", help="Number of processes; default: chosen by the number of combinations."
        ),
    ] = None,
    *,
    changes: Options,
) -> None:
    """Try every combination of values. Each is one row: output, parameters, MACs and problems.

    A value of input is the size of every spatial axis, or a whole shape such as 224x160x3.

    Exit status: 0 if a combination works, 1 if none does or none is within the budget, 2 for invalid values.
    """
    from functools import partial

    from cnncalc.cli.progress import bar
    from cnncalc.cluster import ClusterError
    from cnncalc.problem import Location, Problem, SpecError
    from cnncalc.studies.grid import axis
    from cnncalc.studies.run import SweepRun
    from cnncalc.studies.store import StoreError
    from cnncalc.studies.sweep import arrange, plan

    limits = _limits(budget or [])
    front = _figures(pareto, "--pareto", signed=True)
    shown = _columns(columns or [])
    drawn = _figures(plot, "--plot") if form == "svg" or (file or "").lower().endswith(".svg") else []
    if drawn and len(drawn) != 2:
        raise typer.BadParameter("a plot has two columns, such as parameters,macs", param_hint="'--plot'")
    stored = file if file is not None and not drawn else None
    if resume and stored is None:
        raise typer.BadParameter("--resume continues a file of results; name the file with -o", param_hint="'--resume'")
    wanted = [name.removeprefix("-") for name in [*front, *shown, *drawn, *([sort] if sort else [])]]
    try:
        axes = [axis(text) for text in set]
        found = plan(
            resolve(spec), axes, changes, limits=limits, keep_working=keep_working, sample=sample, seed=seed, figures=wanted
        )
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
    _check_sort(sort, found.grid.names)
    if stored is None and not front and found.total > _MOST:
        raise typer.BadParameter(
            f"there are {found.total:,} combinations, and at most {_MOST:,} can be shown; write them to a file with -o, "
            "keep the best with --pareto, or draw some with --sample",
            param_hint="'--set'",
        )
    run = SweepRun(found, processes=jobs, scheduler=scheduler, watch=partial(bar, what="combinations"))
    rows: list[Trial] = []
    try:
        if stored is not None:
            _store(run, stored, front, sort, resume=resume)
        else:
            rows = list(arrange(run.results(), found.grid, front, sort))
    except (ClusterError, StoreError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    if stored is None:
        if not run.usable and run.first_fault is not None:
            output.complain([Problem(r, "error", spec, Location(), None, m) for r, m in run.first_fault.problems])
            raise typer.Exit(UNUSABLE)
        _say(rows, found, form, shown, drawn, file, "kept" if front or keep_working else "within the budget")
    raise typer.Exit(OK if run.working else PROBLEMS)


sweep.epilog = (  # type: ignore[attr-defined]  # for --help
    "Example: cnncalc sweep mobilenet_v2 --set width=0.25,0.5,1 --set input=128..224:32 --sort macs"
)


def _store(run: SweepRun, path: str, front: Sequence[str], sort: str | None, *, resume: bool) -> None:
    """Stream the results into a journal, then write the file from it."""
    from cnncalc.report.results import write
    from cnncalc.studies.store import Journal
    from cnncalc.studies.sweep import arrange

    journal = Journal(path, run.sweep, resume=resume)
    complete = False
    try:
        run.fill(journal)
        rows = write(path, arrange(journal, run.sweep.grid, front, sort), run.sweep)
        complete = True
    finally:
        journal.close(remove=complete)
        if not complete:
            hint = f"the results so far are in {journal.path}; the same command with --resume continues"
            typer.echo(f"note: the sweep is not finished; {hint}", err=True)
    left = run.sweep.total - rows
    more = f"; {left:,} left out" if left else ""
    typer.echo(f"{rows:,} of {run.sweep.total:,} combinations written to {path}{more}", err=True)


def _limits(budget: Sequence[str]) -> dict[str, int]:
    from cnncalc.studies.sweep import COUNTED
    from cnncalc.values import quantity

    found = {}
    for text in budget:
        name, _, value = text.partition("=")
        most = quantity(value, limit=True)
        if name not in COUNTED or most is None:
            message = f"{text} is not a budget; write NAME=N, such as parameters=5M. NAME is one of {', '.join(COUNTED)}"
            raise typer.BadParameter(message, param_hint="'--budget'")
        found[name] = most
    return found


def _figures(text: str | None, option: str, *, signed: bool = False) -> list[str]:
    """Parse names of figures, separated by commas."""
    from cnncalc.spelling import did_you_mean
    from cnncalc.studies.sweep import COUNTED

    names = options.names([text or ""])
    for name in names:
        plain = name.removeprefix("-") if signed else name
        if plain not in COUNTED:
            raise typer.BadParameter(f"there is no figure {plain}{did_you_mean(plain, COUNTED)}", param_hint=f"'{option}'")
    if text is not None and not names:
        raise typer.BadParameter(f"name one or more figures: {', '.join(COUNTED)}", param_hint=f"'{option}'")
    return names


def _columns(texts: Sequence[str]) -> list[str]:
    from cnncalc.studies.sweep import COUNTED

    names = [name for text in texts for name in _figures(",".join(COUNTED) if text.strip() == "all" else text, "--columns")]
    return [name for name in dict.fromkeys(names) if name not in ("parameters", "macs")]


def _check_sort(sort: str | None, names: Sequence[str]) -> None:
    from cnncalc.spelling import did_you_mean
    from cnncalc.studies.sweep import COUNTED

    known = [*COUNTED, *names]
    if sort is not None and sort.removeprefix("-") not in known:
        raise typer.BadParameter(f"there is no column {sort}{did_you_mean(sort, known)}", param_hint="'--sort'")


def _say(
    rows: list[Trial], found: Sweep, form: str, shown: Sequence[str], drawn: Sequence[str], file: str | None, why: str
) -> None:
    from cnncalc.report import trials as report

    names = found.grid.names
    if drawn:
        from cnncalc.report.scatter import svg

        text = svg(rows, (drawn[0], drawn[1]), names, title=found.recipe.title)
        if file is None:
            output.say(text)
        else:
            from cnncalc.files import write_atomically

            with write_atomically(file) as stream:
                stream.write(text.encode())
    elif form == "json":
        output.say(report.json_text(rows, names, found.recipe.extra))
    elif form == "csv":
        output.say("".join(report.csv_lines(rows, names, found.recipe.extra)))
    else:
        output.say_rows(report.rows(rows, names, found.total, output.width(), shown, why=why))
