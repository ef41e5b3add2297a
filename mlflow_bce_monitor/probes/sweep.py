"""Does some learning rate make the loss fall? A sweep of decades in which the better half goes on.

Copies with the same first weights are trained at every rate for a few steps, the best of them for more,
the very best for many (successive halving: Jamieson & Talwalkar 2016, AISTATS, arXiv:1502.07943). The
model's own rate always goes on, so that a rate that is too low can be told from a short training.
"""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.probes.arm import Arm
from mlflow_bce_monitor.probes.bench import OUT_OF_TIME, Bench, Experiment, Finding
from mlflow_bce_monitor.probes.copies import usual_rate
from mlflow_bce_monitor.probes.numbers import finite, with_error
from mlflow_bce_monitor.probes.result import Answer

DECADES: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Rates of the sweep, in units of the optimizer's usual rate."""

STAGES: Final = ((100, 99), (300, 2), (1000, 1))
"""(further steps, how many of the best rates make them)."""

ENOUGH: Final = 0.2
"""Skill on held-back rows from which a rate need not be tried any longer."""


def _merit(arm: Arm) -> float:
    """Return what arms are compared by: what is learned counts before what is memorised."""
    return arm.held.value if arm.has_learned else min(arm.train.value, 0.0)


def _is_done(arm: Arm) -> bool:
    return arm.has_learned and arm.held.value >= ENOUGH


def _rates(bench: Bench) -> Finding:
    usual, own = usual_rate(bench.trainee.optimizer), bench.own_rate
    arms = [Arm(rate) for rate in sorted({usual * factor for factor in DECADES} | ({own} if own else set()))]
    in_time = _halve(arms, own, bench)
    tried = [arm for arm in arms if arm.steps]
    best = max(tried, key=_merit, default=None)
    if best is None or not (in_time or best.has_learned):
        return Finding(Answer.UNCLEAR, {}, OUT_OF_TIME)
    numbers = {"best_rate": best.rate, "best_rate_steps": best.steps, **with_error("best_rate", best.held)}
    numbers |= finite(best_rate_train_skill=best.train.value)
    of_own = next((arm for arm in tried if arm.rate == own), None)
    if of_own is not None:
        numbers |= {"own_rate": of_own.rate, "own_rate_steps": of_own.learned_after or of_own.steps}
        numbers |= with_error("own_rate", of_own.held)
    return Finding(Answer.YES if best.has_learned else Answer.NO, numbers, _sentence(arms, best, of_own))


def _halve(arms: list[Arm], own: float | None, bench: Bench) -> bool:
    """Train the arms, the best for longest; return whether the budget allowed all of it."""
    for steps, n_best in STAGES:
        chosen = sorted(arms, key=_merit, reverse=True)[:n_best]
        for arm in arms:
            goes_on = arm.rate == own or any(arm is one for one in chosen)
            if goes_on and not _is_done(arm) and not arm.go_on(steps, bench):
                return False
    return True


def _sentence(arms: list[Arm], best: Arm, own: Arm | None) -> str:
    said = (
        f"of {len(arms)} rates from {arms[0].rate:g} to {arms[-1].rate:g}, {best.rate:g} is best: skill "
        f"{best.held.value:.2f} on held-back rows after {best.steps} steps"
    )
    if own is not None and own is not best:
        said += f"; the model's own, {own.rate:g}, gives {own.held.value:.2f} after {own.steps}"
    elif own is not None:
        said += ", and is the model's own"
    return said


RATES = Experiment("rates", "Some learning rate makes the loss fall", 6.0, _rates)
