"""The diagnosis of a run by the evaluation of its model alone, where no curve says how it was trained."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlflow_bce_monitor.calibration import FITTED
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.level import LN_2, chance_level
from mlflow_bce_monitor.chance.other_levels import name_of
from mlflow_bce_monitor.contract import EXPLAINED, Tier, Verdict
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, Role, Split
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause, SkillEstimate
from mlflow_bce_monitor.evaluated import CROSS_ENTROPY
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.findings import examine
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.measurements import next_measurements
from mlflow_bce_monitor.ranking import consult, consult_probes, rank
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Outcome
from mlflow_bce_monitor.verdicts import judge_evaluation

CURVES_MISSING: Final = (
    "the course of the training: evaluate inside its run, or a model that a run with a loss curve logged"
)
PROBES_MISSING: Final = "probes of a Keras model: evaluator_config={'probe': True}"


def tells_enough(loss: Curve | None, limits: Limits) -> bool:
    """Whether a loss curve can be judged by itself: it has points enough, or is no number any more."""
    if loss is None:
        return False
    return loss.finite.size >= limits.min_points or not bool(np.isfinite(loss.values).all())


def diagnose_evaluation(
    record: RunRecord, measured: tuple[Fact, ...], probed: tuple[Fact, ...], limits: Limits
) -> Diagnosis:
    """Diagnose a run by what was measured on its model.

    Parameters
    ----------
    record
        The run.
    measured
        What the evaluation measured; at least the rows and their share of positives.
    probed
        What experiments on a copy of the model found; () without any.
    limits
        Thresholds; the diagnosis keeps them.
    """
    evidence = Evidence((*measured, *_shares(Evidence(measured)), *probed))
    judgement = judge_evaluation(evidence, limits)
    outcomes = _outcomes(evidence, judgement.verdict, limits, probed=bool(probed))
    causes = rank(judgement.verdict, outcomes, RULES) if outcomes else ()
    chance, curve = _chance(evidence), _curve(evidence)
    final_loss = evidence.number("evaluated_cross_entropy") if curve is not None else None
    skill = evidence.number("evaluated_skill") if curve is not None else None
    return Diagnosis(
        run_id=record.run_id,
        run_name=record.run_name,
        experiment_id=record.experiment_id,
        judgement=judgement,
        causes=causes,
        metric=None if curve is None else curve.name,
        chance=chance,
        train_chance=chance,
        validation_chance=None,
        final_loss=final_loss,
        skill=None if skill is None else SkillEstimate(skill, skill, skill),
        validation_skill=None,
        plateau=None,
        plateau_fraction=0.0,
        tier=Tier.MODEL,
        missing=_missing(causes, evidence, outcomes, probed=bool(probed)),
        curves=_curves(curve, evidence),
        findings=None if curve is None else examine(curve, chance, limits),
        validation_findings=None,
        evidence=evidence,
        outcomes=outcomes,
        limits=limits,
    )


def _shares(measured: Evidence) -> tuple[Fact, Fact]:
    share = measured.fact("evaluated_positive_share")
    value = measured.number("evaluated_positive_share")
    return (
        Fact("positive_share", value, share.source, Tier.MODEL),
        Fact("minority_share", min(value, 1.0 - value), share.source, Tier.MODEL),
    )


def _outcomes(evidence: Evidence, verdict: Verdict, limits: Limits, *, probed: bool) -> dict[str, Outcome]:
    """Return what the rules say: most of them need a curve, and some know what probes tell."""
    if verdict not in EXPLAINED:
        return {}
    heard = consult(evidence, RULES, limits)
    if probed:
        heard |= consult_probes(evidence, RULES, limits)
    return FITTED.weighed(heard, verdict)


def _missing(
    causes: tuple[RankedCause, ...], evidence: Evidence, outcomes: dict[str, Outcome], *, probed: bool
) -> tuple[str, ...]:
    if not causes:
        return ()
    first = (CURVES_MISSING,) if probed else (CURVES_MISSING, PROBES_MISSING)
    return (*first, *next_measurements(causes, evidence, outcomes, RULES))


def _chance(evidence: Evidence) -> ChanceEstimate:
    value = evidence.number("evaluated_positive_share")
    share = ShareEstimate(
        value, value, value, f"of the {evidence.number('evaluated_rows'):,.0f} evaluated rows"
    )
    level = chance_level(value)
    return ChanceEstimate(
        level, level, level, share, known=True, formula=name_of(value), untrained=LN_2, plain=True
    )


def _curve(evidence: Evidence) -> Curve | None:
    """Return the cross-entropy as a curve of one point, None where none was measured."""
    if "evaluated_cross_entropy" not in evidence:
        return None
    value = evidence.number("evaluated_cross_entropy")
    return Curve(CROSS_ENTROPY, Role.LOSS, Split.VALIDATION, np.zeros(1, np.int64), np.array([value]))


def _curves(curve: Curve | None, evidence: Evidence) -> CurveSet:
    rows = f"{evidence.number('evaluated_rows'):,.0f}"
    if curve is None:
        return CurveSet(None, None, None, {}, f"no probabilities of the {rows} evaluated rows")
    return CurveSet(
        curve, None, LossCertainty.NAMED, {}, f"computed from the model's predictions of {rows} rows"
    )
