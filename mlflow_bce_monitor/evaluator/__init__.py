"""MLflow's model evaluation: ``mlflow.models.evaluate(..., evaluators="bce_monitor")``.

MLflow loads this through the entry point group ``mlflow.model_evaluator``, in every process that
evaluates anything. So nothing is imported here but the class; the rest loads when it is used.
"""

from __future__ import annotations

from mlflow_bce_monitor.evaluator.plugin import BCEMonitorEvaluator

__all__ = ["BCEMonitorEvaluator"]
