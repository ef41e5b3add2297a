"""The result of the whole flow for one run, and its form in the JSON contract."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.contract import FLAGGED, NO_CAUSE, Tier, Verdict
from mlflow_bce_monitor.curves.curve import CurveSet
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.findings.finding import CurveFindings, Plateau
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Outcome


@dataclass(frozen=True)
class RankedCause:
    """One candidate cause.

    Attributes
    ----------
    cause
        A word of the contract, ``unknown`` included.
    probability
        In [0, 1]; the probabilities of one diagnosis add up to 1.
    because
        The evidence for it, in one clause.
    advice
        What to change, in one sentence.
    """

    cause: str
    probability: float
    because: str
    advice: str


@dataclass(frozen=True)
class Judgement:
    """The verdict on one run.

    Attributes
    ----------
    verdict
        A word of the contract.
    confidence
        Probability in [0, 1] that the verdict is right.
    because
        Why, in one sentence with its numbers.
    is_contested
        Whether the numbers taken one by one and taken together say different verdicts.
    """

    verdict: Verdict
    confidence: float
    because: str
    is_contested: bool = False


@dataclass(frozen=True)
class SkillEstimate:
    """Skill = 1 - loss / chance level, with what is known of its uncertainty.

    ``value`` is an upper bound when the chance level is not known (``low`` is then
    -infinity).
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything known about one run.

    Attributes
    ----------
    run_id, run_name, experiment_id
        Identity.
    judgement
        The verdict, its confidence and its reason.
    causes
        Ranked, most probable first; () when the verdict asks for no cause.
    metric
        Name of the loss the numbers below are about; None without one.
    chance, final_loss, skill
        Of that metric; None when there is no such curve or no finite value.
    train_chance, validation_chance
        Of the judged training loss (or the only loss there is) and of its held-back twin;
        ``chance`` is one of the two.
    validation_skill
        Skill on the held-back twin; None without one.
    plateau
        The plateau the verdict is about: at the end for ``stalled``, the one that was
        left for ``escaped``; None otherwise.
    plateau_fraction
        Share of the points of ``metric`` that lie on plateaus at chance, in [0, 1].
    tier
        The deepest tier whose facts were used.
    missing
        What should be logged to say more, most useful first, each a short sentence.
    outcomes
        What every rule said, by cause; {} when no rule was asked.
    """

    run_id: str
    run_name: str
    experiment_id: str
    judgement: Judgement
    causes: tuple[RankedCause, ...]
    metric: str | None
    chance: ChanceEstimate | None
    train_chance: ChanceEstimate | None
    validation_chance: ChanceEstimate | None
    final_loss: float | None
    skill: SkillEstimate | None
    validation_skill: SkillEstimate | None
    plateau: Plateau | None
    plateau_fraction: float
    tier: Tier
    missing: tuple[str, ...]
    curves: CurveSet
    findings: CurveFindings | None
    validation_findings: CurveFindings | None
    evidence: Evidence
    outcomes: dict[str, Outcome]
    limits: Limits

    @property
    def verdict(self) -> Verdict:
        """The verdict's word."""
        return self.judgement.verdict

    @property
    def cause(self) -> str:
        """The most probable cause, ``none`` when there is no trouble."""
        return self.causes[0].cause if self.causes else NO_CAUSE

    @property
    def confidence(self) -> float:
        """Probability that the first cause is right or, without one, that the verdict is.

        The causes' own probabilities hold if the loss is what it is taken for; where its name is
        all that says so, this is no higher than the confidence in that.
        """
        if not self.causes:
            return self.judgement.confidence
        first = self.causes[0].probability
        assumed = self.evidence.get("loss_certainty") == "assumed"
        return min(first, self.judgement.confidence) if assumed else first

    @property
    def advice(self) -> str:
        """What to do first; "" when there is nothing to do."""
        return self.causes[0].advice if self.causes else ""

    @property
    def flagged(self) -> bool:
        """Whether the verdict asks a person to act."""
        return self.verdict in FLAGGED

    def as_contract(self) -> dict[str, Any]:
        """Return the JSON object of the contract, raw numbers, strict JSON (no NaN, no infinity)."""
        plateau = self.plateau
        return {
            "run_id": self.run_id,
            "run_name": self.run_name,
            "experiment_id": self.experiment_id,
            "verdict": self.verdict.value,
            "cause": self.cause,
            "confidence": self.confidence,
            "causes": [
                {
                    "cause": ranked.cause,
                    "probability": ranked.probability,
                    "because": ranked.because,
                    "advice": ranked.advice,
                }
                for ranked in self.causes
            ],
            "metric": self.metric,
            "chance_level": self.chance.value if self.chance else None,
            "final_loss": self.final_loss,
            "skill": _finite(self.skill.value) if self.skill else None,
            "plateau": (
                {"start_step": plateau.start_step, "end_step": plateau.end_step, "level": plateau.level}
                if plateau
                else None
            ),
            "tier": self.tier.value,
            "missing": list(self.missing),
            "error": None,
        }


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold: a loss divided by a chance level of nearly 0 is no number."""
    return value if math.isfinite(value) else None


def failed_contract(run_id: str, run_name: str, experiment_id: str, error: str) -> dict[str, Any]:
    """Return the contract's JSON object for a run that could not be evaluated."""
    return {
        "run_id": run_id,
        "run_name": run_name,
        "experiment_id": experiment_id,
        "verdict": None,
        "cause": None,
        "confidence": None,
        "causes": [],
        "metric": None,
        "chance_level": None,
        "final_loss": None,
        "skill": None,
        "plateau": None,
        "tier": None,
        "missing": [],
        "error": error,
    }
