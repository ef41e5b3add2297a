"""Whether a cheap learner finds that labels depend on inputs, in the rows that were seen."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.keras import labels
from mlflow_bce_monitor.keras.held_back import together
from mlflow_bce_monitor.keras.rows import KEPT_ROWS, Rows
from mlflow_bce_monitor.reference import reference

_TWO: Final = 2


def signal_facts(trained: Rows | None, held_back: Rows | None) -> dict[str, float]:
    """Return what the reference learner finds, by plain names; {} where it cannot answer.

    Both kinds of rows go in, as many of each where there are: it matters not which of them a network saw.

    Parameters
    ----------
    trained
        Rows of the first epoch, in which each comes once.
    held_back
        Rows of the validation.
    """
    half = KEPT_ROWS // 2
    few = min(trained.n if trained else 0, held_back.n if held_back else 0, half)
    parts = [None if part is None else part.first(KEPT_ROWS - few) for part in (trained, held_back)]
    rows = together(parts)
    if rows is None:
        return {}
    inputs, y = rows
    y = np.asarray(y, np.float64)
    if y.ndim > 1 and y.shape[-1] == _TWO:
        y = y.reshape(-1, _TWO)[:, 1]
    if y.size != len(y):
        return {}
    y = y.reshape(-1)
    found = reference(inputs, y > labels.positive_above(labels.table_of(y, None)))
    if found is None:
        return {}
    return {
        "reference_auc": found.auc,
        "reference_distance": found.distance,
        "reference_detectable": found.detectable,
        "reference_rows": float(found.rows),
    }
