"""Controlled experiments on a copy of a model that each test one hypothesis: ``probe(model, x, y)``.

Needs Keras (extra ``tensorflow``) and, for the reference learner, scikit-learn (extra ``scenarios``).
"""

from __future__ import annotations

from mlflow_bce_monitor.probes.result import Answer, ProbeReport, ProbeResult
from mlflow_bce_monitor.probes.run import probe

__all__ = ["Answer", "ProbeReport", "ProbeResult", "probe"]
