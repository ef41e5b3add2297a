"""New values of settings, computed from what is known of the run."""

from __future__ import annotations

import math
from typing import Final

from mlflow_bce_monitor.evidence.of_training import usual_rate
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.remedies.case import Case
from mlflow_bce_monitor.remedies.remedy import SettingValue

Changes = dict[str, SettingValue]

DEFAULT_OPTIMIZER: Final = "adam"
"""The optimizer that needs the least care for its rate."""

LEAST_FACTOR: Final = 10.0
"""A rate that is wrong is wrong by a factor of ten at least; less is a matter of taste."""

STEPS_WANTED: Final = 1000
"""Optimizer steps: with some hundred a usual network has begun to learn, with thousands it has learned."""

FEW_STEPS: Final = 200
"""Optimizer steps below which no rate would do."""

LARGE_BATCH: Final = 256
FEW_EPOCHS: Final = 30
"""Rows of a batch from which, and epochs up to which, steps are few where the training rows are not known."""

USUAL_BATCH: Final = 32
"""Rows: Keras' default."""

FEWEST_EPOCHS: Final = 10
MOST_EPOCHS: Final = 1000
"""Between these a run that had too few steps is made longer."""

WIDER: Final = 16
LEAST_WIDTH: Final = 32
MOST_WIDTH: Final = 128
"""Factor, and units of a hidden layer between which it leads."""

FULL_WEIGHT: Final = 0.5
"""Each class gets half of the total weight."""


def usual(case: Case) -> float | None:
    """Return the usual rate of the run's optimizer, None for one that is not known.

    Where there are few steps to make it is the upper end of what is usual.
    """
    optimizer, rate = case.word("optimizer"), _compared(case)
    if rate is None or rate == usual_rate(DEFAULT_OPTIMIZER):
        # With Adam's the diagnosis compares where it does not know the optimizer: a guess.
        rate = None if optimizer is None else usual_rate(optimizer)
    return None if rate is None else rate * _haste(case)


def _compared(case: Case) -> float | None:
    """Return the rate that the diagnosis compared the run's own with; None where it had none."""
    rate, ratio = case.number("", "learning_rate"), case.number("", "rate_ratio")
    return _rounded(rate / ratio) if rate and ratio else None


def _haste(case: Case) -> float:
    steps = case.number("", "n_updates")
    return LIMITS.rate_usual_high if steps is not None and steps < STEPS_WANTED else 1.0


def lower_rate(case: Case) -> Changes:
    """Return a usual rate, or a tenth of one that is hardly above it; Adam's for an unknown optimizer."""
    rate, target = case.number("learning_rate"), _found_rate(case) or usual(case)
    if target is None:
        return usual_optimizer(case)
    if rate is not None:
        target = min(target, rate / LEAST_FACTOR)
    return {"learning_rate": _rounded(target)}


def higher_rate(case: Case) -> Changes:
    """Return a usual rate, or ten times one that is hardly below it; Adam's for an unknown optimizer."""
    rate, target = case.number("learning_rate"), _found_rate(case) or usual(case)
    if target is None:
        return usual_optimizer(case)
    if rate is not None:
        target = max(target, rate * LEAST_FACTOR)
    return {"learning_rate": _rounded(target)}


def is_far_above(case: Case) -> bool:
    """Whether the rate is known to be far above the usual one."""
    rate, target = case.number("learning_rate"), usual(case)
    return rate is not None and target is not None and rate / target > LIMITS.rate_above


def rate_if_unusual(case: Case) -> Changes:
    """Return the usual rate where the run's own is far from it; nothing where it is usual or not known."""
    rate, target = case.number("learning_rate"), usual(case)
    if rate is None or target is None:
        return {}
    is_usual = LIMITS.rate_usual_low <= rate / target <= LIMITS.rate_above
    return {} if is_usual else {"learning_rate": _rounded(target)}


def usual_optimizer(case: Case) -> Changes:
    """Return Adam at its usual rate."""
    rate = usual_rate(DEFAULT_OPTIMIZER)
    found: Changes = {} if rate is None else {"learning_rate": _rounded(rate * _haste(case))}
    return {"optimizer": DEFAULT_OPTIMIZER, **found}


def _rounded(rate: float) -> float:
    """Return a rate as a person would write it: what was logged may be the nearest number of 32 bits."""
    return float(f"{rate:.3g}")


def _found_rate(case: Case) -> float | None:
    """Return the rate at which a copy of the model learned most, where that was tried and it learned."""
    skill = case.number("", "probe_best_rate_skill")
    if skill is None or skill < LIMITS.clear_skill:
        return None
    return case.number("", "probe_best_rate")


def more_steps(case: Case) -> Changes:
    """Return batches of a usual size, and as many epochs as make enough steps of them."""
    rows, batch, epochs = case.number("n_train"), case.number("batch_size"), case.number("epochs", "n_epochs")
    size = USUAL_BATCH if batch is None else int(min(batch, USUAL_BATCH))
    changes: Changes = {} if batch is not None and batch <= USUAL_BATCH else {"batch_size": size}
    if rows is None:
        wanted = LEAST_FACTOR * epochs if epochs is not None else None
    else:
        wanted = STEPS_WANTED / math.ceil(rows / size)
    if wanted is None:
        return changes
    needed = min(max(math.ceil(wanted), FEWEST_EPOCHS), MOST_EPOCHS)
    return changes if epochs is not None and needed <= epochs else {**changes, "epochs": needed}


def has_few_steps(case: Case) -> bool:
    """Whether the run made so few steps that it has to make more, whatever else is changed."""
    steps = case.number("", "n_updates")
    if steps is not None:
        return steps < FEW_STEPS
    batch, epochs = case.number("batch_size"), case.number("epochs", "n_epochs")
    return batch is not None and epochs is not None and batch >= LARGE_BATCH and epochs <= FEW_EPOCHS


def wider(case: Case) -> Changes:
    """Return a width of some dozen units, and twice the present one at least."""
    width = case.width
    if width is None:
        return {"hidden_units": MOST_WIDTH}
    wanted = min(max(WIDER * width, LEAST_WIDTH), MOST_WIDTH)
    return {"hidden_units": max(wanted, 2 * width)}


def balancing_weights(case: Case) -> Changes:
    """Return class weights that give either class half of the weight."""
    share = case.number("positive_share")
    if share is None or not 0.0 < share < 1.0:
        return {"class_weight": "balanced"}
    return {"class_weight": (FULL_WEIGHT / (1.0 - share), FULL_WEIGHT / share)}
