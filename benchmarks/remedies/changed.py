"""A plan of the zoo with a remedy's changes made to it, as its user would make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.zoo.faults import change
from benchmarks.zoo.plan import TrainingPlan
from mlflow_bce_monitor.verifying.experiments import FEW_ROWS, PERMUTE_LABELS, ZERO_INPUTS

SOUND_HEAD: Final = "sigmoid"
"""One sigmoid unit under the binary cross-entropy."""


@dataclass(frozen=True)
class Changed:
    """A plan to train, and what no plan of the zoo says.

    Attributes
    ----------
    scaled
        Whether every input feature is standardised by the training rows, as it comes: damaged.
    balanced
        Whether the class weights are computed from the training labels.
    clipnorm, patience
        Largest gradient norm of a weight tensor, and epochs until early stopping at the best weights; None
        without.
    few_rows, permuted, zeroed
        Whether so many rows are repeated in place of all, training labels are shuffled, inputs set to 0: the
        controls of ``mlflow_bce_monitor.verifying``.
    """

    plan: TrainingPlan
    scaled: bool = False
    balanced: bool = False
    clipnorm: float | None = None
    patience: int | None = None
    few_rows: int = 0
    permuted: bool = False
    zeroed: bool = False

    @property
    def is_beyond_plan(self) -> bool:
        """Whether anything but the plan is changed."""
        return self != Changed(self.plan)


Change = Callable[[Changed, Any], Changed]


def with_changes(plan: TrainingPlan, changes: Mapping[str, Any]) -> Changed:
    """Return the plan with the changes.

    Raises
    ------
    KeyError
        When a setting is one that no training of the zoo has.
    """
    changed = Changed(plan)
    for name, value in changes.items():
        changed = _CHANGES[name](changed, value)
    return changed


def knows(setting: str) -> bool:
    """Whether a training of the zoo has this setting."""
    return setting in _CHANGES


def _in(part: str, field: str, read: Callable[[Any], Any] = lambda value: value) -> Change:
    return lambda one, value: replace(one, plan=change(one.plan, part, **{field: read(value)}))


def _width(one: Changed, units: Any) -> Changed:
    width = min(units) if isinstance(units, (list, tuple)) else units
    return replace(one, plan=change(one.plan, "network", width=int(width)))


def _class_weight(one: Changed, weights: Any) -> Changed:
    if weights == "balanced":
        return replace(one, balanced=True)
    return replace(one, plan=change(one.plan, "optimiser", class_weight=tuple(weights)))


def _head(one: Changed, _activation: Any) -> Changed:
    return replace(one, plan=change(one.plan, "network", head=SOUND_HEAD))


def _no_other_loss(one: Changed, _value: Any) -> Changed:
    return one  # the head says it


_CHANGES: Final[dict[str, Change]] = {
    "learning_rate": _in("optimiser", "learning_rate"),
    "optimizer": _in("optimiser", "name"),
    "batch_size": _in("optimiser", "batch_size"),
    "epochs": _in("optimiser", "epochs"),
    "clipnorm": lambda one, value: replace(one, clipnorm=value),
    "early_stopping": lambda one, value: replace(one, patience=value),
    "hidden_units": _width,
    "activation": _in("network", "activation"),
    "initializer": _in("network", "kernel_initializer"),
    "bias_initializer": _in("network", "bias", lambda _zeros: 0.0),
    "trainable": _in("network", "frozen", lambda _all: ""),
    "class_weight": _class_weight,
    "l1": _in("network", "l1"),
    "l2": _in("network", "l2"),
    "dropout": _in("network", "dropout"),
    "scale_inputs": lambda one, value: replace(one, scaled=value),
    FEW_ROWS: lambda one, value: replace(one, few_rows=value),
    PERMUTE_LABELS: lambda one, value: replace(one, permuted=value),
    ZERO_INPUTS: lambda one, value: replace(one, zeroed=value),
    "output_activation": _head,
    "from_logits": _no_other_loss,
    "labels": _in("data", "label_coding", lambda _coding: (0, 1)),
}
