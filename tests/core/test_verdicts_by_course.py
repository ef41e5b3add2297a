"""Verdicts that the course of a run decides: what it left, how it jumps, which classes are predicted."""

from __future__ import annotations

import numpy as np
import pytest
from made_runs import LN_2, Values, entropy_of, jitter, run

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.pipeline import Question, diagnose

H_OF_A_FIFTH = entropy_of(0.2)


def fall(n: int, start: float, end: float, tau: float) -> np.ndarray:
    """Return a curve that falls from ``start`` towards ``end``."""
    return end + (start - end) * np.exp(-np.arange(n) / tau)


def diagnosed(metrics: dict[str, Values], base_rate: float | None) -> Diagnosis:
    """Return the diagnosis of a run with these metrics."""
    return diagnose(run(metrics), Question(base_rate=base_rate))


def settled(first: float, held_back: float) -> dict[str, Values]:
    """Return losses that begin here and stand at 1.3 from the fifth epoch on, one class for all."""
    return {
        "loss": [first, 10.1, 4.04, 1.67, 1.3, *[1.29] * 15],
        "val_loss": [held_back, 5.95, 2.4, 1.31, *[1.31, 1.28] * 8],
        "accuracy": [0.51, *[0.533] * 19],
        "val_accuracy": [0.542] * 20,
    }


FLAT = fall(30, 0.69, 0.3, 1.0)
"""Down to 0.3 within a tenth of the run, and flat from there."""

MOVING = 0.9 + jitter(30, 0.02, seed=4)
"""An accuracy of both classes: it never stands still."""

RESTLESS = [
    1.042,
    1.014,
    0.98,
    0.952,
    0.985,
    0.976,
    0.965,
    0.927,
    0.956,
    0.946,
    0.945,
    0.931,
    0.914,
    0.91,
    0.912,
    0.934,
    0.887,
    0.899,
    0.898,
    0.879,
    0.886,
    0.858,
    0.858,
    0.848,
]
"""In units of the chance level: restless enough for a plateau at the end to reach up to chance."""

