"""The ready view: the runs table with the verdict columns shown, kept on the experiment.

The MLflow UI hides tag columns until somebody picks them. It keeps a shared view of the
runs table as an experiment tag; this writes one under a key of ours. MLflow does not
document the format (read from its UI's sources, 3.17), so the view is an extra: whatever
goes wrong with it is told and changes nothing else.
"""

from __future__ import annotations

import json
from typing import Final

from mlflow.exceptions import MlflowException

from mlflow_bce_monitor.contract import (
    METRIC_SKILL,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CHANCE_LEVEL,
    TAG_CONFIDENCE,
    TAG_METRIC,
    TAG_VERDICT,
)
from mlflow_bce_monitor.tracking.reasons import reason
from mlflow_bce_monitor.tracking.store import Store

VIEW_KEY: Final = "bce-monitor"
_VIEW_TAG: Final = f"mlflow.sharedViewState.{VIEW_KEY}"
_TAG_COLUMNS: Final = (TAG_VERDICT, TAG_CAUSE, TAG_CONFIDENCE, TAG_CHANCE_LEVEL, TAG_METRIC, TAG_ADVICE)

VIEW_STATE: Final = json.dumps(
    {
        "searchFilter": "",
        "orderByKey": f"metrics.`{METRIC_SKILL}`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": [f"metrics.`{METRIC_SKILL}`", *(f"tags.`{tag}`" for tag in _TAG_COLUMNS)],
    }
)


def offer_view(store: Store, experiment_id: str) -> str | None:
    """Put the ready view on an experiment that has none; return what went wrong, None when nothing did.

    A view that is there is left alone, because somebody may have changed it.
    """
    try:
        if _VIEW_TAG in store.client.get_experiment(experiment_id).tags:
            return None
        store.client.set_experiment_tag(experiment_id, _VIEW_TAG, VIEW_STATE)
    except (MlflowException, OSError) as error:
        return f"The ready view was not put on experiment {experiment_id}: {reason(error)}."
    return None
