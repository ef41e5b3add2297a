"""New values of settings, computed from what is known of the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeVar

from mlflow_bce_monitor.evidence.of_training import usual_rate
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.remedies.case import Case
from mlflow_bce_monitor.remedies.remedy import SettingValue

Changes = dict[str, SettingValue]
Value = TypeVar("Value")

DEFAULT_OPTIMIZER: Final = "adam"
"""The optimizer that needs the least care for its rate."""

LEAST_FACTOR: Final = 10.0
"""A rate that is wrong is wrong by a factor of ten at least; less is a matter of taste."""

STEPS_WANTED: Final = 1000
"""Optimizer steps: with some hundred a usual network has begun to learn, with thousands it has learned. A
start anew that makes fewer is made longer: else it ends before anything can be seen, whatever was wrong."""

LARGE_BATCH: Final = 256
FEW_EPOCHS: Final = 30
"""Rows of a batch from which, and epochs up to which, steps are few where the training rows are not known."""

USUAL_BATCH: Final = 32
"""Rows: Keras' default."""

FEWEST_EPOCHS: Final = 10
MOST_EPOCHS: Final = 1000
"""Between these a run that had too few steps is made longer."""

LEAST_PATIENCE: Final = 10
"""Epochs without a lower validation loss that a training that is made longer is allowed at least; half of
all are where that is more, because what stood at chance may stand there for long again."""

ADAPTIVE: Final = frozenset({"adam", "adamw", "nadam", "adamax", "rmsprop"})
"""Optimizers that scale the steps of every weight by its own gradients: so that rare rows count."""

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
    """Return a usual rate, or ten times one that is hardly below it; Adam's for an unknown optimizer.

    Where there are few steps to make a usual rate stays: more of them are made.
    """
    rate, target = case.number("learning_rate"), _found_rate(case) or usual(case)
    if target is None:
        return usual_optimizer(case)
    if rate is not None:
        target = max(target, rate if has_few_steps(case) else rate * LEAST_FACTOR)
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


def adaptive_optimizer(case: Case) -> Changes:
    """Return Adam at its usual rate for an optimizer that is not adaptive or not known; a usual rate else.

    What has no optimizer, as boosting, gets none.
    """
    optimizer = case.word("optimizer")
    is_boosting = optimizer is None and usual(case) is not None
    return rate_if_unusual(case) if is_boosting or optimizer in ADAPTIVE else usual_optimizer(case)


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
    """Return batches of a usual size, and as many epochs as make enough steps of them.

    Of a training that is made longer the best epoch is kept, because it may overfit in the end; not under
    class weights, whose effect on the validation loss, which has none, is that of a mistake.
    """
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
    if epochs is not None and needed <= epochs:
        return changes
    changes["epochs"] = needed
    if case.settings.get("class_weight") is None:
        changes["early_stopping"] = max(LEAST_PATIENCE, needed // 2)
    return changes


def steps_if_few(case: Case) -> Changes:
    """Return what makes steps enough; nothing where the run makes them, or it is not known."""
    return more_steps(case) if has_few_steps(case) else {}


def has_few_steps(case: Case) -> bool:
    """Whether the run makes so few steps that a start anew would end before it has learned."""
    steps = case.number("", "n_updates")
    if steps is not None:
        return steps < STEPS_WANTED
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


def without_conflict(changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return the changes without early stopping where there are class weights.

    The validation loss that it watches is unweighted, and least where the weights have had no effect.
    """
    return {
        name: value
        for name, value in changes.items()
        if name != "early_stopping" or "class_weight" not in changes
    }
