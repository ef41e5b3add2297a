"""Siblings of picked runs, by searching: run ids, filtered runs, one run alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Run

from mlflow_bce_monitor.records import Sibling
from mlflow_bce_monitor.siblings import NEIGHBOURS_PER_SIDE, Neighbourhood, neighbourhood
from mlflow_bce_monitor.tracking.reading.neighbours import Page, neighbour_of, parent_of
from mlflow_bce_monitor.tracking.store.pages import PAGE_RUNS, Entries, runs_before, runs_since

# Stretches of experiments that are kept while run ids are walked; each is about a page of runs.
_STRETCHES_KEPT: Final = 4


def searched(pages: Iterable[Entries], client: MlflowClient) -> Iterator[Page]:
    """Yield pages of picked runs, each when the next one is there; siblings are searched when asked for."""
    search = SiblingSearch(client)
    waiting: Entries = []
    for entries in pages:
        if waiting:
            yield Page(waiting, search.siblings_of)
        waiting = entries
    if waiting:
        yield Page(waiting, search.siblings_of)


@dataclass(frozen=True)
class _Stretch:
    """Runs of one experiment without a gap.

    Attributes
    ----------
    around
        The runs: those from ``first`` on, and the neighbours before it.
    first
        Start time from which on no run is missing.
    more
        Whether the experiment goes on after the last run.
    """

    around: Neighbourhood
    first: int
    more: bool

    def reaches(self, start_time: int) -> bool:
        """Return whether all runs that started before a time and are its neighbours are known."""
        within = not self.more or start_time <= self.around.forward[-1].start_time
        return self.first <= start_time and within

    def covers(self, start_time: int) -> bool:
        """Return whether all neighbours of a run that started at a time are known."""
        enough = not self.more or len(self.around.since(start_time)) > NEIGHBOURS_PER_SIDE
        return self.reaches(start_time) and enough


class SiblingSearch:
    """Searches siblings: two bounded searches for a run alone, one a page for runs close to each other.

    MLflow's search knows no "or" and one direction at a time, so the runs before and the runs after
    take a search each. Which of them qualify is decided here, not in the filter: only so do the
    same runs count as neighbours as on a page, and ``IS NULL`` works on recent servers only.
    """

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._stretches: dict[str, _Stretch] = {}

    def siblings_of(self, run: Run) -> tuple[Sibling, ...]:
        """Return the siblings of a run; raises one of STORE_FAILURES."""
        stretch = self._stretch_around(run.info.experiment_id, run.info.start_time)
        return stretch.around.siblings_of(run.info.run_id, run.info.start_time, parent_of(run))

    def _stretch_around(self, experiment_id: str, start_time: int) -> _Stretch:
        known = self._stretches.pop(experiment_id, None)
        if known is None or not known.covers(start_time):
            known = self._search(experiment_id, start_time, known)
        # Put last: the experiment that was not asked about for the longest time is the first to go.
        self._stretches[experiment_id] = known
        if len(self._stretches) > _STRETCHES_KEPT:
            del self._stretches[next(iter(self._stretches))]
        return known

    def _search(self, experiment_id: str, start_time: int, known: _Stretch | None) -> _Stretch:
        if known is not None and known.reaches(start_time):
            # Runs close to each other are asked about, so more of them are fetched at once.
            before = known.around.before(start_time)
            n_since = PAGE_RUNS
        else:
            found = runs_before(self._client, experiment_id, start_time, NEIGHBOURS_PER_SIDE)
            before = [neighbour_of(run) for run in found]
            n_since = NEIGHBOURS_PER_SIDE + 1
        since, more = runs_since(self._client, experiment_id, start_time, n_since)
        return _Stretch(neighbourhood([*before, *map(neighbour_of, since)]), start_time, more)
