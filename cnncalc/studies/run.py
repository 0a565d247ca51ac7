"""A running sweep: yields the results that are kept, and counts results for the summary and the exit status."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnncalc.studies.store import Journal
from cnncalc.studies.sweep import Sweep
from cnncalc.studies.trial import Trial


class SweepRun:
    """One pass over the combinations of a sweep. `watch` wraps the results, given their number: a progress bar."""

    def __init__(
        self,
        sweep: Sweep,
        *,
        processes: int | None = None,
        scheduler: str | None = None,
        watch: Callable[[Iterator[Trial], int], Iterator[Trial]] = lambda results, _: results,
    ) -> None:
        self.sweep = sweep
        self._processes = processes
        self._scheduler = scheduler
        self._watch = watch
        #: Whether a network without problems was kept.
        self.working = False
        #: Whether any combination was a network.
        self.usable = False
        #: The first result that is not a network.
        self.first_fault: Trial | None = None

    def results(self) -> Iterator[Trial]:
        """Yield the results that are kept."""
        return (trial for _, trial in self._placed(0))

    def fill(self, journal: Journal) -> None:
        """Append the results that the journal does not have yet."""
        self.working = any(trial.fits for trial in journal)
        for place, trial in self._placed(journal.start):
            journal.write(place, trial)

    def _placed(self, start: int) -> Iterator[tuple[int, Trial]]:
        """Yield the results that are kept from the position `start` on, each with its position."""
        results = self.sweep.run(start=start, processes=self._processes, scheduler=self._scheduler)
        for place, trial in enumerate(self._watch(results, self.sweep.total - start), start):
            self.usable = self.usable or trial.usable
            if not trial.usable and self.first_fault is None:
                self.first_fault = trial
            if self.sweep.keeps(trial):
                self.working = self.working or trial.fits
                yield place, trial
