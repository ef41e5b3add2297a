"""What a verification found: the path taken, the trials, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow_bce_monitor.contract import NO_CAUSE
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.verifying.arm import Arm, Measured
from mlflow_bce_monitor.verifying.comparison import Comparison, Result


@dataclass(frozen=True)
class Step:
    """One rerun that was made to tell causes apart.

    Attributes
    ----------
    name, question
        The experiment, and what its result answers.
    expected
        Nats that it was expected to tell; None where it was not chosen for them.
    yes
        The answer.
    because
        The answer with its numbers, as a clause.
    measured
        The training.
    before, after
        The causes.
    """

    name: str
    question: str
    expected: float | None
    yes: bool
    because: str
    measured: Measured
    before: tuple[RankedCause, ...]
    after: tuple[RankedCause, ...]


@dataclass(frozen=True)
class Trial:
    """One remedy, tried over several seeds.

    Attributes
    ----------
    cause, words
        What it is for, and what is changed, in words.
    arm
        What is changed.
    baseline, remedied
        The trainings, pair by pair.
    comparison
        None when fewer than two pairs were finished.
    note
        Why it ended early; "" when it did not.
    also
        Further causes whose changes were made with it, at once.
    """

    cause: str
    words: str
    arm: Arm
    baseline: tuple[Measured, ...]
    remedied: tuple[Measured, ...]
    comparison: Comparison | None
    note: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerificationReport:
    """All of it.

    Attributes
    ----------
    run_id
        Of the diagnosed run; "" when there is none.
    run_name
        Of that.
    result
        What it comes to.
    sentence
        The same in words, with its numbers.
    first_causes, causes
        Before and after, most probable first.
    reference
        The training as it was, repeated once before anything else; None when nothing could be trained.
    steps
        What was rerun to tell the causes apart, in order.
    trials
        The remedies that were tried, in order.
    stopped
        Why nothing further was done.
    notes
        What could not be done or has to be known, one sentence each.
    n_reruns, seconds
        What it cost.
    parent_run_id
        Of the MLflow run that gathers the reruns; "" without one.
    interrupted
        Whether a person ended it.
    """

    run_id: str
    run_name: str
    result: Result
    sentence: str
    first_causes: tuple[RankedCause, ...]
    causes: tuple[RankedCause, ...]
    reference: Measured | None
    steps: tuple[Step, ...]
    trials: tuple[Trial, ...]
    stopped: str
    notes: tuple[str, ...]
    n_reruns: int
    seconds: float
    parent_run_id: str = ""
    interrupted: bool = False

    @property
    def cause(self) -> str:
        """The most probable cause after everything, ``none`` without any."""
        return self.causes[0].cause if self.causes else NO_CAUSE

    @property
    def probability(self) -> float:
        """Of that cause."""
        return self.causes[0].probability if self.causes else 1.0

    @property
    def trial(self) -> Trial | None:
        """The trial that decides: the one that works, else the first that was finished."""
        finished = [one for one in self.trials if one.comparison is not None]
        return next((one for one in finished if _result(one) is self.result), next(iter(finished), None))

    @property
    def gain(self) -> float | None:
        """Gain in skill of the deciding trial; None without one."""
        trial = self.trial
        return None if trial is None or trial.comparison is None else trial.comparison.gain

    @property
    def interval(self) -> tuple[float, float] | None:
        """Interval of that gain."""
        trial = self.trial
        return (
            None
            if trial is None or trial.comparison is None
            else (trial.comparison.low, trial.comparison.high)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: raw numbers, no NaN."""
        return {
            "run_id": self.run_id,
            "run_name": self.run_name,
            "result": str(self.result),
            "sentence": self.sentence,
            "gain": self.gain,
            "interval": list(self.interval) if self.interval else None,
            "cause_before": self.first_causes[0].cause if self.first_causes else NO_CAUSE,
            "cause": self.cause,
            "probability": self.probability,
            "causes_before": _causes(self.first_causes),
            "causes": _causes(self.causes),
            "reference": None if self.reference is None else _measured(self.reference),
            "steps": [_step(one) for one in self.steps],
            "trials": [_trial(one) for one in self.trials],
            "stopped": self.stopped,
            "notes": list(self.notes),
            "reruns": self.n_reruns,
            "seconds": round(self.seconds, 3),
            "parent_run_id": self.parent_run_id,
        }


def _result(trial: Trial) -> Result | None:
    return None if trial.comparison is None else trial.comparison.result


def _causes(causes: Sequence[RankedCause]) -> list[dict[str, Any]]:
    return [
        {"cause": one.cause, "probability": one.probability, "because": one.because, "advice": one.advice}
        for one in causes
    ]


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "question": step.question,
        "expected_nats": step.expected,
        "answer": "yes" if step.yes else "no",
        "because": step.because,
        "rerun": _measured(step.measured),
        "causes": _causes(step.after),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    found = trial.comparison
    return {
        "cause": trial.cause,
        "also": list(trial.also),
        "words": trial.words,
        "changes": plain_changes(trial.arm.changes),
        "result": None if found is None else str(found.result),
        "gain": None if found is None else found.gain,
        "interval": None if found is None else [found.low, found.high],
        "gains": [] if found is None else list(found.gains),
        "baseline": [_measured(one) for one in trial.baseline],
        "remedied": [_measured(one) for one in trial.remedied],
        "note": trial.note,
    }


def _measured(one: Measured) -> dict[str, Any]:
    return {
        "arm": one.arm.name,
        "changes": plain_changes(one.arm.changes),
        "seed": one.seed,
        "skill": _finite(one.skill),
        "usable_skill": one.usable,
        "train_skill": _finite(one.train_skill),
        "chance_level": _finite(one.chance),
        "seconds": round(one.seconds, 3),
        "run_id": one.run_id,
        "note": one.note,
    }


def plain_changes(changes: Mapping[str, object]) -> dict[str, Any]:
    """Return changes as JSON can hold them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
