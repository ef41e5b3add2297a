"""What a sweep of learning rates over new copies says."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.rules.probed.learned import could_tell, learned
from mlflow_bce_monitor.rules.probed.observation import Observation

RATE_FACTOR: Final = 10.0
"""Ratio of the best rate to the model's own from which the own one is wrong; the sweep goes by decades."""

FAR_RATE_FACTOR: Final = 30.0
"""... from which the distance explains a run at chance by itself."""

SOON: Final = 100
"""Steps within which a copy that has nothing to struggle with has learned something."""

_FACTS: Final = (
    "probe_best_rate",
    "probe_best_rate_skill",
    "probe_best_rate_error",
    "probe_own_rate",
    "probe_own_rate_skill",
    "probe_own_rate_error",
    "probe_own_rate_steps",
)


def _rate_ratio(e: Evidence) -> float:
    return e.number("probe_best_rate") / max(e.number("probe_own_rate"), 1e-30)


def _some_rate_learns(e: Evidence) -> bool:
    return learned(e, "best_rate")


def _own_rate_learns(e: Evidence) -> bool:
    return learned(e, "own_rate")


RATES: Final = (
    Observation(
        "probe_rate_far_below",
        "rates",
        "a copy learns at rates far above the model's own, and not at that",
        _FACTS,
        lambda e, _: _some_rate_learns(e) and not _own_rate_learns(e) and _rate_ratio(e) >= FAR_RATE_FACTOR,
        {"learning_rate_too_low": 6.0, "too_few_steps": -2.0},
    ),
    Observation(
        "probe_rate_below",
        "rates",
        "a copy learns at ten times the model's own rate, and not at that",
        _FACTS,
        lambda e, _: (
            _some_rate_learns(e)
            and not _own_rate_learns(e)
            and RATE_FACTOR / 2 <= _rate_ratio(e) < FAR_RATE_FACTOR
        ),
        {"learning_rate_too_low": 2.5, "too_few_steps": 0.5, "learning_rate_too_high": -5.0},
    ),
    Observation(
        "probe_rate_above",
        "rates",
        "a copy learns at a fraction of the model's own rate, and not at that",
        _FACTS,
        lambda e, _: _some_rate_learns(e) and not _own_rate_learns(e) and _rate_ratio(e) <= 2.0 / RATE_FACTOR,
        {"learning_rate_too_high": 9.0, "learning_rate_too_low": -6.0, "dead_relu": -1.0},
    ),
    Observation(
        "probe_rate_learns",
        "rates",
        "a new copy soon learns at the model's own rate",
        _FACTS,
        lambda e, _: _own_rate_learns(e) and e.number("probe_own_rate_steps") <= SOON,
        {
            "learning_rate_too_low": -5.0,
            "learning_rate_too_high": -2.0,
            "zero_initialization": -3.0,
            "frozen_parameters": -2.0,
            "vanishing_gradients": -4.0,
            "constant_inputs": -5.0,
            "insufficient_capacity": -3.0,
            "over_regularization": -3.0,
            "class_imbalance": -2.0,
            "too_few_steps": 2.0,
            "no_signal": -4.0,
        },
    ),
    Observation(
        "probe_rate_learns_late",
        "rates",
        "a new copy learns at the model's own rate, after many steps",
        _FACTS,
        lambda e, _: _own_rate_learns(e) and e.number("probe_own_rate_steps") > SOON,
        {
            "learning_rate_too_low": 0.5,
            "learning_rate_too_high": -2.0,
            "frozen_parameters": -3.0,
            "constant_inputs": -5.0,
            "too_few_steps": 2.5,
            "no_signal": -3.0,
        },
    ),
    Observation(
        "probe_rate_no_matter",
        "rates",
        "a new copy learns at no rate of the sweep",
        _FACTS,
        lambda e, _: not _some_rate_learns(e) and could_tell(e, "best_rate"),
        {"learning_rate_too_low": -4.0, "learning_rate_too_high": -4.0, "too_few_steps": -3.0},
    ),
)
