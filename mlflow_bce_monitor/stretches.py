"""Siblings while runs stream by: on the page itself, at the end of the one before, on the next.

Whoever walks whole experiments in the order of starting, over a tracking store or over files, needs no
search for siblings: a run's neighbours (``siblings.py``) are on its page, on the next one, or among
some runs kept of those before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mlflow_bce_monitor.siblings import NEIGHBOURS_PER_SIDE, Neighbour, Neighbourhood, neighbourhood

T = TypeVar("T")


@dataclass(frozen=True)
class Surrounded(Generic[T]):
    """A page, and all that is known around it.

    Attributes
    ----------
    entries
        What the page holds, as it was given.
    stretches
        By experiment of the page: its runs with all their neighbours.
    """

    entries: Sequence[T]
    stretches: Mapping[str, Neighbourhood]


@dataclass(frozen=True)
class _Read(Generic[T]):
    """A page that was read, and its runs as neighbours by experiment."""

    entries: Sequence[T]
    neighbours: Mapping[str, Sequence[Neighbour]]


def surrounded(
    pages: Iterable[Sequence[T]], placed: Callable[[T], tuple[str, Neighbour] | None]
) -> Iterator[Surrounded[T]]:
    """Yield the pages of whole experiments, each as soon as the runs that follow it are known.

    Parameters
    ----------
    pages
        The runs of an experiment come one after the other, the oldest first, so an experiment that
        does not go on in the next page has ended.
    placed
        Returns the experiment of an entry and the run as its neighbours see it; None for an entry
        that is no run, or one that nobody can place.

    Yields
    ------
    Surrounded
        Besides the page itself, the next page and some runs of those before are held.
    """
    tail: Mapping[str, Sequence[Neighbour]] = {}
    waiting: deque[_Read[T]] = deque()
    for entries in pages:
        waiting.append(_read(entries, placed))
        while _is_surrounded(waiting):
            yield _page(tail, waiting)
            tail = _tail(tail, waiting.popleft())
    while waiting:
        yield _page(tail, waiting)
        tail = _tail(tail, waiting.popleft())


def _read(entries: Sequence[T], placed: Callable[[T], tuple[str, Neighbour] | None]) -> _Read[T]:
    neighbours: dict[str, list[Neighbour]] = {}
    for entry in entries:
        found = placed(entry)
        if found is not None:
            neighbours.setdefault(found[0], []).append(found[1])
    return _Read(entries, neighbours)


def _is_surrounded(waiting: Sequence[_Read[T]]) -> bool:
    """Return whether the pages behind the first hold all neighbours of its runs."""
    if len(waiting) < 2:  # noqa: PLR2004 - one page ahead
        return False
    goes_on = waiting[0].neighbours.keys() & waiting[-1].neighbours.keys()
    return not goes_on or sum(len(page.entries) for page in list(waiting)[1:]) >= NEIGHBOURS_PER_SIDE


def _page(tail: Mapping[str, Sequence[Neighbour]], waiting: Sequence[_Read[T]]) -> Surrounded[T]:
    """Return the first page that is waiting, with everything known about what surrounds it."""
    known = [tail, *(page.neighbours for page in waiting)]
    stretches = {
        experiment_id: neighbourhood(one for part in known for one in part.get(experiment_id, ()))
        for experiment_id in waiting[0].neighbours
    }
    return Surrounded(waiting[0].entries, stretches)


def _tail(tail: Mapping[str, Sequence[Neighbour]], page: _Read[T]) -> dict[str, list[Neighbour]]:
    """Return, by experiment, all that runs after this page may have as neighbours in and before it."""
    kept = {}
    for experiment_id, neighbours in page.neighbours.items():
        stretch = neighbourhood([*tail.get(experiment_id, ()), *neighbours])
        last = stretch.forward[-1].start_time
        # Of runs that start at the same time as the next, those that come first count as after it.
        kept[experiment_id] = [*stretch.before(last), *stretch.since(last)]
    return kept
