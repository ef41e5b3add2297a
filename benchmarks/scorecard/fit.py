"""The scorecard of verdicts: which runs and facts it is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.ceiling.facts import Row
from benchmarks.scorecard.stumps import Answered, fit_stumps, numbers_of
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.scorecards import Scorecard
from mlflow_bce_monitor.verdicts.second_opinion import NOT_FITTED_ON

VERDICTS: Final = (
    *(Verdict.LEARNING, Verdict.ESCAPED, Verdict.SLOW, Verdict.STALLED),
    *(Verdict.OVERFITTING, Verdict.UNSTABLE, Verdict.DIVERGED),
)
"""What a course can be; the others are about what the numbers are of."""

FACTS: Final = (
    *("auc", "common_excess", "end_fall", "end_flat_fraction", "end_level", "end_noise", "end_ratio"),
    *("end_skill", "end_spread", "error_rate", "fall_gain", "final_skill", "fit_gap", "held_skill"),
    *("last_skill", "movement", "n_points", "plateau_fraction", "stand_fraction", "stand_skill"),
    *("total_fall", "training_gain", "validation_auc", "validation_fall", "validation_gain"),
    "validation_skill",
)
"""What it looks at: the facts about curves and predictions that stumps over all 57 of them gain most by. What
was set (a rate, a width, the epochs) is the causes' business: it says what a run was meant to be."""

SEEDS: Final = (0, 1, 2)

SETTINGS: Final[dict[str, Any]] = {"n_estimators": 250, "learning_rate": 0.07, "colsample_bytree": 0.5}


def answered(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Answered:
    """Return the runs of the kinds that the scorecard is about.

    Parameters
    ----------
    rows
        Facts of each run, by name.
    verdicts
        What is true of each.
    """
    own = [(row, of) for row, of in zip(rows, verdicts, strict=True) if _is_fitted_on(row, of)]
    return Answered(
        FACTS,
        numbers_of((row for row, _ in own), FACTS),
        [VERDICTS.index(of) for _, of in own],
        [1.0] * len(own),
    )


def _is_fitted_on(row: Row, verdict: Verdict) -> bool:
    return verdict in VERDICTS and "end_level" in row and not any(row.get(kind) for kind in NOT_FITTED_ON)


def fit(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Scorecard:
    """Return the scorecard of some runs; ValueError where some verdict is true of none of them."""
    # A verdict is about what can be known: without held-back data memory is not told from learning.
    return fit_stumps(answered(rows, verdicts), VERDICTS, SEEDS, unknown_tells=True, **SETTINGS)
