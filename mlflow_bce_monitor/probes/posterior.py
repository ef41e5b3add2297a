"""What the findings say about the causes, with a run's record or without."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow_bce_monitor.calibration import FITTED
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.information import entropy
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.ranking import PROBED_CAUSES, consult_probes, rank
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.probed import separated_by


def causes_of(facts: Sequence[Fact], limits: Limits) -> tuple[RankedCause, ...]:
    """Return the causes of a model at chance, by the probes alone; () for one that has learned something.

    A model in no trouble predicts its rows better than chance, and nothing says that it knows them by heart.
    """
    evidence = Evidence(tuple(facts))
    learned = evidence.number_or("probe_skill", 0.0) >= limits.clear_skill
    if learned and evidence.get("probe_signal") != "no" and not evidence.get("probe_output_fault"):
        return ()
    rules = [rule for rule in RULES if rule.code in PROBED_CAUSES]
    outcomes = FITTED.weighed(consult_probes(evidence, rules, limits), Verdict.STALLED)
    return rank(Verdict.STALLED, outcomes, rules)


def causes_of_run(
    record: RunRecord, question: Question, facts: Sequence[Fact], limits: Limits
) -> tuple[RankedCause, ...]:
    """Return the causes of a run by everything that is known of it."""
    return diagnose(record, question, limits, tuple(facts)).causes


def expected_gain(probe: str, causes: Sequence[RankedCause]) -> float:
    """Return the nats that a probe is expected to take off the uncertainty about the cause.

    The entropy of whether it is one of the causes that the probe can name; see ``measurements.py``.
    """
    named = separated_by(probe)
    mass = min(max(sum(one.probability for one in causes if one.cause in named), 0.0), 1.0)
    return entropy(mass)
