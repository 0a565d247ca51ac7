"""`cnncalc sweep`: load a network with each combination of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncalc.bundled import resolve
from cnncalc.cli import OK, PROBLEMS, UNUSABLE, options, output
from cnncalc.cli.spec import complete_set

if TYPE_CHECKING:
    from cnncalc.studies.store import Journal
    from cnncalc.studies.sweep import Sweep
    from cnncalc.studies.trial import Trial

#: Largest number of results held in memory to sort and print them.
_MOST = 200_000


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
    keep_working: Annotated[bool, typer.Option("--keep-working", help="Leave out networks with problems.")] = False,
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
        Literal["table", "json", "csv", "svg"],
        typer.Option("--format", help="Output format; svg plots two columns, see --plot."),
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
    input: options.Input = None,  # noqa: A002 - the word of the language
    fit: options.Fit = None,
    layout: options.Layout = None,
    python: options.Python = None,
) -> None:
    """Try every combination of values. Each is one row: output, parameters, MACs and problems.

    A value of input is the size of every spatial axis, or a whole shape such as 224x160x3.

    Exit status: 0 if a combination works, 1 if none does or none is within the budget, 2 for invalid values.
    """
    from cnncalc.cluster import ClusterError
    from cnncalc.problem import SpecError
    from cnncalc.studies.grid import axis
    from cnncalc.studies.store import StoreError
    from cnncalc.studies.sweep import plan

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
            resolve(spec),
            axes,
            input=input,
            fit=fit,
            layout=layout,
            limits=limits,
            keep_working=keep_working,
            sample=sample,
            seed=seed,
            figures=wanted,
        )
    except SpecError as error:
        output.complain(error.problems)
        raise typer.Exit(UNUSABLE) from None
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
    _check_sort(sort, found.grid.names)
    total = found.total
    if stored is None and not front and total > _MOST:
        raise typer.BadParameter(
            f"there are {total:,} combinations, and at most {_MOST:,} can be shown; write them to a file with -o, "
            "keep the best with --pareto, or draw some with --sample",
            param_hint="'--set'",
        )
    run = _Run(found, total, scheduler, jobs)
    try:
        if stored is not None:
            rows: list[Trial] = []
            status = run.to_file(stored, front, sort, resume=resume)
        else:
            rows, status = run.in_memory(front, sort, spec)
    except (ClusterError, StoreError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    if stored is None:
        _say(rows, found, form, shown, drawn, file, run, "kept" if front or keep_working else "within the budget")
    raise typer.Exit(status)


sweep.epilog = (  # type: ignore[attr-defined]  # for --help
    "Example: cnncalc sweep mobilenet_v2 --set width=0.25,0.5,1 --set input=128..224:32 --sort macs"
)


class _Run:
    """A running sweep, with the counts for its summary and exit status."""

    def __init__(self, found: Sweep, total: int, scheduler: str | None, jobs: int | None) -> None:
        self.sweep = found
        self.total = total
        self._scheduler = scheduler
        self._jobs = jobs
        self.working = 0
        self.kept = 0
        self.first_fault: Trial | None = None
        self.usable = False

    def results(self, start: int = 0) -> Iterator[tuple[int, Trial]]:
        """Yield the results that are kept, each with its position, and count them."""
        from cnncalc.cli.progress import bar

        results = self.sweep.run(start=start, processes=self._jobs, scheduler=self._scheduler)
        for place, trial in enumerate(bar(results, self.total - start, "combinations"), start):
            self.usable = self.usable or trial.usable
            if not trial.usable and self.first_fault is None:
                self.first_fault = trial
            if self.sweep.keeps(trial):
                self.kept += 1
                self.working += trial.fits
                yield place, trial

    def in_memory(self, front: Sequence[str], sort: str | None, spec: str) -> tuple[list[Trial], int]:
        """Return the results to show and the exit status."""
        from cnncalc.problem import Location, Problem
        from cnncalc.studies.sweep import front as best

        kept = (trial for _, trial in self.results())
        rows = _sorted(best(kept, front) if front else list(kept), sort, self.sweep)
        if not self.usable and self.first_fault is not None:
            output.complain([Problem(r, "error", spec, Location(), None, m) for r, m in self.first_fault.problems])
            raise typer.Exit(UNUSABLE)
        return rows, OK if self.working else PROBLEMS

    def to_file(self, path: str, front: Sequence[str], sort: str | None, *, resume: bool) -> int:
        """Stream the results into a journal, write the file from it at the end, and return the exit status."""
        from cnncalc.studies.store import Journal

        journal = Journal(path, self.sweep, resume=resume)
        complete = False
        try:
            before = sum(1 for _ in journal)
            for place, trial in self.results(journal.start):
                journal.write(place, trial)
            rows = self._finish(path, journal, front, sort)
            complete = True
        finally:
            journal.close(remove=complete)
            if not complete:
                hint = f"the results so far are in {journal.path}; the same command with --resume continues"
                typer.echo(f"note: the sweep is not finished; {hint}", err=True)
        left = self.total - rows
        more = f"; {left:,} left out" if left else ""
        typer.echo(f"{rows:,} of {self.total:,} combinations written to {path}{more}", err=True)
        return OK if self.working or before else PROBLEMS

    def _finish(self, path: str, journal: Journal, front: Sequence[str], sort: str | None) -> int:
        """Write the output file and return the number of its rows."""
        from cnncalc.files import write_atomically
        from cnncalc.report import trials as report
        from cnncalc.studies.store import write_parquet
        from cnncalc.studies.sweep import front as best

        rows: Iterable[Trial] = journal
        if front:
            rows = best(journal, front)
        if sort is not None:
            rows = _sorted(list(rows), sort, self.sweep)
        counted = _Counted(rows)
        if path.lower().endswith(".parquet"):
            write_parquet(path, counted, self.sweep)
        else:
            names = self.sweep.grid.names
            lines = report.csv_lines if path.lower().endswith(".csv") else report.json_lines
            with write_atomically(path) as stream:
                for line in lines(counted, names, self.sweep.recipe.extra):
                    stream.write(line.encode("utf-8", "replace"))
        return counted.count


class _Counted:
    """Iterate over items and count them."""

    def __init__(self, items: Iterable[Trial]) -> None:
        self._items = items
        self.count = 0

    def __iter__(self) -> Iterator[Trial]:
        for item in self._items:
            self.count += 1
            yield item


def _limits(budget: Sequence[str]) -> dict[str, int]:
    from cnncalc.studies.sweep import COUNTED
    from cnncalc.values import quantity

    found = {}
    for text in budget:
        name, _, value = text.partition("=")
        most = quantity(value)
        if name not in COUNTED or most is None:
            message = f"{text} is not a budget; write NAME=N, such as parameters=5M. NAME is one of {', '.join(COUNTED)}"
            raise typer.BadParameter(message, param_hint="'--budget'")
        found[name] = most
    return found


def _figures(text: str | None, option: str, *, signed: bool = False) -> list[str]:
    """Parse names of figures, separated by commas."""
    from cnncalc.spelling import did_you_mean
    from cnncalc.studies.sweep import COUNTED

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
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


def _sorted(rows: list[Trial], sort: str | None, found: Sweep) -> list[Trial]:
    """Sort by a figure, or by the position of a value in its --set. Combinations that are not networks come last."""
    from cnncalc.studies.sweep import sort_key

    if sort is None:
        return rows
    rows = sorted(rows, key=sort_key(sort.removeprefix("-"), found.grid), reverse=sort.startswith("-"))
    return sorted(rows, key=lambda row: not row.usable)


def _say(
    rows: list[Trial],
    found: Sweep,
    form: str,
    shown: Sequence[str],
    drawn: Sequence[str],
    file: str | None,
    run: _Run,
    why: str,
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
        output.say_rows(report.rows(rows, names, run.total, output.width(), shown, why=why))