CASES: dict[str, tuple[Verdict, dict[str, Values], float | None]] = {
    # --- flat below ln 2, the share not known ----------------------------------------------
    "the accuracy moves at the low level: both classes are predicted": (
        Verdict.LEARNING,
        {"loss": FLAT, "accuracy": MOVING},
        None,
    ),
    "nothing but the level": (Verdict.INCONCLUSIVE, {"loss": FLAT}, None),
    "to the digit the same from the first point on": (
        Verdict.STALLED,
        {
            "loss": [0.6563] * 10,
            "val_loss": [0.6362] * 10,
            "accuracy": [0.68] * 10,
            "val_accuracy": [0.74] * 10,
        },
        None,
    ),
    "a focal loss that never left its start": (
        Verdict.STALLED,
        {"loss": 0.1728 + jitter(30, 0.0001, seed=2)},
        None,
    ),
    "from its first point at next to nothing": (
        Verdict.LEARNING,
        {"loss": 0.004 + jitter(30, 0.00001, seed=2)},
        None,
    ),
    "near ln 2 on held-back data under a penalty, with an accuracy that ln 2 does not have": (
        Verdict.LEARNING,
        {
            "loss": fall(12, 0.76, 0.52, 4.0),
            "accuracy": np.linspace(0.66, 0.8, 12),
            "val_loss": np.linspace(0.675, 0.682, 12),
            "val_accuracy": np.array([220, 221, 219, 217, 216, 215, 216, 215, 217, 216, 215, 216]) / 300,
        },
        None,
    ),
    "at ln 2 on held-back data whatever the share is": (
        Verdict.OVERFITTING,
        {
            "loss": fall(30, 0.75, 0.6, 10.0),
            "accuracy": np.linspace(0.52, 0.68, 30),
            "val_loss": 0.69 + jitter(30, 0.002, seed=1),
            "val_accuracy": 0.54 + jitter(30, 0.01, seed=2),
        },
        None,
    ),
    "fallen back to ln 2 at the very end": (
        Verdict.OVERFITTING,
        {
            "loss": fall(17, 0.6, 0.02, 5.0),
            "val_loss": np.interp(range(17), [0, 5, 8, 16], [0.58, 0.48, 0.5, 0.68]),
        },
        None,
    ),
    # --- escaped or learning ----------------------------------------------------------------
    "a plateau at the end is none that was left": (
        Verdict.LEARNING,
        {
            "loss": np.array(RESTLESS) * LN_2,
            "val_loss": np.linspace(0.735, 0.632, 24),
        },
        0.5,
    ),
    "a plateau at chance, then skill": (
        Verdict.ESCAPED,
        {"loss": np.concatenate([LN_2 + jitter(15, 0.002, seed=5), fall(15, 0.66, 0.3, 4.0)])},
        0.5,
    ),
    # --- jumps --------------------------------------------------------------------------------
    "jumps by a tenth of chance near chance": (
        Verdict.UNSTABLE,
        {"loss": 0.8 + jitter(30, 0.15, seed=6)},
        0.5,
    ),
    "one spike in the last half is no jumping": (
        Verdict.STALLED,
        {"loss": [*(LN_2 + jitter(20, 0.004, seed=7)), 4.0, 3.0, *(LN_2 + jitter(8, 0.004, seed=8))]},
        0.5,
    ),
    "eight points far above cannot show whether they jump": (
        Verdict.DIVERGED,
        {"loss": [320.0, 110.0, 65.0, 61.0, 60.0, 34.0, 50.0, 47.0]},
        0.5,
    ),
    "the same over thirty points": (
        Verdict.UNSTABLE,
        {"loss": 50.0 * np.exp(np.random.default_rng(0).normal(0.0, 0.5, 30))},
        0.5,
    ),
    "the held-back loss leaps while the training rows stay fitted": (
        Verdict.OVERFITTING,
        {
            "loss": fall(20, 0.69, 0.001, 2.0),
            "val_loss": [0.5] * 12 + [0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 4.0],
        },
        0.5,
    ),
    # --- slow or stalled ------------------------------------------------------------------------
    "held-back data fall for sure where batches hide it": (
        Verdict.SLOW,
        {
            "loss": [0.935, 0.856, 0.813, 0.791, 0.77, 0.757, 0.758, 0.745],
            "val_loss": [0.836, 0.801, 0.78, 0.765, 0.754, 0.744, 0.737, 0.731],
        },
        0.5,
    ),
    "one class for everything, on its way down from far above": (
        Verdict.SLOW,
        {
            "loss": np.linspace(0.9, 0.83, 60),
            "val_loss": np.linspace(0.98, 0.9, 60),
            "accuracy": [0.5146] * 60,
            "val_accuracy": [0.4737] * 60,
        },
        None,
    ),
    "no lower than where it began": (
        Verdict.STALLED,
        {"loss": [0.705] + [0.72 - 0.0004 * i for i in range(20)]},
        0.5,
    ),
    "a held-back loss far above chance that creeps is not on its way down": (
        Verdict.OVERFITTING,
        {"loss": fall(60, 0.7, 0.02, 6.0), "val_loss": np.linspace(34.2, 33.8, 60)},
        0.5,
    ),
    "a penalty that decays above two different chance levels": (
        Verdict.STALLED,
        {
            "loss": H_OF_A_FIFTH + fall(30, 0.4, 0.05, 8.0),
            "val_loss": entropy_of(0.1833) + fall(30, 0.3795, 0.05, 8.0),
            "accuracy": [0.8] * 30,
            "val_accuracy": [0.8167] * 30,
        },
        None,
    ),
    "a penalty that brought the loss to chance from far above, over a good ranking": (
        Verdict.LEARNING,
        {
            "loss": fall(30, 3.2, 0.6, 8.0),
            "val_loss": fall(30, 3.1, 0.64, 8.0),
            "val_auc": np.linspace(0.7, 0.99, 30),
        },
        0.5,
    ),
    "the training rows fall a little while the held-back ones rise": (
        Verdict.OVERFITTING,
        {"loss": np.linspace(0.7, 0.665, 40), "val_loss": np.linspace(0.694, 0.73, 40)},
        0.5,
    ),
    "the same without the rise": (
        Verdict.STALLED,
        {"loss": np.linspace(0.7, 0.665, 40), "val_loss": 0.697 + jitter(40, 0.001, seed=9)},
        0.5,
    ),
    "an errant end that a penalty does not have": (
        Verdict.UNSTABLE,
        {
            "loss": (wild := 2.0 + fall(40, 20.0, 0.0, 6.0) + jitter(40, 0.7, seed=10)),
            "val_loss": np.append((wild[:-1] + wild[1:]) / 2.0, wild[-1]),
        },
        0.5,
    ),
    "the share of one class has been found to the digit": (
        Verdict.STALLED,
        {"loss": H_OF_A_FIFTH + fall(20, 0.2, 0.0, 2.0), "accuracy": [0.8] * 20},
        None,
    ),
    "flat below ln 2 after a stand at it": (
        Verdict.ESCAPED,
        {"loss": np.concatenate([LN_2 + jitter(8, 0.001, seed=11), [0.5, 0.2], [0.08] * 30])},
        None,
    ),
    "a stand far below ln 2 was learned": (
        Verdict.LEARNING,
        {
            "loss": [0.44, 0.2, 0.016, 0.0155, 0.016, 0.0157, 0.016, 0.0158, 0.006, 0.002] + [0.0001] * 15,
            "accuracy": [0.83, 0.98, 0.994, 0.9946, 0.995, 0.9946, 0.994, 0.9911, 0.998, 1.0] + [1.0] * 15,
        },
        None,
    ),
    "the median of three epochs lags behind a steep fall": (
        Verdict.LEARNING,
        {
            "loss": [0.71, 0.66, 0.6, 0.53, 0.47, 0.42, 0.38, 0.355, 0.325, 0.31],
            "val_loss": [0.69, 0.62, 0.54, 0.475, 0.417, 0.37, 0.336, 0.313, 0.3, 0.29],
        },
        0.1,
    ),
    "learned within the first epoch": (
        Verdict.LEARNING,
        {"loss": [0.734] + [0.663] * 29, "val_loss": [0.6624] + [0.665] * 29},
        0.5,
    ),
    # --- a validation loss that jumps -------------------------------------------------------
    "one jump, made good at the end": (
        Verdict.LEARNING,
        {
            "loss": [0.72, 0.69, 0.66, 0.63, 0.6, 0.55, 0.5, 0.46, 0.42, 0.39],
            "val_loss": [0.71, 0.74, 0.67, 0.7, 0.66, 0.5, 1.35, 0.4, 0.41, 0.37],
        },
        0.5,
    ),
    "rows ranked by heart, and others not": (
        Verdict.OVERFITTING,
        {
            "loss": np.linspace(0.69, 0.46, 20) + jitter(20, 0.01, seed=1),
            "val_loss": [
                *[0.7, 0.8, 1.0, 0.75, 1.1, 0.9, 0.75, 1.2, 1.1],
                *[0.8, 1.5, 1.0, 1.7, 0.9, 1.6, 1.0, 1.5, 1.1, 1.6, 1.3],
            ],
            "auc": np.linspace(0.5, 0.88, 20),
            "val_auc": [0.49] * 20,
        },
        0.5,
    ),
    # --- a penalty on top --------------------------------------------------------------------
    "a bias far off falls by as much each epoch, on both splits alike": (
        Verdict.DIVERGED,
        {
            "loss": np.linspace(2.0e5, 2.9e4, 12),
            "val_loss": np.linspace(1.93e5, 2.2e4, 12),
            "accuracy": [0.502] * 12,
            "val_accuracy": [0.498] * 12,
        },
        0.5,
    ),
    "what a penalty leaves falls ever more slowly, on both splits alike": (
        Verdict.STALLED,
        {
            "loss": 0.69 + 80.0 * 0.7 ** np.arange(12),
            "val_loss": 0.69 + 80.0 * 0.7 ** (np.arange(12) + 0.5),
            "accuracy": [0.502] * 12,
            "val_accuracy": [0.498] * 12,
        },
        0.5,
    ),
    "what a penalty leaves settles where no prediction brought it from": (
        Verdict.STALLED,
        settled(30.2, 16.3),
        0.467,
    ),
    "the same course from where clipped predictions may begin": (
        Verdict.DIVERGED,
        settled(15.2, 12.3),
        0.467,
    ),
    # --- on its way to a share of positives that is not known ---------------------------------
    "training rows are not even ranked": (
        Verdict.SLOW,
        {
            "loss": [0.868, 0.72, 0.669, 0.643, 0.629],
            "accuracy": [0.502, 0.555, 0.595, 0.636, 0.669],
            "auc": [0.488, 0.489, 0.508, 0.535, 0.544],
        },
        None,
    ),
    "few errors, each of them certain: what is the same on both splits stays": (
        Verdict.DIVERGED,
        {
            "loss": 1.3 + jitter(20, 0.002, seed=2),
            "val_loss": 1.3 + jitter(20, 0.002, seed=3),
            "accuracy": 0.92 + jitter(20, 0.002, seed=4),
        },
        None,
    ),
    "few errors under a penalty, the share not known": (
        Verdict.LEARNING,
        {
            "loss": [
                5.9,
                4.41,
                3.47,
                2.81,
                2.35,
                2.01,
                1.75,
                1.55,
                1.4,
                1.28,
                1.17,
                1.08,
                1.01,
                0.94,
                0.879,
                0.85,
            ],
            "val_loss": [
                5.1,
                3.9,
                3.12,
                2.57,
                2.17,
                1.87,
                1.64,
                1.47,
                1.33,
                1.22,
                1.12,
                1.04,
                0.97,
                0.905,
                0.86,
                0.84,
            ],
            "accuracy": [
                0.794,
                0.902,
                0.933,
                0.943,
                0.949,
                0.949,
                0.951,
                0.953,
                0.951,
                0.952,
                0.951,
                0.95,
                0.949,
                0.951,
                0.952,
                0.951,
            ],
        },
        None,
    ),
}


