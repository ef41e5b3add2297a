"""What can go wrong: each fault changes a plan that would have learned.

A fault is injected at several severities. The mild ones often do no harm: then the truth
says so (see ``truth``), because a fault that did not stall the training is not a stall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.datasets import DATA_SETS
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.rows import Kind

Injection = Callable[[TrainingPlan, np.random.Generator], TrainingPlan]


@dataclass(frozen=True)
class Fault:
    """One cause of the contract's vocabulary and the ways to bring it about.

    Attributes
    ----------
    severities
        Words for a severity to the change of the plan that makes it.
    suits
        Whether the fault can be injected into a plan at all.
    in_data
        Whether the fault lies in the data: then all runs that a user makes on them have it.
    """

    severities: dict[str, Injection]
    suits: Callable[[TrainingPlan], bool]
    in_data: bool = False


def change(plan: TrainingPlan, part: str, **values: Any) -> TrainingPlan:
    """Return the plan with some fields of one of its parts replaced."""
    return replace(plan, **{part: replace(getattr(plan, part), **values)})


def _set(part: str, **values: Any) -> Injection:
    return lambda plan, _rng: change(plan, part, **values)


def _anything(_plan: TrainingPlan) -> bool:
    return True


def _kind(plan: TrainingPlan) -> Kind:
    return DATA_SETS[plan.data.name].kind


def _is_dense(plan: TrainingPlan) -> bool:
    """Whether the hidden layers take an activation and an initializer of our choice."""
    architecture = ARCHITECTURES[plan.network.architecture]
    return architecture.depth > 0 and architecture.stratum != "recurrent"


RATES: Final[dict[str, dict[str, float]]] = {
    # optimiser: usual, too high, far too high, too low, far too low
    "adam": {"usual": 3e-3, "high": 0.5, "higher": 5.0, "low": 1e-5, "lower": 1e-7},
    "rmsprop": {"usual": 2e-3, "high": 0.3, "higher": 3.0, "low": 1e-5, "lower": 1e-7},
    "sgd": {"usual": 0.2, "high": 20.0, "higher": 1000.0, "low": 3e-4, "lower": 1e-6},
    "momentum": {"usual": 0.05, "high": 3.0, "higher": 100.0, "low": 1e-4, "lower": 1e-6},
    "adagrad": {"usual": 0.1, "high": 10.0, "higher": 300.0, "low": 1e-3, "lower": 1e-5},
}
"""Learning rates; "usual" learns on standardised inputs, the others are chosen around what users report."""


def _rate(word: str) -> Injection:
    def inject(plan: TrainingPlan, rng: np.random.Generator) -> TrainingPlan:
        wobble = rng.choice([0.3, 0.5, 1.0, 2.0])
        rate = float(f"{RATES[plan.optimiser.name][word] * wobble:.1g}")
        return change(plan, "optimiser", learning_rate=rate, schedule="")

    return inject


def _narrow(units: int) -> Injection:
    return _set("network", width=units)


def _rare(share: float) -> Injection:
    def inject(plan: TrainingPlan, _rng: np.random.Generator) -> TrainingPlan:
        unweighted = change(plan, "optimiser", class_weight=None)
        return change(unweighted, "data", positive_share=share)

    return inject


def _dead_bias(bias: float) -> Injection:
    return _set("network", bias=bias, activation="relu")


def _deep_sigmoid(initializer: str, activation: str = "sigmoid") -> Injection:
    return _set("network", activation=activation, kernel_initializer=initializer)


def _zero(activation: str) -> Injection:
    return _set("network", kernel_initializer="zeros", activation=activation)


def _few_steps(epochs: int, batches: int) -> Injection:
    """Few passes over few, large batches, at a rate that would do for a long training."""

    def inject(plan: TrainingPlan, _rng: np.random.Generator) -> TrainingPlan:
        low = {"adam": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2, "momentum": 1e-2, "adagrad": 1e-2}
        return change(
            plan,
            "optimiser",
            epochs=epochs,
            batch_size=max(plan.data.rows // batches, 1),
            learning_rate=low[plan.optimiser.name],
            schedule="",
            patience=None,
        )

    return inject


def _label_coding(low: int, high: int) -> Injection:
    def inject(plan: TrainingPlan, _rng: np.random.Generator) -> TrainingPlan:
        # Keras looks class weights up by label, so a label without a weight would stop the training.
        unweighted = change(plan, "optimiser", class_weight=None)
        recoded = change(unweighted, "data", label_coding=(low, high))
        return change(recoded, "network", head="sigmoid", loss="crossentropy")

    return inject


def _head(head: str) -> Injection:
    return _set("network", head=head, loss="crossentropy")


def _shuffled_and_rare(plan: TrainingPlan, _rng: np.random.Generator) -> TrainingPlan:
    return change(plan, "data", labels_shuffled=True, positive_share=0.15)


FAULTS: Final[dict[str, Fault]] = {
    "class_imbalance": Fault(
        {
            "1 % positive": _rare(0.01),
            "2 % positive": _rare(0.02),
            "4 % positive": _rare(0.04),
        },
        lambda plan: plan.data.positive_share is None and plan.network.head != "softmax2",
        in_data=True,
    ),
    "mild_imbalance": Fault(
        {"8 % positive": _rare(0.08), "12 % positive": _rare(0.12)},
        lambda plan: plan.data.positive_share is None and plan.network.head != "softmax2",
        in_data=True,
    ),
    "learning_rate_too_high": Fault(
        {"too high": _rate("high"), "far too high": _rate("higher")},
        _anything,
    ),
    "learning_rate_too_low": Fault(
        {"too low": _rate("low"), "far too low": _rate("lower")},
        _anything,
    ),
    "insufficient_capacity": Fault(
        {
            "one unit a layer": _narrow(1),
            "two units a layer": _narrow(2),
            "no activation": _set("network", activation="linear"),
        },
        # One unit in each of many layers dies at once: another fault.
        lambda plan: (
            _is_dense(plan)
            and ARCHITECTURES[plan.network.architecture].stratum != "deep"
            and not DATA_SETS[plan.data.name].is_linear
            and _kind(plan) is Kind.TABLE
        ),
    ),
    "no_signal": Fault(
        {
            "labels shuffled": _set("data", labels_shuffled=True),
            "labels shuffled, 15 % positive": _shuffled_and_rare,
            "48 % of labels flipped": _set("data", flipped_share=0.48),
        },
        lambda plan: plan.data.positive_share is None,
        in_data=True,
    ),
    "dead_relu": Fault(
        {
            "bias -2": _dead_bias(-2.0),
            "bias -10": _dead_bias(-10.0),
            "bias -100": _dead_bias(-100.0),
        },
        _is_dense,
    ),
    "vanishing_gradients": Fault(
        {
            "sigmoid, glorot": _deep_sigmoid("glorot_uniform"),
            "sigmoid, normal 0.05": _deep_sigmoid("normal:0.05"),
            "tanh, normal 0.01": _deep_sigmoid("normal:0.01", "tanh"),
            "tanh, saturated by normal 10": _deep_sigmoid("normal:10", "tanh"),
        },
        lambda plan: ARCHITECTURES[plan.network.architecture].stratum == "deep",
    ),
    "zero_initialization": Fault(
        {"relu": _zero("relu"), "tanh": _zero("tanh")},
        lambda plan: ARCHITECTURES[plan.network.architecture].stratum != "recurrent",
    ),
    "frozen_parameters": Fault(
        {"all layers": _set("network", frozen="all"), "hidden layers": _set("network", frozen="hidden")},
        lambda plan: ARCHITECTURES[plan.network.architecture].depth > 0,
    ),
    "over_regularization": Fault(
        {
            "l2 0.01": _set("network", l2=0.01),
            "l2 0.3": _set("network", l2=0.3),
            "l2 3": _set("network", l2=3.0),
            "l1 0.1": _set("network", l1=0.1),
            "dropout 0.97": _set("network", dropout=0.97),
        },
        lambda plan: ARCHITECTURES[plan.network.architecture].depth > 0,
    ),
    "constant_inputs": Fault(
        {
            "all zero": _set("data", inputs="zeros"),
            "one row repeated": _set("data", inputs="one_row"),
            "a millionth of the scale": _set("data", inputs="shrunk"),
            "half of each row zero": _set("data", inputs="half_constant"),
        },
        lambda plan: _kind(plan) is not Kind.SEQUENCE,
        in_data=True,
    ),
    "constant_tokens": Fault(
        {
            "all padding": _set("data", inputs="zeros"),
            "one row repeated": _set("data", inputs="one_row"),
            "half of each row padding": _set("data", inputs="half_constant"),
        },
        lambda plan: _kind(plan) is Kind.SEQUENCE,
        in_data=True,
    ),
    "unscaled_inputs": Fault(
        {
            "as recorded": _set("data", inputs="as_recorded"),
            "times 100": _set("data", inputs="times_100"),
            "times 1e4": _set("data", inputs="times_1e4"),
            "times 1e6": _set("data", inputs="times_1e6"),
            "columns in different units": _set("data", inputs="column_scales"),
            "offset 1000": _set("data", inputs="offset"),
        },
        lambda plan: (
            _kind(plan) is not Kind.SEQUENCE and not ARCHITECTURES[plan.network.architecture].is_normalised
        ),
        in_data=True,
    ),
    "output_loss_mismatch": Fault(
        {
            "one unit softmax": _head("softmax_one_unit"),
            "one unit softmax behind a reshape": _head("softmax_one_unit_reshaped"),
            "relu output": _head("relu"),
            "tanh output": _head("tanh"),
            "linear output taken for a probability": _head("linear"),
            "sigmoid taken for a logit": _head("double_sigmoid"),
            "labels 1 and 2": _label_coding(1, 2),
            "labels -1 and 1": _label_coding(-1, 1),
        },
        lambda plan: plan.network.head != "softmax2",
    ),
    "too_few_steps": Fault(
        {
            "5 epochs of 1 batch": _few_steps(5, 1),
            "8 epochs of 1 batch": _few_steps(8, 1),
            "10 epochs of 2 batches": _few_steps(10, 2),
            "20 epochs of 1 batch": _few_steps(20, 1),
        },
        _anything,
    ),
}
"""Fault to its injections. "constant_tokens" is constant_inputs on token sequences, "mild_imbalance" is
class_imbalance of the kind that users have most often."""

CAUSE_OF: Final = {name: name for name in FAULTS} | {
    "constant_tokens": "constant_inputs",
    "mild_imbalance": "class_imbalance",
}
"""Fault to the contract's word for the cause."""
