"""Whether an optimised copy follows its rows, beside what a reference learner predicts of others."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules.probed.observation import Observation

CAPACITY_GAP: Final = 0.15
"""Skill by which the reference learner exceeds a model that is too small."""

MOST_FOLLOWED: Final = 0.15
"""Skill on its own training rows up to which a copy cannot fit them."""


CAPACITY: Final = (
    Observation(
        "probe_too_small",
        "capacity",
        "an optimised copy cannot fit its own rows where a reference learner predicts others",
        ("probe_copy_skill", "probe_reference_skill"),
        lambda e, _: (
            e.number("probe_reference_skill") >= e.number("probe_copy_skill") + CAPACITY_GAP
            and e.number("probe_copy_skill") < MOST_FOLLOWED
        ),
        {"insufficient_capacity": 5.0},
    ),
    Observation(
        "probe_nothing_missed",
        "capacity",
        "a reference learner predicts no better than an optimised copy that fits little",
        ("probe_copy_skill", "probe_reference_skill"),
        lambda e, _: (
            e.number("probe_reference_skill") < e.number("probe_copy_skill") + CAPACITY_GAP
            and e.number("probe_copy_skill") < MOST_FOLLOWED
        ),
        {"insufficient_capacity": -2.0},
    ),
    Observation(
        "probe_large_enough",
        "capacity",
        "an optimised copy fits its own rows",
        ("probe_copy_skill",),
        lambda e, _: e.number("probe_copy_skill") >= MOST_FOLLOWED,
        {"insufficient_capacity": -5.0},
    ),
)
