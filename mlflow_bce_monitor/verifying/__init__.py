"""Proof: a run is repeated with the remedy for its diagnosis, and compared fairly.

``course.py`` is read first. Pure are ``comparison.py`` (paired by seed, with an interval), ``experiments.py``
(which rerun tells which causes apart), ``candidates.py`` and ``posterior.py`` (what to rerun next, and what
its answer says), ``budget.py``, ``result.py`` and ``wording.py``. The edges train: ``in_keras.py`` what a
function builds, ``of_run.py`` the MLflow project that made a run.
"""

from mlflow_bce_monitor.verifying.comparison import Result
from mlflow_bce_monitor.verifying.in_keras import verify
from mlflow_bce_monitor.verifying.result import VerificationReport

__all__ = ["Result", "VerificationReport", "verify"]
