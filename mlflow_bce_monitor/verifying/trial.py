"""One remedy against the training as it was, pair by pair with the same seeds."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow_bce_monitor.verifying.arm import BASELINE, Arm, CannotRerun, Measured
from mlflow_bce_monitor.verifying.candidates import Change
from mlflow_bce_monitor.verifying.comparison import FEWEST_PAIRS, compare, is_futile
from mlflow_bce_monitor.verifying.plan import Plan
from mlflow_bce_monitor.verifying.result import Trial
from mlflow_bce_monitor.verifying.trainings import Trainings

INTERRUPTED = "it was interrupted"


def carry_out(remedy: Change, name: str, plan: Plan, trainings: Trainings, trials: list[Trial]) -> Trial:
    """Try a remedy; the trial is appended to the others whatever ends it, with the pairs that are finished.

    Parameters
    ----------
    remedy, name
        What is changed, and what the arm is called.
    plan, trainings
        How many pairs, from which seed on, and with what.
    trials
        Those before.
    """
    arm = Arm(name, dict(remedy.changes))
    pairs: list[tuple[Measured, Measured]] = []
    note = INTERRUPTED
    try:
        note = _pairs(arm, plan, trainings, pairs)
    except CannotRerun as error:
        note = str(error)
    finally:
        trials.append(_trial(remedy, arm, pairs, note))
    return trials[-1]


def _pairs(arm: Arm, plan: Plan, trainings: Trainings, pairs: list[tuple[Measured, Measured]]) -> str:
    """Train pair after pair; return why that ended early."""
    budget = trainings.budget
    seeds = [plan.first_seed + 1 + number for number in range(plan.seeds)]
    cost = trainings.trainer.cost(arm.changes)
    for number, seed in enumerate(seeds):
        if is_futile([after.usable - before.usable for before, after in pairs]):
            return f"ended after {len(pairs)} pairs, none of which shows a gain"
        new = 0 if trainings.has(BASELINE, seed) else 1
        if not budget.allows(cost + new) or budget.left < 1 + new:
            return budget.why
        later = sum(1 if trainings.has(BASELINE, one) else 2 for one in seeds[number + 1 :])
        before = trainings.train(BASELINE, seed, later + 1)
        pairs.append((before, trainings.train(arm, seed, later)))
    return ""


def _trial(remedy: Change, arm: Arm, pairs: Sequence[tuple[Measured, Measured]], note: str) -> Trial:
    before, after = tuple(one for one, _ in pairs), tuple(one for _, one in pairs)
    found = None
    if len(pairs) >= FEWEST_PAIRS:
        found = compare([one.usable for one in before], [one.usable for one in after])
    return Trial(remedy.cause, remedy.words, arm, before, after, found, note, remedy.also)
