"""The ready views: the runs table with the answer as columns, kept on the experiment.

The MLflow UI hides tag columns until somebody picks them. It keeps a shared view of the
runs table as an experiment tag; this writes some under keys of ours: all runs with those in
trouble first, those alone, and one view for each verdict that was found. MLflow 3.17 lists them
by name in the menu "Views"; older versions open them by their links.

MLflow does not document the format (read from its UI's sources, 3.4 to 3.17), so a view is an
extra: whatever goes wrong with it is told and changes nothing else.
See ``docs/decisions/0031-ready-views.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mlflow.exceptions import MlflowException

from mlflow_bce_monitor.contract import (
    FLAGGED_YES,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CONFIDENCE,
    TAG_FLAGGED,
    TAG_SKILL,
    TAG_VERDICT,
)
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.reasons import reason

VIEW_KEY: Final = "bce-monitor"
FLAGGED_KEY: Final = "bce-monitor-flagged"
_TAG_PREFIX: Final = "mlflow.sharedViewState."
# What the versions up to 3.16 expect in every view, and fail without: MLflow's own defaults.
_DEFAULTS: Final[dict[str, Any]] = {
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "runsHiddenMode": "FIRST_10_RUNS",
    "viewMaximized": False,
    "runListHidden": False,
    "isAccordionReordered": False,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "groupBy": None,
    "groupsExpanded": {},
    "autoRefreshEnabled": True,
    "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
}
# Tag to pixels: the longest word of the contract fits, and of advice a whole sentence mostly does.
_COLUMNS: Final = {
    TAG_VERDICT: 105,
    TAG_CAUSE: 170,
    TAG_CONFIDENCE: 110,
    TAG_SKILL: 75,
    TAG_ADVICE: 640,
}
# Columns that MLflow shows anyway, by the names that its table gives them, somewhat narrower. A width counts
# only for a column whose place is told, and columns whose place is not told come last.
_OWN_COLUMNS: Final = {"attributes.`Run Name`": 175, "runDateAndNestInfo": 120, "duration": 70}

# Milliseconds since the epoch, which an entry of the menu needs; the same for all.
_CREATED: Final = 1_767_225_600_000


def view_state(name: str, search_filter: str = "") -> str:
    """Return the value of a view's tag.

    MLflow 3.17 reads ``name`` and ``state``; the versions before it read the state from the
    object itself, and each of them leaves alone what it does not know.
    """
    widths = _OWN_COLUMNS | {f"tags.`{tag}`": pixels for tag, pixels in _COLUMNS.items()}
    state: dict[str, Any] = {
        "searchFilter": search_filter,
        # "yes" stands before "no", and runs without an answer come last.
        "orderByKey": f"tags.`{TAG_FLAGGED}`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": [f"tags.`{tag}`" for tag in _COLUMNS],
        "columnOrder": list(widths),
        "columnWidths": widths,
        **_DEFAULTS,
    }
    entry = {"name": name, "createdAt": _CREATED, "updatedAt": _CREATED, "state": json.dumps(state)}
    return json.dumps(entry | state)


def verdict_key(verdict: str) -> str:
    """Return the key of the view that shows the runs of one verdict."""
    return f"{VIEW_KEY}-{verdict}"


def offer_views(store: Store, experiment_id: str, verdicts: Iterable[str]) -> str | None:
    """Put on an experiment the ready views that it lacks; return what went wrong, None when nothing did.

    A view that is there is left alone, because somebody may have changed it.

    Parameters
    ----------
    store, experiment_id
        Where.
    verdicts
        Those its runs have: each gets a view of its own.
    """
    try:
        there = store.client.get_experiment(experiment_id).tags
        for key, value in _views(verdicts):
            if _TAG_PREFIX + key not in there:
                store.client.set_experiment_tag(experiment_id, _TAG_PREFIX + key, value)
    except (MlflowException, OSError) as error:
        return f"The ready views were not put on experiment {experiment_id}: {reason(error)}."
    return None


def _views(verdicts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield key and value of each view."""
    yield VIEW_KEY, view_state("bce-monitor: all, trouble first")
    yield FLAGGED_KEY, view_state("bce-monitor: in trouble", f"tags.`{TAG_FLAGGED}` = '{FLAGGED_YES}'")
    for verdict in sorted(set(verdicts)):
        yield (
            verdict_key(verdict),
            view_state(f"bce-monitor: {verdict}", f"tags.`{TAG_VERDICT}` = '{verdict}'"),
        )
