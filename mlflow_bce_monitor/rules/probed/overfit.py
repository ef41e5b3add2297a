"""Whether a new copy fits 32 rows."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules.probed.observation import Observation

OVERFIT: Final = (
    Observation(
        "probe_fits_few",
        "overfit",
        "a new copy fits 32 rows",
        ("probe_few_rows_skill",),
        lambda e, limits: e.number("probe_few_rows_skill") >= limits.surely_fitted,
        {
            "zero_initialization": -3.0,
            "frozen_parameters": -3.0,
            "constant_inputs": -5.0,
            "vanishing_gradients": -3.0,
            "over_regularization": -2.0,
        },
    ),
    Observation(
        "probe_fits_none",
        "overfit",
        "a new copy cannot even fit 32 rows",
        ("probe_few_rows_skill",),
        lambda e, limits: e.number("probe_few_rows_skill") <= limits.clear_skill,
        {
            "learning_rate_too_low": -3.0,
            "learning_rate_too_high": -3.0,
            "too_few_steps": -3.0,
            "class_imbalance": -3.0,
            "no_signal": -1.0,
        },
    ),
)
