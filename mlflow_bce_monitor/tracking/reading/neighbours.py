"""Runs as neighbours of a run, and a run's record with its siblings.

Siblings come from the pages that a scan reads anyway (``surroundings.py``) or, for picked runs, by
searching (``sibling_search.py``). Both end in :class:`~mlflow_bce_monitor.siblings.Neighbourhood`,
which holds the rule, and a test holds both to the same siblings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlflow.entities import Run

from mlflow_bce_monitor.contract import OWN_METRICS
from mlflow_bce_monitor.records import RunRecord, Sibling
from mlflow_bce_monitor.siblings import FINISHED, PARENT_TAG, Neighbour
from mlflow_bce_monitor.tracking.reading.reader import context_of
from mlflow_bce_monitor.tracking.store.pages import Entries
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason

SiblingsOf = Callable[[Run], tuple[Sibling, ...]]
"""Returns the siblings of a run as a search found it; raises one of STORE_FAILURES."""


@dataclass(frozen=True)
class Page:
    """A page of runs, and the way to their siblings.

    Attributes
    ----------
    entries
        The runs.
    siblings_of
        To be asked about these runs only.
    """

    entries: Entries
    siblings_of: SiblingsOf


def with_siblings(record: RunRecord, run: Run, siblings_of: SiblingsOf) -> tuple[RunRecord, tuple[str, ...]]:
    """Return the record with its siblings; when the store fails, without, and a note that says so."""
    try:
        return replace(record, siblings=siblings_of(run)), ()
    except STORE_FAILURES as error:
        note = (
            f"Run {record.run_id} was judged without the runs around it, because they could not be "
            f"searched: {reason(error)}. Scan it again with --force to have them compared."
        )
        return record, (note,)


def neighbour_of(run: Run) -> Neighbour:
    """Return what the rule needs of a run."""
    inputs = run.inputs.dataset_inputs if run.inputs else []
    datasets = ((context_of(logged) or "", logged.dataset.digest or "") for logged in inputs)
    sibling = Sibling(
        run_id=run.info.run_id,
        params=dict(run.data.params),
        latest={name: value for name, value in run.data.metrics.items() if name not in OWN_METRICS},
        datasets=tuple(sorted(datasets)),
    )
    return Neighbour(sibling, run.info.start_time, parent_of(run), finished=run.info.status == FINISHED)


def parent_of(run: Run) -> str | None:
    """Return the run id of a nested run's parent, None for any other run."""
    return run.data.tags.get(PARENT_TAG) or None
