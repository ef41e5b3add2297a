"""How sure a verdict is, and what a judge is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits

CLEAR: Final = 0.95
"""Confidence of a verdict whose numbers are far from every limit."""

LIKELY: Final = 0.8
"""Confidence of a verdict whose numbers lie near a limit, or that lacks one source."""

OPEN: Final = 0.6
"""Confidence of a verdict that another reading of the same curve would contradict."""

ASSUMED_CEILING: Final = 0.5
"""Nothing but the name "loss" is known: the verdict is right only if the loss is what we assume."""

Judge = Callable[[Evidence, Limits], "Judgement | None"]
"""Looks for one state of a run; None when it is not in it."""
