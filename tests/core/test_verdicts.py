"""Verdicts on whole runs written by hand: one table a verdict, and what must never be flagged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LN_2, Values, entropy_of, escape_from, flat, history, jitter, run

from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.verdicts import CLEAR, judge
from mlflow_bce_monitor.verdicts.confidence import LIKELY, OPEN

H_OF_A_TENTH = entropy_of(0.1)
WEIGHTED = 1.8 * LN_2  # class_weight {0: 1, 1: 9} at 10 % positives
NAN, INF = math.nan, math.inf
SQL_INF = 1.7976931348623157e308

COIN = 0.5 + jitter(20, 0.02, seed=7)  # the accuracy of a model at chance
BETTER = np.linspace(0.5, 0.9, 20)
ADAM_AT_ONE = {"opt_name": "Adam", "opt_learning_rate": "1.0"}
WEIGHTS = {"class_weight": "{0: 1, 1: 9}"}


def diagnosed(
    metrics: dict[str, Values], params: dict[str, str] | None = None, base_rate: float | None = None
) -> Diagnosis:
    """Return the diagnosis of a run with these metrics and params."""
    return diagnose(run(metrics, params), Question(base_rate=base_rate))


def verdict_of(
    metrics: dict[str, Values], params: dict[str, str] | None = None, base_rate: float | None = None
) -> Verdict:
    """Return the verdict on a run with these metrics and params."""
    return diagnosed(metrics, params, base_rate).verdict


def exponential(n: int, start: float, end: float, tau: float) -> np.ndarray:
    """Return a curve that falls from ``start`` towards ``end``."""
    return end + (start - end) * np.exp(-np.arange(n) / tau)


STALLED = {
    "flat at ln 2 to the digit": ({"loss": [0.6931] * 10, "accuracy": [0.5] * 10}, {}, None),
    "flat at ln 2 with noise": ({"loss": flat(20, noise=0.002).values, "accuracy": COIN}, {}, None),
    "flat on five points": ({"loss": [0.6931] * 5}, {}, 0.5),
    "flat on 100,000 noisy points": ({"loss": flat(100_000, noise=0.05).values}, {}, 0.5),
    "imbalanced: flat at H(0.1), not at ln 2": ({"loss": H_OF_A_TENTH + jitter(10, 0.001, 0)}, {}, 0.1),
    "imbalanced: the accuracy tells the share": (
        {
            "loss": exponential(12, 0.5, H_OF_A_TENTH, 0.8),
            "accuracy": [0.88] + [0.9] * 11,
            "recall": [0.0] * 12,
        },
        {},
        None,
    ),
    "class weights: flat at 1.248": ({"loss": WEIGHTED + jitter(10, 0.004, 0)}, WEIGHTS, 0.1),
    "class weights: the published run, 1.220 at the end": (
        {"loss": np.linspace(1.25, 1.22, 10), "val_loss": 0.69 + jitter(10, 0.004, 1)},
        {**WEIGHTS, "positive_share": "0.1"},
        None,
    ),
    "Adam 1.0: a spike, then constant at ln 2": (
        {"loss": [6.56, 0.8] + [LN_2] * 10, "accuracy": [0.5] * 12},
        ADAM_AT_ONE,
        None,
    ),
    "Adam 1.0: a spike, then 0.709": (
        {"loss": [6.56, 0.9, 0.76, 0.73, 0.72, 0.71, 0.712, 0.708, 0.71, 0.709], "accuracy": COIN[:10]},
        ADAM_AT_ONE,
        0.5,
    ),
    "Adam 1.0: a spike, then 0.743": (
        {"loss": [3.58, 0.9, 0.78, 0.75, 0.74, 0.75, 0.73, 0.745, 0.74, 0.743], "accuracy": COIN[:10]},
        ADAM_AT_ONE,
        0.5,
    ),
    "reached from above": (
        {"loss": exponential(30, 2.0, LN_2, 2.0), "accuracy": np.tile(COIN, 2)[:30]},
        {},
        0.5,
    ),
    "validation loss alone": ({"val_loss": LN_2 + jitter(12, 0.002, 0)}, {}, 0.5),
    "a preference loss that never leaves": ({"loss": [LN_2] * 100, "rewards/margins": [0.0] * 100}, {}, None),
    "a preference loss that comes down a little, and no more pairs are told apart than by luck": (
        {
            "loss": exponential(100, LN_2, 0.668, 20.0),
            "rewards/accuracies": np.tile([0.5, 0.625, 0.5625, 0.5], 25),
        },
        {},
        None,
    ),
    "a tiny rate: pairs are told apart by margins of nothing": (
        {"loss": exponential(100, LN_2, 0.6929, 20.0), "rewards/accuracies": np.tile([0.8125, 0.75], 50)},
        {},
        None,
    ),
}

LEARNING = {
    "a steady fall": ({"loss": exponential(20, 0.7, 0.1, 6.0), "accuracy": BETTER}, {}, None),
    "with validation data": (
        {"loss": exponential(20, 0.7, 0.1, 6.0), "val_loss": exponential(20, 0.7, 0.2, 6.0)},
        {},
        0.5,
    ),
    "imbalanced and below its entropy": ({"loss": exponential(20, 0.4, 0.15, 6.0)}, {}, 0.1),
    "class weights and below their level": (
        {"loss": exponential(20, 1.3, 0.4, 6.0), "val_loss": exponential(20, 0.7, 0.2, 6.0)},
        {**WEIGHTS, "positive_share": "0.1"},
        None,
    ),
    "after a spike": ({"loss": np.concatenate([[9.0], exponential(19, 0.7, 0.1, 5.0)])}, {}, 0.5),
    "NaN in the middle": ({"loss": [0.7, 0.6, NAN, 0.5, 0.45, 0.4, 0.38]}, {}, 0.5),
    "a preference loss on its way": (
        {"loss": exponential(100, LN_2, 0.3, 30.0), "rewards/margins": np.linspace(0.0, 1.5, 100)},
        {},
        None,
    ),
    "a preference loss that a small beta keeps near ln 2, while pairs are told apart": (
        {"loss": exponential(100, LN_2, 0.668, 20.0), "rewards/accuracies": np.tile([0.8125, 0.75], 50)},
        {},
        None,
    ),
    "four points beyond doubt": ({"loss": [0.7, 0.4, 0.2, 0.1], "accuracy": [0.5, 0.8, 0.9, 0.95]}, {}, 0.5),
    "a discriminator that wins": (
        {"d_loss": exponential(60, 1.38, 0.01, 10.0), "g_loss": np.linspace(0.7, 6.0, 60)},
        {},
        None,
    ),
    "under a penalty that keeps the loss above chance": (
        {"loss": exponential(20, 2.5, 0.8, 4.0), "auc": np.linspace(0.5, 0.92, 20)},
        {},
        0.5,
    ),
    "perfect": ({"loss": exponential(20, 0.7, 0.0, 2.0)}, {}, 0.5),
}

OTHERS = {
    Verdict.ESCAPED: {
        "half of the run at chance": ({"loss": escape_from(50, 50, noise=0.002).values}, {}, 0.5),
        "half of a long run at chance": ({"loss": escape_from(20_000, 20_000, noise=0.02).values}, {}, 0.5),
    },
    Verdict.SLOW: {
        "a steady sliver": (
            {"loss": np.linspace(0.6935, 0.676, 30), "val_loss": np.linspace(0.6935, 0.679, 30)},
            {},
            0.5,
        ),
        "on its way down from far above": ({"loss": np.linspace(9.0, 3.0, 30)}, {}, 0.5),
    },
    Verdict.UNSTABLE: {
        "jumping about chance": ({"loss": 0.5 + 0.5 * np.random.default_rng(0).random(40)}, {}, 0.5),
    },
    Verdict.DIVERGED: {
        "NaN at the end": ({"loss": [0.7, 0.6, 0.5, NAN, NAN, NAN]}, {}, 0.5),
        "all NaN": ({"loss": [NAN] * 6}, {}, 0.5),
        "infinity as a SQL store holds it": ({"loss": [0.7, 2.0, 50.0, 900.0, SQL_INF]}, {}, 0.5),
        "infinity": ({"loss": [0.7, 2.0, 50.0, INF]}, {}, 0.5),
        "stuck at 7.97, half of all rows clipped": ({"loss": [7.97] * 10, "accuracy": [0.5] * 10}, {}, None),
    },
    Verdict.OVERFITTING: {
        "the validation loss rises": (
            {"loss": exponential(20, 0.69, 0.1, 6.0), "val_loss": np.linspace(0.69, 1.1, 20)},
            {},
            0.5,
        ),
        "random labels memorised": (
            {
                "loss": np.linspace(0.70, 0.60, 20),
                "val_loss": np.linspace(0.695, 0.72, 20),
                "val_auc": [0.5, 0.51] * 10,
            },
            {},
            0.5,
        ),
    },
    Verdict.INCONSISTENT: {
        "labels 1 and 2: the loss is below zero from the first epoch on": (
            {"loss": np.linspace(-0.8, -70.0, 15), "accuracy": [0.45] * 3 + [0.51] * 12},
            {},
            None,
        ),
        "a softmax of one unit: all are of the rarer class, at a falling loss": (
            {"loss": np.linspace(0.73, 0.5, 20), "accuracy": [0.39] * 20, "recall": [1.0] * 20},
            {},
            None,
        ),
        "batch statistics lag: one output in inference, a good ranking in training": (
            {
                "loss": exponential(20, 0.69, 0.17, 5.0),
                "accuracy": np.linspace(0.58, 0.96, 20),
                "auc": np.linspace(0.53, 0.99, 20),
                "val_loss": exponential(20, 0.66, 0.6, 5.0),
                "val_accuracy": [0.7533] * 20,
                "val_auc": [0.5] * 20,
            },
            {"positive_share": "0.2"},
            None,
        ),
        "held-back rows are ranked well at a loss at chance": (
            {
                "loss": LN_2 + jitter(20, 0.004, 0),
                "val_loss": LN_2 + jitter(20, 0.02, 3),
                "val_auc": [0.85] * 20,
            },
            {},
            0.5,
        ),
        "a one-unit softmax trains and predicts one class": (
            {"loss": exponential(20, 0.7, 0.28, 5.0), "accuracy": [0.5] * 20},
            {},
            None,
        ),
    },
    Verdict.BENIGN: {
        "the first steps of a preference loss": (
            {"loss": [LN_2] * 6, "rewards/margins": [0.0] * 6},
            {},
            None,
        ),
        "one step of a preference loss": ({"loss": [LN_2], "rewards/margins": [0.0]}, {}, None),
        "a discriminator at equilibrium": (
            {"d_loss": LN_2 + jitter(60, 0.005, 0), "g_loss": LN_2 + jitter(60, 0.02, 1)},
            {},
            None,
        ),
        "a summed discriminator at equilibrium": (
            {"d_loss": 2.0 * LN_2 + jitter(60, 0.01, 0), "g_loss": LN_2 + jitter(60, 0.02, 1)},
            {},
            None,
        ),
    },
    Verdict.INCONCLUSIVE: {
        "one point": ({"loss": [0.6931], "accuracy": [0.5]}, {}, 0.5),
        "four points": ({"loss": [0.6931] * 4, "accuracy": [0.5] * 4}, {}, 0.5),
        "flat at 0.325 of unknown share": ({"loss": exponential(12, 0.45, H_OF_A_TENTH, 0.7)}, {}, None),
    },
    Verdict.NOT_APPLICABLE: {
        "no metrics": ({}, {}, None),
        "no loss": ({"accuracy": BETTER}, {}, None),
        "an empty loss": ({"loss": []}, {}, None),
        "a regression that settles at 0.69": (
            {"loss": exponential(30, 5.0, 0.69, 3.0), "mae": exponential(30, 2.0, 0.6, 3.0)},
            {},
            None,
        ),
        "a regression by its loss param": (
            {"loss": exponential(30, 5.0, 0.69, 3.0)},
            {"loss": "mean_squared_error"},
            None,
        ),
        "ten classes": (
            {"loss": exponential(20, 2.3, 0.3, 5.0), "accuracy": np.linspace(0.1, 0.9, 20)},
            {},
            None,
        ),
        "negative values": ({"loss": np.linspace(1.0, -3.0, 20)}, {}, None),
    },
}

TABLE = [
    pytest.param(verdict, *case, id=f"{verdict}: {title}")
    for verdict, cases in {Verdict.STALLED: STALLED, Verdict.LEARNING: LEARNING, **OTHERS}.items()
    for title, case in cases.items()
]


@pytest.mark.parametrize(("verdict", "metrics", "params", "base_rate"), TABLE)
def test_verdicts(
    verdict: Verdict, metrics: dict[str, Values], params: dict[str, str], base_rate: float | None
) -> None:
    """Each run of the table gets the verdict it was written for."""
    diagnosis = diagnosed(metrics, params, base_rate)
    assert diagnosis.verdict is verdict, diagnosis.judgement.because


def test_a_loss_below_zero_has_no_skill() -> None:
    """It is no cross-entropy; a skill of a hundred would stand above every good run."""
    found = diagnosed({"loss": np.linspace(-0.8, -70.0, 15), "accuracy": [0.45] * 3 + [0.51] * 12})
    assert (found.verdict, found.skill) == (Verdict.INCONSISTENT, None)
    assert found.as_contract()["skill"] is None


def test_every_verdict_has_a_case() -> None:
    """The table above covers the contract."""
    assert {case.values[0] for case in TABLE} == set(Verdict)


def passing_ln_2(n: int, shape: str) -> np.ndarray:
    """Return 0.70 -> 0.69 -> 0.30 on n points, in straight lines or in a bend."""
    time = np.linspace(0.0, 2.0, n)
    if shape == "kinked":
        return np.interp(time, [0.0, 1.0, 2.0], [0.70, 0.69, 0.30])
    return 0.70 - 0.005 * time - 0.39 / (1.0 + np.exp(-8.0 * (time - 1.3)))


SAMPLINGS = [3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1_000]


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.01])
@pytest.mark.parametrize(("shape", "n"), [(shape, n) for shape in ("kinked", "bent") for n in SAMPLINGS])
def test_a_curve_that_passes_ln_2_is_never_flagged(shape: str, n: int, noise: float) -> None:
    """0.70 -> 0.69 -> 0.30 is learning, however it is sampled, whatever the run says beside it."""
    for seed in range(3):
        loss = passing_ln_2(n, shape) + jitter(n, noise, seed)
        for metrics, base_rate in (
            ({"loss": loss}, None),
            ({"loss": loss}, 0.5),
            ({"loss": loss, "accuracy": np.linspace(0.5, 0.9, n)}, None),
            ({"loss": loss, "accuracy": np.linspace(0.5, 0.9, n)}, 0.5),
            ({"loss": loss, "val_loss": loss + 0.01}, 0.5),
        ):
            diagnosis = diagnosed(metrics, base_rate=base_rate)
            assert not diagnosis.flagged, (sorted(metrics), base_rate, diagnosis.judgement)


@pytest.mark.parametrize("share_at_chance", [0.95, 0.97])
@pytest.mark.parametrize("n", [50, 200, 1_000])
def test_a_late_escape_is_not_flagged(n: int, share_at_chance: float) -> None:
    """A run that leaves chance in its last tenth and ends at 0.3 has learned: verdicts are about the end."""
    n_flat = round(n * share_at_chance)
    loss = escape_from(n_flat, n - n_flat, end=0.3).values
    assert not diagnosed({"loss": loss}, base_rate=0.5).flagged


@pytest.mark.parametrize("loss", [[0.70, 0.69, 0.69, 0.69, 0.30], [0.70, 0.70, 0.69, 0.69, 0.69, 0.69, 0.30]])
def test_a_last_point_that_left_chance_is_not_flagged(loss: list[float]) -> None:
    """0.70 -> 0.69 -> 0.30 sampled so that only the last point has left: skill 0.57 is shown, not a stall."""
    assert not diagnosed({"loss": loss}, base_rate=0.5).flagged


@pytest.mark.parametrize("start", [1.7, 1.8, 2.0])
def test_five_points_that_only_fall_are_not_stalled(start: float) -> None:
    """A straight fall from above chance to half of it is not "not improving", however few its points."""
    assert verdict_of({"loss": np.linspace(start, 0.35, 5)}, base_rate=0.5) is not Verdict.STALLED


def test_a_loss_that_only_rises_is_not_learning() -> None:
    """Imbalanced labels start below ln 2; a loss that rises from there has not "fallen"."""
    assert verdict_of({"loss": np.linspace(0.33, 0.45, 50)}) is not Verdict.LEARNING


def test_a_validation_loss_above_ln_2_has_no_skill_whatever_the_share() -> None:
    """Every share has a chance level of at most ln 2, so above it nothing was learned for sure."""
    metrics = {"loss": exponential(20, 0.69, 0.1, 6.0), "val_loss": np.linspace(0.69, 1.1, 20)}
    assert verdict_of(metrics) is Verdict.OVERFITTING


@pytest.mark.parametrize("base_rate", [None, 0.5])
def test_rounded_accuracies_do_not_hide_what_was_learned(base_rate: float | None) -> None:
    """A loss that falls to 0.1 beside an accuracy rounded to one decimal is learning, not "near chance"."""
    metrics = {"loss": exponential(20, 0.7, 0.1, 4.0), "accuracy": np.round(BETTER, 1)}
    assert not diagnosed(metrics, base_rate=base_rate).flagged


@pytest.mark.parametrize("batch_size", ["5", "8", "10"])
def test_a_spike_is_not_a_summed_loss(batch_size: str) -> None:
    """Adam at 1.0 starts at 3.6 to 6.9 and ends at chance: that is no sum over a batch of that size."""
    loss = [float(batch_size) * 0.7, 0.78, 0.73, 0.72, 0.74, 0.71, 0.73, 0.72, 0.75, 0.71]
    metrics = {"loss": loss, "accuracy": COIN[:10]}
    assert diagnosed(metrics, {**ADAM_AT_ONE, "batch_size": batch_size}).flagged


@given(
    st.integers(5, 300),
    st.floats(0.05, 0.6),
    st.floats(0.66, 1.2),
    st.floats(0.05, 0.3),
    st.integers(0, 2**32 - 1),
)
def test_a_run_that_learned_is_never_flagged(
    n: int, end: float, start: float, half_life: float, seed: int
) -> None:
    """An exponential fall to well below ln 2, with validation data that follow, asks nobody to act."""
    loss = exponential(n, start, end, half_life * n)
    metrics = {"loss": loss + jitter(n, 0.003, seed), "val_loss": loss + 0.02 + jitter(n, 0.003, seed + 1)}
    if loss[-max(3, n // 5) :].max() > 0.6:
        return  # most of the last fifth is still near chance: slow is a fair answer
    assert not diagnosed(metrics, base_rate=0.5).flagged


@given(st.integers(5, 400), st.floats(0.0, 0.01), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_a_run_at_its_chance_level_is_never_learning(n: int, noise: float, share: float, seed: int) -> None:
    """A loss that stays at the entropy of its labels has learned nothing, balanced or not."""
    level = entropy_of(share)
    found = verdict_of({"loss": level * (1.0 + jitter(n, noise, seed))}, base_rate=share)
    assert found in {Verdict.STALLED, Verdict.SLOW}


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("level", [0.5, 1.0])
def test_weights_scale_the_loss_and_not_the_verdict(factor: float, level: float) -> None:
    """Multiplying both class weights, and so the loss, by one factor changes neither verdict nor skill."""
    weights = {"class_weight": f"{{0: {factor}, 1: {9 * factor}}}", "positive_share": "0.1"}
    loss = level * factor * WEIGHTED * (1.0 + jitter(20, 0.002, 0))
    plain = diagnosed(
        {"loss": level * WEIGHTED * (1.0 + jitter(20, 0.002, 0))}, {**WEIGHTS, "positive_share": "0.1"}
    )
    scaled = diagnosed({"loss": loss}, weights)
    assert scaled.verdict is plain.verdict
    assert scaled.skill is not None
    assert plain.skill is not None
    assert scaled.skill.value == pytest.approx(plain.skill.value)


def test_a_loss_known_by_its_name_alone_is_called_with_low_confidence() -> None:
    """A curve named "loss" that settles at 0.69 may be any loss: at most one half sure."""
    diagnosis = diagnosed({"loss": exponential(30, 5.0, 0.69, 1.5)})
    assert diagnosis.verdict in {Verdict.NOT_APPLICABLE, Verdict.STALLED}
    assert diagnosis.judgement.confidence <= 0.5
    assert "assumed" in diagnosis.judgement.because


@pytest.mark.parametrize(
    ("metrics", "base_rate", "metric", "level", "final_loss"),
    [
        ({"loss": [0.6931] * 10, "accuracy": [0.5] * 10}, 0.5, "loss", LN_2, 0.6931),
        ({"loss": [0.3251] * 10}, 0.1, "loss", H_OF_A_TENTH, 0.3251),
        (
            {"binary_crossentropy": [0.6931] * 10, "loss": [0.9] * 10},
            0.5,
            "binary_crossentropy",
            LN_2,
            0.6931,
        ),
    ],
)
def test_the_numbers_belong_to_the_metric_shown(
    metrics: dict[str, Values], base_rate: float, metric: str, level: float, final_loss: float
) -> None:
    """Metric, chance level, final loss and skill of the answer are of one curve."""
    answer = diagnosed(metrics, base_rate=base_rate).as_contract()
    assert answer["metric"] == metric
    assert answer["chance_level"] == pytest.approx(level, rel=1e-3)
    assert answer["final_loss"] == final_loss
    assert answer["skill"] == pytest.approx(1.0 - final_loss / answer["chance_level"])


def test_overfitting_shows_the_held_back_numbers() -> None:
    """Overfitting is a statement about the validation data, so its metric and skill are theirs."""
    metrics = {"loss": exponential(20, 0.69, 0.1, 6.0), "val_loss": np.linspace(0.69, 1.1, 20)}
    answer = diagnosed(metrics, base_rate=0.5).as_contract()
    assert answer["metric"] == "val_loss"
    assert answer["final_loss"] == pytest.approx(1.1)
    assert answer["skill"] < 0


@pytest.mark.parametrize(
    ("first", "last", "area", "confidence"),
    [(0.7, 1.1, 0.5, CLEAR), (0.69, 0.69, 0.5, LIKELY), (0.7, 1.1, 0.7, LIKELY)],
)
def test_held_back_rows_that_may_have_been_learned_leave_a_doubt(
    first: float, last: float, area: float, confidence: float
) -> None:
    """Overfitting is clear where the held-back loss is above chance and its ranking is at chance, too."""
    metrics = {
        "loss": exponential(20, 0.69, 0.1, 6.0),
        "val_loss": np.linspace(first, last, 20),
        "val_auc": np.full(20, area),
    }
    judgement = judge(diagnosed(metrics, base_rate=0.5).evidence, LIMITS, scorecard=None)
    assert (judgement.verdict, judgement.confidence) == (Verdict.OVERFITTING, confidence)


@pytest.mark.parametrize(
    ("trained", "held_back", "verdict", "confidence"),
    [
        (0.2, 0.1, Verdict.LEARNING, CLEAR),
        (0.0, 0.1, Verdict.LEARNING, LIKELY),  # seen on the held-back rows alone
        (0.2, 0.03, Verdict.LEARNING, LIKELY),
        (0.04, 0.015, Verdict.LEARNING, OPEN),  # half of what counts as skill: neither sound nor ill for sure
        (0.04, 0.005, Verdict.STALLED, LIKELY),
        (0.2, 0.015, Verdict.OVERFITTING, LIKELY),
    ],
)
def test_how_much_held_back_skill_makes_a_sound_run(
    trained: float, held_back: float, verdict: Verdict, confidence: float
) -> None:
    """Skill is sure where both losses show it and it is large, and memorised where they are far apart."""
    metrics = {
        "loss": exponential(40, LN_2, (1.0 - trained) * LN_2, 2.0),
        "val_loss": exponential(40, LN_2, (1.0 - held_back) * LN_2, 2.0),
    }
    found = diagnosed(metrics, {"loss": "binary_crossentropy"}, base_rate=0.5)
    judgement = judge(found.evidence, LIMITS, scorecard=None)
    assert (judgement.verdict, judgement.confidence) == (verdict, confidence), judgement.because


def test_an_unknown_share_is_named_among_the_missing() -> None:
    """Without a share of positives the skill is an upper bound, and the answer says how to make it known."""
    diagnosis = diagnosed({"loss": exponential(20, 0.7, 0.2, 6.0)})
    assert diagnosis.skill is not None
    assert diagnosis.skill.low == -math.inf
    assert diagnosis.skill.value == diagnosis.skill.high
    assert "--base-rate" in diagnosis.missing[0]


def test_flagged_is_the_contract_s_word() -> None:
    """A diagnosis is flagged exactly when its verdict asks a person to act."""
    for verdict, metrics, params, base_rate in (case.values for case in TABLE):
        assert diagnosed(metrics, params, base_rate).flagged == (verdict in FLAGGED)


def test_a_plateau_is_the_one_the_verdict_is_about() -> None:
    """A stalled run shows the plateau at its end, an escaped one the plateau it left."""
    stalled = diagnosed({"loss": history("loss", exponential(40, 3.0, LN_2, 2.0))}, base_rate=0.5)
    assert stalled.plateau is not None
    assert stalled.plateau.end == 40
    escaped = diagnosed({"loss": escape_from(50, 50, noise=0.002).values}, base_rate=0.5)
    assert escaped.plateau is not None
    assert escaped.plateau.start <= 2
    assert escaped.plateau.end_step == pytest.approx(49, abs=5)
    assert 0.4 < escaped.plateau_fraction < 0.6
    assert diagnosed({"loss": exponential(20, 0.7, 0.1, 6.0)}, base_rate=0.5).plateau is None


@pytest.mark.parametrize(
    ("cause", "metrics", "params", "base_rate"),
    [
        ("learning_rate_too_high", *STALLED["Adam 1.0: a spike, then 0.709"]),
        ("learning_rate_too_high", *STALLED["Adam 1.0: a spike, then 0.743"]),
        (
            "learning_rate_too_low",
            {"loss": np.linspace(0.6935, 0.6925, 30)},
            {"lr": "1e-6", "optimizer": "adam"},
            0.5,
        ),
        (
            "class_imbalance",
            {
                "loss": exponential(12, 0.5, 1.01 * H_OF_A_TENTH, 1.0),
                "accuracy": [0.88] + [0.9] * 11,
                "recall": [0.0] * 12,
                "val_auc": 0.7 + jitter(12, 0.01, 0),
            },
            {},
            None,
        ),
        (
            "output_loss_mismatch",
            *OTHERS[Verdict.INCONSISTENT]["a one-unit softmax trains and predicts one class"],
        ),
        ("policy_equals_reference", *STALLED["a preference loss that never leaves"]),
        ("adversarial_equilibrium", *OTHERS[Verdict.BENIGN]["a discriminator at equilibrium"]),
        ("unknown", *OTHERS[Verdict.DIVERGED]["all NaN"]),
    ],
)
def test_the_first_cause(
    cause: str, metrics: dict[str, Values], params: dict[str, str], base_rate: float | None
) -> None:
    """Where the run tells the cause it comes first; where it does not, unknown does."""
    if cause == "learning_rate_too_low":
        metrics = {**metrics, "accuracy": np.full(30, 0.5)}
    assert diagnosed(metrics, params, base_rate).cause == cause


@given(
    st.integers(5, 300),
    st.floats(0.0, 0.005),
    st.one_of(st.none(), st.sampled_from([0.1, 0.3, 0.5])),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_a_curve_alone_names_no_cause_for_sure(
    n: int,
    noise: float,
    base_rate: float | None,
    named: bool,  # noqa: FBT001 - drawn
    seed: int,
) -> None:
    """A flat loss and nothing else cannot tell the causes apart: none of them gets more than one half."""
    level = LN_2 if base_rate is None else entropy_of(base_rate)
    loss = level * (1.0 + jitter(n, noise, seed))
    diagnosis = diagnosed({"binary_crossentropy" if named else "loss": loss}, base_rate=base_rate)
    assert all(cause.probability <= 0.5 for cause in diagnosis.causes if cause.cause != "unknown")
