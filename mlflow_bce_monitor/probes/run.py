"""All experiments on one model, the most informative for its cost first: ``probe(model, x, y)``."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.keras.randomness import untouched_randomness
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.probes.bench import Bench, CannotBeCopied, Experiment, Finding
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.data import data_of
from mlflow_bce_monitor.probes.looking import GRADIENTS, INPUTS, PREDICTIONS
from mlflow_bce_monitor.probes.posterior import causes_of, causes_of_run, expected_gain
from mlflow_bce_monitor.probes.result import Answer, ProbeReport, ProbeResult
from mlflow_bce_monitor.probes.signal import SIGNAL
from mlflow_bce_monitor.probes.sweep import RATES
from mlflow_bce_monitor.probes.training import BALANCE, CAPACITY, OVERFIT
from mlflow_bce_monitor.records import RunRecord

EXPERIMENTS: Final = (PREDICTIONS, INPUTS, GRADIENTS, SIGNAL, OVERFIT, RATES, BALANCE, CAPACITY)

CERTAIN: Final = 0.95
"""Probability of one cause above which no further experiment is made."""

DECIDING: Final = frozenset({"predictions", "inputs", "signal"})
"""Without these no cause is certain: is there trouble at all, and is there anything to learn?"""

BEHIND: Final = {"dead_relu": frozenset({"rates"}), "insufficient_capacity": frozenset({"capacity"})}
"""Experiments without which a cause is not certain either: what is seen may be another one's work, as dead
units are that of a rate too high."""

A_LOOK: Final = 1.0
"""Seconds: what usually costs no more comes before everything that trains something."""

AFTER: Final = {
    "rates": ("predictions", "inputs", "signal"),
    "balance": ("signal",),
    "capacity": ("signal", "rates"),
}
"""What an experiment compares with, so that it comes later: a copy that does not learn says something about
the model only where there is something to learn, and the first question is the cheapest to answer."""


def probe(
    model: Any,
    x: Any,
    y: Any,
    budget: float = 60.0,
    seed: int = 0,
    *,
    record: RunRecord | None = None,
    question: Question | None = None,
    limits: Limits = LIMITS,
    thorough: bool = False,
    now: Callable[[], float] = time.perf_counter,
) -> ProbeReport:
    """Find out by experiments on copies why a Keras model does not learn from some rows.

    The model is not changed, and neither are the global sources of random numbers.

    Parameters
    ----------
    model
        A built Keras 3 model with one output, compiled as it is trained.
    x
        Inputs as given to ``fit``: an array of shape (n_rows, ...), or a list or dict of them.
    y
        Labels, shape (n_rows,) or (n_rows, 1), of two values; or one-hot pairs, shape (n_rows, 2).
    budget
        Seconds. No experiment begins after them, and one that runs ends after its step.
    seed
        Of the copies' weights, the batches and the permutations.
    record, question
        The run of the training, so that its curves count as well, and what is known about it.
    limits
        Thresholds.
    thorough
        Whether to make every experiment that the budget allows, even when the cause is certain.
    now
        The clock.

    Raises
    ------
    UsageError
        The rows do not fit the model, labels are not of two values, or scikit-learn is missing.
    """
    if not budget > 0:
        raise UsageError(f"budget={budget!r} is no number of seconds above 0.")
    clock = Clock(budget, now)
    rng = np.random.default_rng(seed)
    data = data_of(x, y, rng)
    check_inputs(model, data.x)
    bench = Bench(model, data, rng, clock, _rate_of_run(record, question or Question(), limits))
    with untouched_randomness(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a layer warns of, it has said in the training
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - for layers that draw from it
        series = _Series(bench, record, question or Question(), limits)
        return series.run(thorough=thorough)


def _rate_of_run(record: RunRecord | None, question: Question, limits: Limits) -> float | None:
    """Return the logged rate: after a schedule, the optimizer only knows the last one."""
    if record is None:
        return None
    rate = diagnose(record, question, limits).evidence.get("learning_rate")
    return float(rate) if isinstance(rate, (int, float)) and rate > 0.0 else None


def check_inputs(model: Any, x: Any) -> None:
    """Raise UsageError when a single table has another number of columns than the model takes."""
    wanted = getattr(model, "input_shape", None)
    if (
        not isinstance(wanted, tuple)
        or not hasattr(x, "shape")
        or any(isinstance(one, tuple) for one in wanted)
    ):
        return
    if len(wanted) == len(x.shape) and wanted[-1] is not None and wanted[-1] != x.shape[-1]:
        raise UsageError(
            f"The model takes {wanted[-1]} features and the data have {x.shape[-1]}: "
            "leave out the columns it was not trained on, in the order of the training."
        )


class _Series:
    """One experiment after the other."""

    def __init__(self, bench: Bench, record: RunRecord | None, question: Question, limits: Limits) -> None:
        self._bench = bench
        self._record = record
        self._question = question
        self._limits = limits
        self._results: list[ProbeResult] = []
        self._facts: list[Fact] = []
        self._notes: list[str] = []
        self._shifts: list[tuple[str, dict[str, float]]] = []

    def run(self, *, thorough: bool) -> ProbeReport:
        """Carry them out, all of them or until the cause is certain."""
        left = list(EXPERIMENTS)
        causes = self._causes()
        stopped = "every experiment was made"
        while left:
            if self._bench.clock.is_over:
                stopped = f"the budget of {self._bench.clock.budget:g} s is used up"
                break
            if not thorough and self._is_decided(causes):
                stopped = (
                    f"{causes[0].cause} is {causes[0].probability:.1%} probable" if causes else "no trouble"
                )
                break
            chosen = self._next(left, causes)
            left.remove(chosen)
            self._make(chosen)
            before, causes = causes, self._causes()
            self._shifts.append((chosen.name, _log_change(before, causes)))
        diagnosis = None
        if self._record is not None:
            diagnosis = diagnose(self._record, self._question, self._limits, tuple(self._facts))
        return ProbeReport(
            tuple(self._results),
            causes,
            self._decided_by(causes),
            self._bench.clock.spent,
            stopped,
            tuple(dict.fromkeys(self._notes)),
            diagnosis,
        )

    def _causes(self) -> tuple[RankedCause, ...]:
        if self._record is not None:
            of_run = causes_of_run(self._record, self._question, self._facts, self._limits)
            if of_run:
                return of_run
        return causes_of(self._facts, self._limits)

    def _is_decided(self, causes: Sequence[RankedCause]) -> bool:
        made = {one.name for one in self._results}
        if not causes:
            return made >= DECIDING
        wanted = DECIDING | BEHIND.get(causes[0].cause, frozenset())
        return made >= wanted and causes[0].probability >= CERTAIN

    def _next(self, left: Sequence[Experiment], causes: Sequence[RankedCause]) -> Experiment:
        names = {one.name for one in left}
        free = [one for one in left if not names & set(AFTER.get(one.name, ()))]
        free = [one for one in free if one.seconds <= A_LOOK] or free
        return max(free, key=lambda one: expected_gain(one.name, causes) / one.seconds)

    def _make(self, experiment: Experiment) -> None:
        clock = self._bench.clock
        start = clock.spent
        try:
            found = experiment.run(self._bench)
        except CannotBeCopied as error:
            self._notes.append(str(error))
            found = Finding(Answer.UNCLEAR, {}, "the model cannot be copied")
        result = ProbeResult(
            experiment.name,
            experiment.hypothesis,
            found.answer,
            found.numbers,
            clock.spent - start,
            found.sentence,
        )
        self._bench.known |= found.numbers
        self._results.append(result)
        self._facts += result.facts()

    def _decided_by(self, causes: Sequence[RankedCause]) -> str | None:
        if not causes or not self._shifts:
            return None
        first = causes[0].cause
        return max(self._shifts, key=lambda shift: shift[1].get(first, 0.0))[0]


def _log_change(before: Sequence[RankedCause], after: Sequence[RankedCause]) -> dict[str, float]:
    """Return by how much each cause's log odds rose."""
    old = {one.cause: _log_odds(one.probability) for one in before}
    return {one.cause: _log_odds(one.probability) - old.get(one.cause, 0.0) for one in after}


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1.0 - 1e-12)
    return float(np.log(p / (1.0 - p)))
