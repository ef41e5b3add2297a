"""Read this file first: the whole diagnosis of one run, all stages in order.

    run -> curves -> findings -> evidence -> causes -> diagnosis

Each arrow is a pure function between frozen dataclasses. Nothing here reads a
store, draws, or writes; MLflow, the terminal and the files stand at the edges
(``tracking/``, ``cli/``, ``report/``).
"""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.records import RunRecord


@dataclass(frozen=True)
class Question:
    """What the caller says about the runs beyond what they logged.

    Attributes
    ----------
    metrics
        Names of the metrics to judge as binary cross-entropies; () to recognise them.
    base_rate
        The share of positives in (0, 1), None to find it out from the run.
    """

    metrics: tuple[str, ...] = ()
    base_rate: float | None = None


def diagnose(record: RunRecord, question: Question = Question(), limits: Limits = LIMITS) -> Diagnosis:
    """Diagnose one run."""
    raise NotImplementedError
