"""The curves of a run that rules on histories look at: one value a step, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mlflow_bce_monitor.records import RunRecord

FloatArray = npt.NDArray[np.float64]

LOSSES: Final = ("loss", "d_loss")
"""Names of the training loss in the zoo: of everything, and of a discriminator."""

ACCURACIES: Final = ("accuracy", "rewards/accuracies")
"""Names of the training accuracy in the zoo: of a classifier, and of a preference or reward model."""


def training_loss(record: RunRecord) -> FloatArray | None:
    """Return the training loss, shape (n_points,), None when it was not logged."""
    return _first(record, LOSSES)


def training_accuracy(record: RunRecord) -> FloatArray | None:
    """Return the training accuracy in [0, 1], shape (n_points,), None when it was not logged."""
    return _first(record, ACCURACIES)


def _first(record: RunRecord, names: Sequence[str]) -> FloatArray | None:
    for name in names:
        if name in record.histories:
            history = record.histories[name]
            # A step that was logged twice counts once, with its last value.
            by_step = dict(zip(history.steps.tolist(), history.values.tolist(), strict=True))
            return np.array([by_step[step] for step in sorted(by_step)])
    return None
