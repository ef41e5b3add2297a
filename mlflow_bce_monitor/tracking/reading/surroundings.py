"""Siblings of the runs of whole experiments, from the pages that a scan reads anyway.

A scan of a hundred thousand runs sends no request for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from mlflow.entities import Run

from mlflow_bce_monitor import stretches
from mlflow_bce_monitor.records import Sibling
from mlflow_bce_monitor.siblings import Neighbour, Neighbourhood
from mlflow_bce_monitor.tracking.reading.neighbours import Page, neighbour_of, parent_of
from mlflow_bce_monitor.tracking.store.pages import Entries
from mlflow_bce_monitor.tracking.store.search import MissingRun


def surrounded(pages: Iterable[Entries]) -> Iterator[Page]:
    """Yield the pages of whole experiments, each as soon as the runs that follow it are known.

    Needs what :func:`~mlflow_bce_monitor.tracking.store.pages.pages` promises: the runs of an
    experiment come one after the other.
    """
    for page in stretches.surrounded(pages, _placed):
        yield Page(list(page.entries), partial(_among, page.stretches))


def _placed(entry: Run | MissingRun) -> tuple[str, Neighbour] | None:
    return (entry.info.experiment_id, neighbour_of(entry)) if isinstance(entry, Run) else None


def _among(known: Mapping[str, Neighbourhood], run: Run) -> tuple[Sibling, ...]:
    stretch = known[run.info.experiment_id]
    return stretch.siblings_of(run.info.run_id, run.info.start_time, parent_of(run))
