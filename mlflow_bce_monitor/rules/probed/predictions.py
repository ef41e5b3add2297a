"""What the model's own predictions of the rows say."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.rules.probed.observation import Observation


def knows_shares(e: Evidence) -> bool:
    """Whether the run itself tells how rare the rarer class is: then its rule has weighed that already."""
    return "effective_minority_share" in e


PREDICTIONS: Final = (
    Observation(
        "probe_rare_labels",
        "predictions",
        "few of the labels are of the rarer class",
        ("probe_minority_share",),
        lambda e, limits: (
            limits.very_rare_share < e.number("probe_minority_share") <= limits.rare_share
            and not knows_shares(e)
        ),
        {"class_imbalance": 1.5},
    ),
    Observation(
        "probe_very_rare_labels",
        "predictions",
        "hardly any of the labels are of the rarer class",
        ("probe_minority_share",),
        lambda e, limits: e.number("probe_minority_share") <= limits.very_rare_share and not knows_shares(e),
        {"class_imbalance": 2.5},
    ),
    Observation(
        "probe_balanced",
        "predictions",
        "both classes are common",
        ("probe_minority_share",),
        lambda e, limits: e.number("probe_minority_share") >= limits.balanced_share,
        {"class_imbalance": -5.0},
    ),
    Observation(
        "probe_not_memorised",
        "predictions",
        "the model does not fit the rows themselves",
        ("probe_skill",),
        lambda e, limits: e.number("probe_skill") < limits.clear_skill,
        {"too_few_rows": -4.0},
    ),
    Observation(
        "probe_output_fault",
        "predictions",
        "output, loss and labels do not fit each other",
        ("probe_output_fault",),
        lambda e, _: bool(e["probe_output_fault"]),
        {"output_loss_mismatch": 7.0, "no_signal": -1.0},
    ),
    Observation(
        "probe_output_fits",
        "predictions",
        "output, loss and labels fit each other",
        ("probe_output_fault",),
        lambda e, _: not e["probe_output_fault"],
        {"output_loss_mismatch": -5.0},
    ),
)
