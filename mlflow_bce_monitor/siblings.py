"""Which runs are the siblings of a run: one rule, however the run was reached.

Siblings tell what a run's own curve cannot: that the same data was learned with another rate, or
that no change of any setting moved the loss. The rule has to give the same runs whether a whole
experiment is walked page by page, a single run was asked for by id, or everything lies in memory.
So "near" is bounded twice: only the neighbours of a run are looked at, which is so many runs of
its experiment to either side in the order of starting, *whatever* they are; the nearest of these
that qualify are its siblings. See ``docs/decisions/0014-siblings.md``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from mlflow_bce_monitor.records import Sibling

SIBLINGS_PER_SIDE: Final = 10
"""Runs: ten that started before and ten after show a pattern over seeds or rates; a sweep of
thousands says no more about one of its runs, and each sibling is held, compared and worded."""

NEIGHBOURS_PER_SIDE: Final = 100
"""Runs of the same experiment that are looked at to either side. Ten siblings are among them even
when ten sweeps run side by side, or when nine of ten runs fail; and it is less than a page, so that
a scan never needs more than the next page, and a search for one run stays a fraction of a page."""

PARENT_TAG: Final = "mlflow.parentRunId"
"""Where MLflow writes the parent of a nested run."""

FINISHED: Final = "FINISHED"
"""MLflow's status word of runs that came to their own end; others may have been cut off anywhere."""


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A run of the same experiment, and what decides whether it is a sibling.

    Attributes
    ----------
    sibling
        What is known of it.
    start_time
        Milliseconds since the epoch.
    parent
        Run id of its parent, None when it has none.
    finished
        Whether its status is FINISHED.
    """

    sibling: Sibling
    start_time: int
    parent: str | None
    finished: bool

    @property
    def run_id(self) -> str:
        """Identity."""
        return self.sibling.run_id


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A stretch of one experiment, made by :func:`neighbourhood`.

    Attributes
    ----------
    forward
        Sorted by (start, run id), earliest first.
    backward
        The same runs, latest start first. Runs with the same start stand in the same order as in
        ``forward``: stores break ties by run id, ascending in either direction.
    """

    forward: tuple[Neighbour, ...]
    backward: tuple[Neighbour, ...]

    def before(self, start_time: int) -> list[Neighbour]:
        """Return the neighbours that started before ``start_time``, nearest first."""
        first = bisect_right(self.backward, -start_time, key=lambda one: -one.start_time)
        return list(self.backward[first : first + NEIGHBOURS_PER_SIDE])

    def since(self, start_time: int) -> list[Neighbour]:
        """Return the neighbours that started at ``start_time`` or later, nearest first.

        One more than there are neighbours to a side, because the run that started at
        ``start_time`` is itself among them.
        """
        first = bisect_left(self.forward, start_time, key=lambda one: one.start_time)
        return list(self.forward[first : first + NEIGHBOURS_PER_SIDE + 1])

    def siblings_of(self, run_id: str, start_time: int, parent: str | None) -> tuple[Sibling, ...]:
        """Return the siblings of a run of this experiment, earliest first.

        Finished runs with the same parent, or none like it. Exact when the stretch holds all of
        ``before(start_time)`` and ``since(start_time)`` that the experiment has; the run itself
        may be in the stretch or not.
        """

        def nearest(neighbours: Iterable[Neighbour]) -> list[Neighbour]:
            # A parent has another parent than its children, unless somebody made it its own.
            fit = (
                one for one in neighbours if one.finished and one.parent == parent and one.run_id != parent
            )
            return list(islice(fit, SIBLINGS_PER_SIDE))

        others = (one for one in self.since(start_time) if one.run_id != run_id)
        found = [*nearest(self.before(start_time)), *nearest(islice(others, NEIGHBOURS_PER_SIDE))]
        return tuple(one.sibling for one in sorted(found, key=_forward))


def neighbourhood(neighbours: Iterable[Neighbour]) -> Neighbourhood:
    """Return runs of one experiment, in any order, as a stretch; a run given twice counts once."""
    once = {one.run_id: one for one in neighbours}.values()
    return Neighbourhood(tuple(sorted(once, key=_forward)), tuple(sorted(once, key=_backward)))


def _forward(one: Neighbour) -> tuple[int, str]:
    return one.start_time, one.run_id


def _backward(one: Neighbour) -> tuple[int, str]:
    return -one.start_time, one.run_id
