"""What units, weights and gradients of the model and of a new copy look like."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed.inputs import INPUT_FACTS, inputs_differ
from mlflow_bce_monitor.rules.probed.observation import Observation

_INSIDE: Final = ("probe_dead_units", "probe_equal_kernels", *INPUT_FACTS)


def _healthy_inside(e: Evidence, limits: Limits) -> bool:
    return (
        e.number("probe_dead_units") < limits.all_units
        and e.number("probe_equal_kernels") < limits.most_kernels
        and inputs_differ(e, limits)
    )


GRADIENTS: Final = (
    Observation(
        "probe_frozen",
        "gradients",
        "most weights cannot be trained",
        ("probe_trainable_share",),
        lambda e, limits: e.number("probe_trainable_share") < limits.mostly_trainable,
        {"frozen_parameters": 7.0, "learning_rate_too_low": -3.0, "too_few_steps": -3.0},
    ),
    Observation(
        "probe_trainable",
        "gradients",
        "the weights can be trained",
        ("probe_trainable_share",),
        lambda e, limits: e.number("probe_trainable_share") >= limits.mostly_trainable,
        {"frozen_parameters": -6.0},
    ),
    Observation(
        "probe_equal",
        "gradients",
        "most kernels are zero, or have equal units",
        ("probe_equal_kernels",),
        lambda e, limits: e.number("probe_equal_kernels") >= limits.most_kernels,
        {"zero_initialization": 8.0, "dead_relu": -4.0, "vanishing_gradients": -4.0},
    ),
    Observation(
        "probe_unequal",
        "gradients",
        "the units of most layers differ",
        ("probe_equal_kernels",),
        lambda e, limits: e.number("probe_equal_kernels") < limits.most_kernels,
        {"zero_initialization": -6.0},
    ),
    Observation(
        "probe_dead",
        "gradients",
        "all units of a hidden layer are 0 for every row",
        _INSIDE,
        lambda e, limits: (
            e.number("probe_dead_units") >= limits.all_units
            and e.number("probe_equal_kernels") < limits.most_kernels
            and inputs_differ(e, limits)
        ),
        {"dead_relu": 6.0, "insufficient_capacity": -3.0, "over_regularization": -2.0},
    ),
    Observation(
        "probe_alive",
        "gradients",
        "units of every hidden layer respond to the rows",
        _INSIDE,
        _healthy_inside,
        {"dead_relu": -6.0},
    ),
    Observation(
        "probe_vanished",
        "gradients",
        "the first layers of a new copy get less than a thousandth of the gradient of the last",
        (*_INSIDE, "probe_fresh_gradient_ratio", "probe_arriving_max"),
        lambda e, limits: (
            e.number("probe_fresh_gradient_ratio") < limits.vanished_gradient
            and _healthy_inside(e, limits)
            and e.number("probe_arriving_max") < limits.large_input
        ),
        {"vanishing_gradients": 6.0, "learning_rate_too_low": -1.5},
    ),
    Observation(
        "probe_vanished_now",
        "gradients",
        "the first layers get less than a thousandth of the gradient of the last, and did not at first",
        (*_INSIDE, "probe_gradient_ratio", "probe_fresh_gradient_ratio"),
        lambda e, limits: (
            e.number("probe_gradient_ratio") < limits.vanished_gradient
            and e.number("probe_fresh_gradient_ratio") >= limits.vanished_gradient
            and _healthy_inside(e, limits)
        ),
        {"vanishing_gradients": 2.0, "learning_rate_too_high": 1.0},
    ),
    Observation(
        "probe_gradient_arrives",
        "gradients",
        "every layer gets a fair part of the gradient, now and in a new copy",
        ("probe_gradient_ratio", "probe_fresh_gradient_ratio"),
        lambda e, limits: (
            min(e.number("probe_gradient_ratio"), e.number("probe_fresh_gradient_ratio"))
            >= limits.fair_gradient
        ),
        {"vanishing_gradients": -6.0},
    ),
    Observation(
        "probe_penalty",
        "gradients",
        "a penalty on the weights is a large part of the loss",
        ("probe_penalty_share",),
        lambda e, limits: e.number("probe_penalty_share") >= limits.ruling_penalty,
        {"over_regularization": 6.0},
    ),
    Observation(
        "probe_heavy_dropout",
        "gradients",
        "dropout removes most of what a layer passes on",
        ("probe_dropout",),
        lambda e, limits: e.number("probe_dropout") >= limits.strong_dropout,
        {"over_regularization": 4.0},
    ),
    Observation(
        "probe_unpunished",
        "gradients",
        "neither penalty nor dropout is strong",
        ("probe_penalty_share", "probe_dropout"),
        lambda e, limits: (
            e.number("probe_penalty_share") <= limits.little_penalty
            and e.number("probe_dropout") < limits.strong_dropout
        ),
        {"over_regularization": -5.0},
    ),
)