@pytest.mark.parametrize(("verdict", "metrics", "base_rate"), CASES.values(), ids=CASES.keys())
def test_the_course_decides(verdict: Verdict, metrics: dict[str, Values], base_rate: float | None) -> None:
    """Each run of the table gets the verdict it was written for."""
    found = diagnosed(metrics, base_rate)
    assert found.verdict is verdict, found.judgement.because


def test_clipped_predictions_under_a_penalty_are_no_sum_over_a_batch() -> None:
    """One class for everything at 16.1 nats an error starts near 16 ln 2, too, and falls with the penalty."""
    loss = [8.38, 8.34, 8.31, 8.27, 8.24, 8.22, 8.19, 8.17, 8.15, 8.13]
    found = diagnose(run({"loss": loss, "accuracy": [0.503] * 10}, params={"batch_size": "16"}))
    assert found.verdict is Verdict.DIVERGED, found.judgement.because


def test_the_end_of_a_fitted_run_is_not_called_chance() -> None:
    """A wild beginning says nothing about the noise of a calm end."""
    wild = [2.3, 6.9, 4.3, 8.0, 0.3, 4.3, 2.8, 2.8, 0.5, 0.8, 0.2, 0.1]
    found = diagnosed({"loss": [*wild, *[1e-6] * 10]}, 0.5)
    assert found.verdict is Verdict.LEARNING, found.judgement.because
