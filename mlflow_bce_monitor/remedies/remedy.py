"""What a remedy is: settings and their new values, and how that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SettingValue = float | int | bool | str | tuple[float, ...]
"""A value of a setting. ``class_weight`` is (weight of negatives, weight of positives) or "balanced",
``hidden_units`` one number for every hidden layer or a tuple of one a layer."""

SETTINGS: Final[dict[str, str]] = {
    "learning_rate": "the optimizer's learning rate",
    "optimizer": "the optimizer, by its Keras name in lower case",
    "clipnorm": "largest norm of the gradient of one weight tensor that the optimizer takes as it is",
    "batch_size": "rows of a batch",
    "epochs": "passes over the training rows",
    "early_stopping": "epochs without a lower validation loss after which training stops at the best weights",
    "hidden_units": "units of every hidden layer, or of each",
    "activation": "activation of the hidden layers, by its Keras name",
    "initializer": "initial kernels of the hidden layers, by Keras name",
    "bias_initializer": "initial biases, by Keras name",
    "batch_norm": "whether a batch normalisation follows every hidden layer",
    "trainable": "whether every layer learns",
    "class_weight": "weights of the two classes in the loss",
    "l1": "L1 penalty on the kernels",
    "l2": "L2 penalty on the kernels",
    "dropout": "share of hidden units dropped in training",
    "scale_inputs": "whether every input feature is brought to mean 0 and variance 1 of the training rows",
    "output_activation": "activation of the output",
    "from_logits": "whether the loss is told that it gets logits",
    "labels": 'the label values that reach the loss: "0/1"',
    "reference": 'the reference of a preference loss: "copy" is a frozen copy of its own',
    "beta": "beta of a preference loss",
    "max_length": "longest sequence, in tokens",
}
"""Every setting that a remedy may change, under its canonical name, and what it is."""

_DIGITS: Final = 3
"""Significant digits of a computed number in words."""


@dataclass(frozen=True)
class Remedy:
    """One change to try, all of its settings at once.

    Attributes
    ----------
    cause
        The cause it is for, a word of the contract.
    changes
        Canonical name of a setting (a key of :data:`SETTINGS`) to its new value; never empty.
    words
        The rule's advice, then these changes with their values.
    """

    cause: str
    changes: Mapping[str, SettingValue]
    words: str

    def __post_init__(self) -> None:
        unknown = sorted(self.changes.keys() - SETTINGS.keys())
        if unknown or not self.changes:
            raise ValueError(
                f"a remedy changes some of the settings {sorted(SETTINGS)}; the one for {self.cause!r} "
                f"changes {unknown or 'nothing'}"
            )


def words_of(advice: str, changes: Mapping[str, SettingValue], before: Mapping[str, object]) -> str:
    """Return the advice and the changes: "... Here: learning_rate 1 to 0.001, activation to leaky_relu."."""
    said = [
        f"{name} {said_value(before[name])} to {said_value(value)}"
        if name in before
        else f"{name} to {said_value(value)}"
        for name, value in changes.items()
    ]
    return f"{advice} Here: {', '.join(said)}."


def said_value(value: object) -> str:
    """Return a setting's value in words: yes and no for switches, three digits of computed numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    if isinstance(value, tuple):
        return "(" + ", ".join(said_value(part) for part in value) + ")"
    return str(value)
