"""``verify(build_model, data, diagnosis)``: for trainings that are a function and no MLflow project."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.remedies import facts_of, prescribe
from mlflow_bce_monitor.remedies.jointly import SETTLED
from mlflow_bce_monitor.verifying.arm import FROM_INSIDE
from mlflow_bce_monitor.verifying.budget import Budget, seconds_of
from mlflow_bce_monitor.verifying.course import Course
from mlflow_bce_monitor.verifying.plan import SEEDS, Plan, Subject
from mlflow_bce_monitor.verifying.result import VerificationReport

MOST_RUNS: Final = 40
"""Trainings, where the caller sets no other limit."""

_SURE: Final = SETTLED
"""Probability of a cause that the caller names: its change is made alone, and reruns may still contradict."""


def verify(
    build_model: Callable[[Mapping[str, Any]], Any],
    data: Any,
    diagnosis: Diagnosis | str | Sequence[RankedCause],
    *,
    settings: Mapping[str, Any] | None = None,
    facts: Mapping[str, object] | None = None,
    seeds: int = SEEDS,
    seed: int = 0,
    budget: float | str | None = None,
    max_runs: int = MOST_RUNS,
    discriminate: bool = True,
    tell: Callable[[int, int, str], None] | None = None,
) -> VerificationReport:
    """Repeat a training with the remedy for its diagnosis, and show whether that works.

    Parameters
    ----------
    build_model
        Takes a mapping of settings (``mlflow_bce_monitor.remedies.SETTINGS`` lists the names) and returns
        a compiled Keras model with new weights. Settings that it does not read cannot be changed;
        ``epochs``, ``batch_size``, ``class_weight``, ``early_stopping``, ``scale_inputs`` and ``labels``
        are seen to here.
    data
        ``(x, y)``, of which a fifth is held back anew for each seed, or
        ``((x, y), (x_validation, y_validation))``.
    diagnosis
        Of the run, as ``evaluate_run`` returns it; or causes with probabilities, as
        ``ProbeReport.causes``; or the word of one cause.
    settings
        Settings of the training as it was; those that are missing are as ``build_model`` takes them,
        10 epochs and batches of 32.
    facts
        What is known besides (``remedies.facts_of``); by default what the diagnosis knows.
    seeds
        Pairs of trainings for each remedy, at least 2.
    seed
        Of the experiments; the pairs take the seeds after it.
    budget
        Seconds, or a text such as "10m"; None for no limit.
    max_runs
        No more trainings than these.
    discriminate
        Whether to tell uncertain causes apart by reruns first.
    tell
        Told before each training: how many were made, how many may follow, and what comes.

    Raises
    ------
    UsageError
        There is no trouble to verify, or an argument does not fit.
    """
    from mlflow_bce_monitor.verifying.keras_trainer import KerasTrainer  # noqa: PLC0415 - loads Keras
    from mlflow_bce_monitor.verifying.rows import given  # noqa: PLC0415 - as above

    said = _said(diagnosis)
    rows = given(data)
    trainer = KerasTrainer(build_model, rows, dict(settings or {}))
    known = _known(trainer.compiled(), settings or {})
    told = dict(said.facts if facts is None else facts)
    told.setdefault("n_train", rows.train.n)
    told.setdefault("positive_share", float(rows.train.positive.mean()))
    course = Course(
        Subject(
            said.causes,
            lambda cause: prescribe(cause, known, told),
            run_id=said.run_id,
            run_name=said.run_name,
            is_seen_inside=said.is_seen_inside,
        ),
        trainer,
        Plan(seeds, seed, discriminate),
        Budget(_seconds(budget), max_runs),
        tell or (lambda _done, _left, _what: None),
    )
    return course.run()


def _seconds(budget: float | str | None) -> float:
    if budget is None:
        return math.inf
    return seconds_of(budget) if isinstance(budget, str) else float(budget)


@dataclass(frozen=True)
class _Said:
    causes: tuple[RankedCause, ...]
    facts: Mapping[str, object]
    run_id: str = ""
    run_name: str = ""
    is_seen_inside: bool = False


def _said(diagnosis: Diagnosis | str | Sequence[RankedCause]) -> _Said:
    if isinstance(diagnosis, Diagnosis):
        if not diagnosis.flagged:
            raise UsageError(
                f"The run is {diagnosis.verdict.value}: there is no trouble whose remedy could be verified."
            )
        return _Said(
            diagnosis.causes,
            facts_of(diagnosis),
            diagnosis.run_id,
            diagnosis.run_name,
            diagnosis.tier in FROM_INSIDE,
        )
    if isinstance(diagnosis, str):
        return _Said(assumed(diagnosis), {})
    if not diagnosis:
        raise UsageError("There are no causes to verify: the model is in no trouble.")
    return _Said(tuple(diagnosis), {}, is_seen_inside=True)  # a probe's


def assumed(cause: str) -> tuple[RankedCause, ...]:
    """Return the causes of somebody who is sure of one; UsageError when it is no word of the contract."""
    if cause not in CAUSES or cause in (NO_CAUSE, UNKNOWN):
        named = ", ".join(one for one in CAUSES if one not in (NO_CAUSE, UNKNOWN))
        raise UsageError(f"{cause!r} is no cause; known are {named}.")
    return (
        RankedCause(cause, _SURE, "it was named", ""),
        RankedCause(UNKNOWN, 1.0 - _SURE, "what else it may be", ""),
    )


def _known(of_model: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings as they are, those that only the compiled model knows included."""
    return {**of_model, **settings}
