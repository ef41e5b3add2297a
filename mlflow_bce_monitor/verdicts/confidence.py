"""How sure a verdict is, and what a judge is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits

# Confidences are shares of being right. Measured on the zoo's blocks development and validation
# (`python -m benchmarks.diagnosis --block development`): clear 0.99 and 0.99, likely 0.97 and 0.94, open
# 0.92 and 0.85. The limits were chosen on these runs, so errors on others are taken to be twice as many.

CLEAR: Final = 0.95
"""Confidence of a verdict whose numbers are far from every limit; less than measured: no zoo is the world."""

LIKELY: Final = 0.9
"""Confidence of a verdict whose numbers lie near a limit, or that lacks one source."""

OPEN: Final = 0.8
"""Confidence of a verdict that another reading of the same curve would contradict.

One that the scorecard gives against a judge is such; 0.88 of them are right on blocks that it was not fitted
on (`python -m benchmarks.scorecard`).
"""

DISPUTED: Final = 0.7
"""Confidence of a verdict that the scorecard would not have given, and is not sure enough to overrule.

0.81 of them are right by the same measurement, and errors are taken to be half as many again: the judges'
limits were chosen on these runs.
"""

ASSUMED_CEILING: Final = 0.5
"""Nothing but the name "loss" is known: the verdict is right only if the loss is what we assume.

The zoo cannot measure it, as all its losses are cross-entropies: 0.89 of these verdicts are right.
"""

Judge = Callable[[Evidence, Limits], "Judgement | None"]
"""Looks for one state of a run; None when it is not in it."""
