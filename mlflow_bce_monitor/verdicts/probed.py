"""What experiments on the model's rows say of a loss below chance."""

from __future__ import annotations

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import LIKELY
from mlflow_bce_monitor.verdicts.signs import training_skill


def skill_without_signal(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find training skill on rows whose labels nothing finds signal in: the network knows them by heart.

    Held-back data of the training itself, where there are any, say more than a reference learner.
    """
    if evidence.get("probe_signal") != "no" or "validation_skill" in evidence:
        return None
    if not training_skill(evidence, limits):
        return None
    if evidence.number_or("probe_best_rate_skill", 0.0) > limits.unvalidated_band:
        return None  # a copy of the model finds on held-back rows what the reference learners miss
    because = (
        f"training skill {evidence.number('end_skill'):.2f}, and no reference learner ranks held-back rows "
        "better than with permuted labels: what the model knows of its rows it knows by heart"
    )
    return Judgement(Verdict.OVERFITTING, LIKELY, because)
