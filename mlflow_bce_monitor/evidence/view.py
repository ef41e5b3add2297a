"""One loss with what the stages before have found out about it: what the fact finders look at."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.curves.curve import Curve
from mlflow_bce_monitor.findings.finding import CurveFindings, CurveNumbers


@dataclass(frozen=True, eq=False)
class LossView:
    """One loss with its chance level and what was measured on it, as the stages before have left it."""

    curve: Curve
    chance: ChanceEstimate
    findings: CurveFindings
    numbers: CurveNumbers
