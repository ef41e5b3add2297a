"""One run of the zoo with what is true and what was said of it: all that the scores need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.rivals.histories import training_loss
from mlflow_bce_monitor.contract import FLAGGED, NO_CAUSE, UNKNOWN, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    # The scores can do without the zoo.
    from benchmarks.zoo.truth import Truth

RATE: Final = "learning_rate"
"""The fact that separates frozen parameters from a rate near zero."""

SHARE: Final = "share of positives"
VALIDATION_LOSS: Final = "validation loss"
AUC: Final = "AUC"
"""What decides most verdicts, and that not every run logs."""

NO_GRADIENT: Final = frozenset({"dead_relu", "vanishing_gradients", "zero_initialization", "constant_inputs"})
"""Causes of one constant output: no metric that stock users log tells them apart."""

NO_MOVEMENT: Final = frozenset({"frozen_parameters", "learning_rate_too_low"})
"""Causes of parameters that do not move; told apart only by the learning rate."""

HARMLESS_FAULT: Final = "fault without harm"
"""Kind of a run that learned although a fault had been injected."""


@dataclass(frozen=True)
class Candidate:
    """One place of a ranking.

    Attributes
    ----------
    causes
        Words of the contract that count as one answer.
    probability
        Stated for all of them together, in [0, 1].
    """

    causes: frozenset[str]
    probability: float

    @property
    def is_named(self) -> bool:
        """Whether it names a cause; ``unknown`` does not."""
        return UNKNOWN not in self.causes


@dataclass(frozen=True)
class Case:
    """One run: the truth first, then the answer.

    Attributes
    ----------
    verdict, acceptable, causes
        As in :class:`benchmarks.zoo.truth.Truth`.
    kind, fault
        What was planned, see :class:`benchmarks.zoo.plan.TrainingPlan`.
    n_points
        Points of the training loss; epochs, for networks on labels.
    said
        The verdict that was given.
    stated
        (cause, probability) as given, most probable first; () when no cause was given.
    rate_known
        Whether the answer could draw on the learning rate.
    confidence
        Stated for the verdict, in [0, 1].
    logged
        Which of ``SHARE``, ``VALIDATION_LOSS`` and ``AUC`` the answer could draw on.
    """

    verdict: Verdict
    acceptable: frozenset[Verdict]
    causes: frozenset[str]
    kind: str
    fault: str
    n_points: int
    said: Verdict
    stated: tuple[tuple[str, float], ...]
    rate_known: bool
    confidence: float = 1.0
    logged: frozenset[str] = frozenset()

    @property
    def is_right(self) -> bool:
        """Whether the verdict is not wrong."""
        return self.said in self.acceptable

    @property
    def is_flagged(self) -> bool:
        """Whether the run was reported as being in trouble."""
        return self.said in FLAGGED

    @property
    def in_trouble(self) -> bool:
        """Whether the run truly is in trouble."""
        return self.verdict in FLAGGED

    @property
    def has_established_cause(self) -> bool:
        """Whether the run is in trouble, a word of the vocabulary is its true cause, and one is asked for.

        None is where a verdict without trouble is just as right: an overfitted run without validation
        data is learning as far as anything logged can tell, and such a verdict comes without causes.
        """
        rightly_without = self.is_right and not self.is_flagged
        return self.in_trouble and bool(self.causes - {NO_CAUSE, UNKNOWN}) and not rightly_without

    @property
    def learned(self) -> bool:
        """Whether nothing is wrong with the run, whatever was planned."""
        return self.verdict in {Verdict.LEARNING, Verdict.ESCAPED}

    def candidates(self, *, grouped: bool) -> tuple[Candidate, ...]:
        """Return the ranking.

        Parameters
        ----------
        grouped
            Count causes that nothing logged can separate as one answer: its probability is the sum
            over its members, and the ranking is by these sums.
        """
        sums: dict[frozenset[str], float] = {}
        for cause, probability in self.stated:
            answer = self._answer(cause) if grouped else frozenset({cause})
            sums[answer] = sums.get(answer, 0.0) + probability
        ranked = [Candidate(causes, probability) for causes, probability in sums.items()]
        return tuple(sorted(ranked, key=lambda candidate: -candidate.probability))

    def accepts(self, candidate: Candidate) -> bool:
        """Return whether the candidate holds a true cause."""
        return bool(candidate.causes & self.causes)

    def _answer(self, cause: str) -> frozenset[str]:
        return answer_of(cause, rate_known=self.rate_known)


def answer_of(cause: str, *, rate_known: bool) -> frozenset[str]:
    """Return the causes that count as the same answer as this one.

    Parameters
    ----------
    cause
        A word of the contract.
    rate_known
        Whether the learning rate was logged.
    """
    if cause in NO_GRADIENT:
        return NO_GRADIENT
    if cause in NO_MOVEMENT and not rate_known:
        return NO_MOVEMENT
    return frozenset({cause})


def _logged(evidence: Evidence) -> frozenset[str]:
    """Return what the evidence holds of what decides most verdicts."""
    found = {
        SHARE: evidence.get("share_known", False) is True,
        VALIDATION_LOSS: "validation_skill" in evidence,
        AUC: "auc" in evidence or "validation_auc" in evidence,
    }
    return frozenset(name for name, there in found.items() if there)


def cases_of(pairs: Sequence[tuple[RunRecord, Truth]], diagnoses: Sequence[Diagnosis]) -> list[Case]:
    """Return what the scores need of some runs; one diagnosis a run, in the same order."""
    return [
        case_of(record, truth, diagnosis) for (record, truth), diagnosis in zip(pairs, diagnoses, strict=True)
    ]


def case_of(record: RunRecord, truth: Truth, diagnosis: Diagnosis) -> Case:
    """Return what the scores need of one run."""
    losses = training_loss(record)
    return Case(
        verdict=truth.verdict,
        acceptable=truth.acceptable,
        causes=truth.causes,
        kind=truth.plan.kind,
        fault=truth.plan.fault,
        n_points=0 if losses is None else len(losses),
        said=diagnosis.verdict,
        stated=tuple((ranked.cause, ranked.probability) for ranked in diagnosis.causes),
        rate_known=RATE in diagnosis.evidence,
        confidence=diagnosis.judgement.confidence,
        logged=_logged(diagnosis.evidence),
    )
