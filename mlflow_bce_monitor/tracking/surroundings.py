"""Siblings of the runs of whole experiments: on the page itself, at the end of the one before, on the next.

A scan of a hundred thousand runs sends no request for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mlflow.entities import Run

from mlflow_bce_monitor.records import Sibling
from mlflow_bce_monitor.siblings import NEIGHBOURS_PER_SIDE, Neighbour, Neighbourhood, neighbourhood
from mlflow_bce_monitor.tracking.neighbours import Page, neighbour_of, parent_of
from mlflow_bce_monitor.tracking.pages import Entries


def surrounded(pages: Iterable[Entries]) -> Iterator[Page]:
    """Yield the pages of whole experiments, each as soon as the runs that follow it are known.

    Needs what :func:`~mlflow_bce_monitor.tracking.pages.pages` promises: the runs of an
    experiment come one after the other, so an experiment that does not go on in the next page
    has ended. Besides the page itself, the next page and some runs of those before are held.
    """
    tail: Mapping[str, Sequence[Neighbour]] = {}
    waiting: deque[_Read] = deque()
    for entries in pages:
        waiting.append(_read(entries))
        while _is_surrounded(waiting):
            yield _page(tail, waiting)
            tail = _tail(tail, waiting.popleft())
    while waiting:
        yield _page(tail, waiting)
        tail = _tail(tail, waiting.popleft())


@dataclass(frozen=True)
class _Read:
    """A page that was read, and its runs as neighbours by experiment."""

    entries: Entries
    neighbours: Mapping[str, Sequence[Neighbour]]


def _read(entries: Entries) -> _Read:
    neighbours: dict[str, list[Neighbour]] = {}
    for run in entries:
        if isinstance(run, Run):
            neighbours.setdefault(run.info.experiment_id, []).append(neighbour_of(run))
    return _Read(entries, neighbours)


def _is_surrounded(waiting: Sequence[_Read]) -> bool:
    """Return whether the pages behind the first hold all neighbours of its runs."""
    if len(waiting) < 2:  # noqa: PLR2004 - one page ahead
        return False
    goes_on = waiting[0].neighbours.keys() & waiting[-1].neighbours.keys()
    return not goes_on or sum(len(page.entries) for page in list(waiting)[1:]) >= NEIGHBOURS_PER_SIDE


def _page(tail: Mapping[str, Sequence[Neighbour]], waiting: Sequence[_Read]) -> Page:
    """Return the first page that is waiting, with everything known about what surrounds it."""
    known = [tail, *(page.neighbours for page in waiting)]
    stretches = {
        experiment_id: neighbourhood(one for part in known for one in part.get(experiment_id, ()))
        for experiment_id in waiting[0].neighbours
    }
    return Page(waiting[0].entries, partial(_among, stretches))


def _among(stretches: Mapping[str, Neighbourhood], run: Run) -> tuple[Sibling, ...]:
    stretch = stretches[run.info.experiment_id]
    return stretch.siblings_of(run.info.run_id, run.info.start_time, parent_of(run))


def _tail(tail: Mapping[str, Sequence[Neighbour]], page: _Read) -> dict[str, list[Neighbour]]:
    """Return, by experiment, all that runs after this page may have as neighbours in and before it."""
    kept = {}
    for experiment_id, neighbours in page.neighbours.items():
        stretch = neighbourhood([*tail.get(experiment_id, ()), *neighbours])
        last = stretch.forward[-1].start_time
        # Of runs that start at the same time as the next, those that come first count as after it.
        kept[experiment_id] = [*stretch.before(last), *stretch.since(last)]
    return kept
