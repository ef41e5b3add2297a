"""Which rerun tells which causes apart: the table of experiments, as data.

An experiment is a training with something changed, and a question that its result answers with yes or no.
Most are remedies: if the remedy for a cause makes the run learn, that speaks for the cause, and for those
that the same change helps as well. Controls change the data, so that the answer tells about the network.
The probabilities are estimates of the author, as the rules' are; they are meant to be coarse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mlflow_bce_monitor.contract import UNKNOWN

FEW_ROWS: Final = "few_rows"
PERMUTE_LABELS: Final = "permute_labels"
ZERO_INPUTS: Final = "zero_inputs"
REFERENCE_LEARNER: Final = "reference_learner"

CONTROL_SETTINGS: Final[Mapping[str, str]] = {
    FEW_ROWS: "train on this many rows only, and for as many steps",
    PERMUTE_LABELS: "whether the training labels are shuffled",
    ZERO_INPUTS: "whether every input is set to 0",
    REFERENCE_LEARNER: "whether a learner that needs no care is trained instead, beside permuted labels",
}
"""Settings of the controls, and what they do; a project that takes them as params can be asked more."""

N_FEW_ROWS: Final = 32
"""Rows that any network of use can learn by heart."""


class Question(str, Enum):
    """What is read off a rerun."""

    LEARNS = "does it learn?"
    FITS = "does it fit a few rows?"
    SIGNAL = "does a reference learner do better than with permuted labels?"
    SAME = "does it make no difference to the training loss?"
    INSIDE = "is it what it looked like from its log?"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Kind:
    """An experiment before it is filled with values.

    Attributes
    ----------
    name
        As people call it.
    question
        What its result answers.
    yes
        Cause to the probability of "yes" under it.
    otherwise
        That probability under any other cause.
    """

    name: str
    question: Question
    yes: Mapping[str, float]
    otherwise: float


_OTHERWISE: Final = 0.04
"""Chance that a remedy for another cause helps all the same."""

_BY_UNKNOWN: Final = 0.2
"""... where the cause is none of those known."""

_BY_LUCK: Final = 0.01
"""... where the labels carry no signal."""


def _remedy(name: str, **yes: float) -> Kind:
    return Kind(
        name,
        Question.LEARNS,
        {"no_signal": _BY_LUCK, "constant_inputs": _BY_LUCK, UNKNOWN: _BY_UNKNOWN, **yes},
        _OTHERWISE,
    )


REMEDIES: Final[Mapping[str, Kind]] = {
    "learning_rate_too_high": _remedy(
        "rate down",
        learning_rate_too_high=0.93,
        dead_relu=0.3,
        unscaled_inputs=0.3,
        output_loss_mismatch=0.05,
    ),
    "learning_rate_too_low": _remedy(
        "rate up",
        learning_rate_too_low=0.93,
        too_few_steps=0.4,
        class_imbalance=0.25,
        vanishing_gradients=0.08,
    ),
    "too_few_steps": _remedy(
        "longer",
        too_few_steps=0.93,
        learning_rate_too_low=0.35,
        class_imbalance=0.4,
        insufficient_capacity=0.08,
    ),
    "class_imbalance": _remedy("class weights", class_imbalance=0.85, too_few_steps=0.1),
    "insufficient_capacity": _remedy(
        "wider", insufficient_capacity=0.9, class_imbalance=0.3, too_few_steps=0.3, dead_relu=0.2
    ),
    "dead_relu": _remedy(
        "initialisation and scaling",
        dead_relu=0.9,
        zero_initialization=0.8,
        unscaled_inputs=0.85,
        vanishing_gradients=0.5,
        learning_rate_too_high=0.5,
    ),
    "vanishing_gradients": _remedy(
        "activation and initialisation",
        vanishing_gradients=0.9,
        zero_initialization=0.85,
        dead_relu=0.6,
        learning_rate_too_high=0.3,
    ),
    "zero_initialization": _remedy(
        "initialisation",
        zero_initialization=0.93,
        vanishing_gradients=0.6,
        dead_relu=0.6,
        learning_rate_too_high=0.3,
    ),
    "frozen_parameters": _remedy("unfrozen", frozen_parameters=0.93),
    "over_regularization": _remedy("less regularisation", over_regularization=0.92),
    "unscaled_inputs": _remedy("scaled inputs", unscaled_inputs=0.93, dead_relu=0.3),
    "output_loss_mismatch": _remedy("output and loss that fit", output_loss_mismatch=0.93),
    "constant_inputs": _remedy("scaled inputs", constant_inputs=0.4, unscaled_inputs=0.85),
    "too_few_rows": _remedy("regularised", too_few_rows=0.5, insufficient_capacity=0.01),
    "policy_equals_reference": _remedy("a reference of its own", policy_equals_reference=0.9),
    "masked_labels": _remedy("longer sequences", masked_labels=0.9),
}
"""Cause to the experiment that its remedy is."""

CONTROLS: Final[Mapping[str, Kind]] = {
    FEW_ROWS: Kind(
        "32 rows",
        Question.FITS,
        {
            "learning_rate_too_high": 0.1,
            "learning_rate_too_low": 0.05,
            "dead_relu": 0.05,
            "vanishing_gradients": 0.08,
            "zero_initialization": 0.03,
            "frozen_parameters": 0.08,
            "over_regularization": 0.1,
            "constant_inputs": 0.02,
            "unscaled_inputs": 0.3,
            "output_loss_mismatch": 0.2,
            "insufficient_capacity": 0.35,
            "too_few_steps": 0.3,
            "class_imbalance": 0.6,
            "too_few_rows": 0.97,
            "no_signal": 0.9,
        },
        0.5,
    ),
    PERMUTE_LABELS: Kind(
        "permuted labels",
        Question.SAME,
        {"no_signal": 0.93, "too_few_rows": 0.6, UNKNOWN: 0.5},
        0.25,
    ),
    REFERENCE_LEARNER: Kind(
        "permuted labels, reference learner",
        Question.SIGNAL,
        {"no_signal": 0.02, "constant_inputs": 0.2, "too_few_rows": 0.3, UNKNOWN: 0.85},
        0.95,
    ),
    ZERO_INPUTS: Kind(
        "zeroed inputs",
        Question.SAME,
        {
            "constant_inputs": 0.97,
            "dead_relu": 0.85,
            "zero_initialization": 0.85,
            "frozen_parameters": 0.4,
            "vanishing_gradients": 0.5,
            "over_regularization": 0.5,
            "learning_rate_too_low": 0.5,
            "learning_rate_too_high": 0.4,
            "no_signal": 0.1,
            "too_few_rows": 0.02,
            "insufficient_capacity": 0.15,
        },
        0.35,
    ),
}
"""Setting of a control to its experiment."""
