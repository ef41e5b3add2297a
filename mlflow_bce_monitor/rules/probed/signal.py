"""What the reference learner says: whether the labels depend on the inputs."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules.probed.learned import SKILLS, a_copy_learned
from mlflow_bce_monitor.rules.probed.observation import Observation

ORDINARY_P: Final = 0.2
"""p-value from which an AUC is an ordinary one of permuted labels."""

IN_THE_MODEL: Final = (
    "dead_relu",
    "zero_initialization",
    "vanishing_gradients",
    "frozen_parameters",
    "over_regularization",
    "insufficient_capacity",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "too_few_steps",
    "unscaled_inputs",
    "class_imbalance",
)
"""Causes that only explain a run whose labels can be learned."""

SIGNAL: Final = (
    Observation(
        "probe_no_signal",
        "signal",
        "no reference learner ranks held-back rows better than with permuted labels",
        ("probe_signal",),
        lambda e, _: e["probe_signal"] == "no" and not a_copy_learned(e),
        {"no_signal": 8.0, "too_few_rows": -2.0, **dict.fromkeys(IN_THE_MODEL, -8.0)},
        also=SKILLS,
    ),
    Observation(
        "probe_signal",
        "signal",
        "a reference learner ranks held-back rows better than with permuted labels",
        ("probe_signal",),
        lambda e, _: e["probe_signal"] == "yes",
        {"no_signal": -7.0},
    ),
    Observation(
        "probe_signal_unseen",
        "signal",
        "the reference learners find nothing, in too few rows to be sure that there is nothing",
        ("probe_signal", "probe_signal_p"),
        lambda e, _: (
            e["probe_signal"] == "unclear"
            and e.number("probe_signal_p") >= ORDINARY_P
            and not a_copy_learned(e)
        ),
        # A true AUC of 0.65 gives such a p-value in one of five to one of fifty cases, by the number of rows.
        {"no_signal": 1.5},
        also=SKILLS,
    ),
    Observation(
        "probe_rare",
        "signal",
        "the labels can be learned, and few of them are of the rarer class",
        ("probe_signal", "probe_minority_share"),
        lambda e, limits: (
            e["probe_signal"] == "yes" and e.number("probe_minority_share") <= limits.rare_share
        ),
        {"class_imbalance": 1.0},
    ),
)
