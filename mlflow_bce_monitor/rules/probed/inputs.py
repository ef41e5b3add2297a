"""Whether the inputs arrive at the first weights, and how large."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed.observation import Observation

INPUT_FACTS: Final = ("probe_constant_features", "probe_arriving_sd")


def inputs_differ(e: Evidence, limits: Limits) -> bool:
    """Whether the rows differ where they reach the first weights."""
    return (
        e.number("probe_constant_features") < limits.most_features
        and e.number("probe_arriving_sd") > limits.arriving_variation
    )


INPUTS: Final = (
    Observation(
        "probe_constant",
        "inputs",
        "every row is the same where it reaches the first weights",
        INPUT_FACTS,
        lambda e, limits: not inputs_differ(e, limits),
        {"constant_inputs": 8.0, "no_signal": -6.0, "dead_relu": -4.0, "zero_initialization": -2.0},
    ),
    Observation(
        "probe_inputs_arrive",
        "inputs",
        "rows differ where they reach the first weights",
        INPUT_FACTS,
        inputs_differ,
        {"constant_inputs": -7.0},
    ),
    Observation(
        "probe_large_inputs",
        "inputs",
        "inputs in the hundreds or more reach the first weights",
        ("probe_arriving_max",),
        lambda e, limits: e.number("probe_arriving_max") >= limits.large_input,
        {
            "unscaled_inputs": 6.0,
            "insufficient_capacity": -4.0,
            "dead_relu": -4.0,
            "vanishing_gradients": -4.0,
            "learning_rate_too_high": -2.0,
        },
    ),
    Observation(
        "probe_usual_inputs",
        "inputs",
        "the inputs are of usual size where they reach the first weights",
        ("probe_arriving_max",),
        lambda e, limits: e.number("probe_arriving_max") <= limits.usual_input,
        {"unscaled_inputs": -6.0},
    ),
)
