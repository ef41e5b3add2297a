"""What balanced batches do to a new copy, beside batches as they come."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules.probed.learned import could_tell, learned
from mlflow_bce_monitor.rules.probed.observation import Observation

_FACTS: Final = (
    "probe_balanced_skill",
    "probe_balanced_error",
    "probe_uneven_skill",
    "probe_uneven_error",
)

BALANCE: Final = (
    Observation(
        "probe_balance_helps",
        "balance",
        "a copy learns with balanced batches, and not with batches as they come",
        _FACTS,
        lambda e, _: learned(e, "balanced") and not learned(e, "uneven"),
        {"class_imbalance": 5.0},
    ),
    Observation(
        "probe_balance_no_help",
        "balance",
        "a copy does not learn with balanced batches either",
        _FACTS,
        lambda e, _: not learned(e, "balanced") and could_tell(e, "balanced"),
        {"class_imbalance": -4.0},
    ),
    Observation(
        "probe_balance_not_needed",
        "balance",
        "a copy learns with batches as they come",
        _FACTS,
        lambda e, _: learned(e, "uneven"),
        {"class_imbalance": -2.0},
    ),
)
