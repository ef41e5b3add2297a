"""One function a cause: what to change, the change that works most often first.

How often each works is measured: ``docs/remedies.md``. The advice in words is the rule's; what is changed
here is what it advises, with values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.remedies.case import Case
from mlflow_bce_monitor.remedies.remedy import Remedy, words_of
from mlflow_bce_monitor.remedies.values import (
    Changes,
    adaptive_optimizer,
    balancing_weights,
    higher_rate,
    is_far_above,
    lower_rate,
    more_steps,
    rate_if_unusual,
    steps_if_few,
    usual_optimizer,
    wider,
    without_conflict,
)
from mlflow_bce_monitor.rules import BY_CODE

_USUAL_L2: Final = 1e-4
_USUAL_DROPOUT: Final = 0.2
_CLIPNORM: Final = 1.0
_FRESH: Final[Changes] = {
    "initializer": "he_normal",
    "bias_initializer": "zeros",
    "activation": "leaky_relu",
}
"""Hidden layers in which no unit starts dead, equal to another, or at a bound."""


def prescribe(cause: str, settings: Mapping[str, object], facts: Mapping[str, object]) -> tuple[Remedy, ...]:
    """Return what to change against a cause, the change that works most often first.

    Parameters
    ----------
    cause
        A word of the contract.
    settings
        Canonical names of settings (``remedies.SETTINGS``) to their current values; those not known are
        absent or None.
    facts
        What the diagnosis knows: ``facts_of(diagnosis)``.

    Returns
    -------
    tuple of Remedy
        () where no setting can help: :func:`beyond_settings` says what would have to change instead.
        A setting that already has the new value is left out of the changes.
    """
    if cause not in _CHANGES:
        return ()
    case = Case(settings, facts)
    remedies = []
    seen: list[Changes] = []
    for wanted in _CHANGES[cause](case):
        changes = {name: value for name, value in wanted.items() if not _has(settings.get(name), value)}
        if changes and changes not in seen:
            seen.append(changes)
            known = {name: value for name, value in settings.items() if value is not None}
            remedies.append(Remedy(cause, changes, words_of(BY_CODE[cause].advice, changes, known)))
    return tuple(remedies)


def beyond_settings(cause: str) -> str:
    """Return what would have to change where no setting can help, in one sentence; "" where one can."""
    return _BEYOND.get(cause, "")


def _has(current: object, wanted: object) -> bool:
    if isinstance(current, str) and isinstance(wanted, str):
        return current.lower() == wanted
    return type(current) is type(wanted) and current == wanted


def _learning_rate_too_high(case: Case) -> list[Changes]:
    lower = lower_rate(case)
    if not is_far_above(case):
        # A usual rate is too high for inputs that are too large.
        lower = {**lower, "scale_inputs": True}
    lower = {**lower, **steps_if_few(case)}
    return [lower, {**lower, "clipnorm": _CLIPNORM}, {**usual_optimizer(case), **steps_if_few(case)}]


def _learning_rate_too_low(case: Case) -> list[Changes]:
    more = steps_if_few(case)
    return [{**higher_rate(case), **more}, {**usual_optimizer(case), **more}]


def _class_imbalance(case: Case) -> list[Changes]:
    # Weights alone make the few rows' gradients large and noisy, which a plain gradient step does not bear.
    weights = balancing_weights(case)
    return [without_conflict({**weights, **adaptive_optimizer(case), **steps_if_few(case)}), weights]


def _insufficient_capacity(case: Case) -> list[Changes]:
    return [{**wider(case), **_bent(case)}]


def _bent(case: Case) -> Changes:
    """Return an activation for hidden layers that are not known to bend."""
    activation = case.word("activation")
    is_linear = case.says("inside_linear") or activation in {None, "linear", "none"}
    return {"activation": "relu"} if is_linear else {}


def _too_few_steps(case: Case) -> list[Changes]:
    return [more_steps(case), {**more_steps(case), **higher_rate(case)}]


def _too_few_rows(_case: Case) -> list[Changes]:
    stop: Changes = {"early_stopping": 5}
    return [{**stop, "dropout": 0.5, "l2": 1e-2}, stop]


def _unscaled_inputs(case: Case) -> list[Changes]:
    return [{"scale_inputs": True, **rate_if_unusual(case)}]


def _output_loss_mismatch(_case: Case) -> list[Changes]:
    return [{"output_activation": "sigmoid", "from_logits": False, "labels": "0/1"}]


def _over_regularization(case: Case) -> list[Changes]:
    l2, dropout = case.number("l2"), case.number("dropout")
    lower: Changes = {"l1": 0.0}
    if l2 is None or l2 > _USUAL_L2:
        lower = {"l2": _USUAL_L2, **lower}
    if dropout is None or dropout > LIMITS.strong_dropout:
        lower["dropout"] = _USUAL_DROPOUT
    return [lower]


def _dead_relu(case: Case) -> list[Changes]:
    return [{**_FRESH, "scale_inputs": True, **rate_if_unusual(case)}]


def _vanishing_gradients(case: Case) -> list[Changes]:
    return [{**_FRESH, **rate_if_unusual(case)}, {**_FRESH, "batch_norm": True, **rate_if_unusual(case)}]


def _zero_initialization(case: Case) -> list[Changes]:
    return [{**_FRESH, **rate_if_unusual(case)}]


def _frozen_parameters(case: Case) -> list[Changes]:
    return [{"trainable": True, **rate_if_unusual(case)}]


def _constant_inputs(_case: Case) -> list[Changes]:
    return [{"scale_inputs": True}]


def _policy_equals_reference(case: Case) -> list[Changes]:
    beta: Changes = {"beta": 0.1} if case.number("beta") == 0.0 else {}
    return [{"reference": "copy", "trainable": True, **beta}]


def _masked_labels(case: Case) -> list[Changes]:
    length = case.number("max_length")
    return [{"max_length": 1024 if length is None else int(2 * length)}]


_CHANGES: Final[dict[str, Callable[[Case], list[Changes]]]] = {
    "class_imbalance": _class_imbalance,
    "learning_rate_too_high": _learning_rate_too_high,
    "learning_rate_too_low": _learning_rate_too_low,
    "insufficient_capacity": _insufficient_capacity,
    "dead_relu": _dead_relu,
    "vanishing_gradients": _vanishing_gradients,
    "zero_initialization": _zero_initialization,
    "frozen_parameters": _frozen_parameters,
    "over_regularization": _over_regularization,
    "constant_inputs": _constant_inputs,
    "unscaled_inputs": _unscaled_inputs,
    "output_loss_mismatch": _output_loss_mismatch,
    "too_few_steps": _too_few_steps,
    "too_few_rows": _too_few_rows,
    "policy_equals_reference": _policy_equals_reference,
    "masked_labels": _masked_labels,
}
"""Cause to changes; no entry where no setting can help."""

_BEYOND: Final[dict[str, str]] = {
    "no_signal": (
        "No training setting can help: the labels carry no signal about these inputs. Join rows and labels "
        "anew and check that they belong together, or add features that relate to the label."
    ),
    "adversarial_equilibrium": (
        "Nothing has to change: a discriminator at chance is what a good generator leaves. Judge its samples."
    ),
    "constant_inputs": (
        "If the inputs are the same for every row, scaling cannot help: the loader has to deliver the rows "
        "themselves."
    ),
    UNKNOWN: "No remedy can be chosen for an unknown cause: measure first what tells the candidates apart.",
}
"""Cause to what would have to change in the data, or why nothing has to."""
