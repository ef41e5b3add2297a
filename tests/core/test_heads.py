"""Models with several outputs: which sub-loss is judged, and when the total is no cross-entropy."""

from __future__ import annotations

import numpy as np
import pytest
from made_runs import LIMITS, LN_2, Values, curve, entropy_of, history, run

from mlflow_bce_monitor.curves import CurveSet, LossCertainty, Role, Split, recognise
from mlflow_bce_monitor.curves.heads import Head, heads_of, is_sum_of, read_for, share_left
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.settings import read_settings

FLAT = [LN_2] * 8
FALLING = [0.7, 0.62, 0.5, 0.42, 0.35, 0.3, 0.27, 0.25]
STEEP = [5.0, 3.0, 2.0, 1.2, 0.7, 0.4, 0.2, 0.1]
COIN = [0.5] * 8
RISING = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.87, 0.9]


def recognised(metrics: dict[str, Values], **params: str) -> CurveSet:
    """Return what is recognised in a run with these metrics and params."""
    record = run(metrics, params=params)
    return recognise(record, read_settings(record), LIMITS)


def total(*parts: Values, weights: tuple[float, ...] | None = None) -> Values:
    """Return the weighted sum of some losses."""
    return np.average(np.stack(parts), axis=0, weights=weights) * (sum(weights) if weights else len(parts))


@pytest.mark.parametrize(
    ("metrics", "heads"),
    [
        (["loss", "click_loss", "price_loss"], ["click", "price"]),
        (["loss", "click_loss", "val_click_loss"], ["click"]),
        (["click_loss", "price_loss"], ["click", "price"]),  # nobody logged the sum
        (["train/loss", "train/click_loss"], ["click"]),
        (["loss", "loss_click", "is_spam_loss"], ["click", "is spam"]),
        (["click_loss"], []),  # the only loss of a run is no part of one
        (["loss", "val_loss", "accuracy"], []),
        (["loss", "binary_crossentropy"], []),
        (["g_loss", "d_loss", "disc_loss"], []),
    ],
)
def test_heads_are_found_by_their_losses(metrics: list[str], heads: list[str]) -> None:
    """A head is what stands before or behind "loss" in the name of a part beside a whole or other parts."""
    assert [head.name for head in heads_of(metrics)] == heads


def test_the_head_that_fell_least_is_judged() -> None:
    """A flat binary head is found under a falling total and beside one that learns."""
    found = recognised(
        {
            "loss": total(FLAT, FALLING, STEEP),
            "click_loss": FLAT,
            "val_click_loss": FLAT,
            "click_accuracy": COIN,
            "open_loss": FALLING,
            "open_accuracy": RISING,
            "price_loss": STEEP,
            "price_mae": STEEP,
            "lr": [0.01] * 8,
        }
    )
    assert found.loss is not None
    assert found.validation_loss is not None
    assert (found.loss.name, found.validation_loss.name) == ("click_loss", "val_click_loss")
    assert found.certainty is LossCertainty.IMPLIED
    assert "'click'" in found.reason
    assert found.penalised is None


def test_a_head_has_its_own_companions() -> None:
    """Metrics of another head say nothing about this one; the learning rate is that of all."""
    found = recognised(
        {
            "loss": total(FLAT, FALLING),
            "click_loss": FLAT,
            "click_auc": COIN,
            "open_loss": FALLING,
            "open_accuracy": RISING,
            "lr": [0.01] * 8,
        }
    )
    companions = {(role, split): companion.name for (role, split), companion in found.companions.items()}
    assert companions == {(Role.AUC, Split.TRAIN): "click_auc", (Role.LEARNING_RATE, Split.TRAIN): "lr"}


@pytest.mark.parametrize(
    "metrics",
    [
        {"loss": total(FLAT, STEEP), "binary_loss": FLAT, "other_loss": STEEP},
        {"loss": total(FLAT, STEEP), "bce_loss": FLAT, "dice_loss": STEEP},
    ],
)
def test_a_named_part_is_judged_and_the_rest_is_no_penalty(metrics: dict[str, Values]) -> None:
    """What the total has on top of a named part are the other parts."""
    found = recognised(metrics)
    assert found.loss is not None
    assert found.loss.name in ("binary_loss", "bce_loss")
    assert found.certainty is LossCertainty.NAMED
    assert found.penalised is None


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 2.0)])
def test_a_sum_of_unknown_parts_is_no_cross_entropy(weights: tuple[float, float]) -> None:
    """A total that is known to be a sum is not judged, and the reason names its parts."""
    found = recognised({"loss": total(FALLING, STEEP, weights=weights), "a_loss": FALLING, "b_loss": STEEP})
    assert found.loss is None
    assert "'a_loss', 'b_loss'" in found.reason
    assert "--metric" in found.reason


@pytest.mark.parametrize(
    "metrics",
    [
        {"loss": FALLING, "aux_loss": STEEP},  # one part: nothing says that the loss holds it
        {"loss": FALLING, "aux_loss": STEEP, "reg_loss": RISING},  # no sum of these
        {"loss": FALLING[:3], "aux_loss": STEEP[:3], "reg_loss": RISING[:3]},  # too few points to tell
        {"loss": [0.0] * 8, "aux_loss": [0.0] * 8, "reg_loss": [0.0] * 8},
        {"loss": [np.nan] * 8, "aux_loss": STEEP, "reg_loss": RISING},
    ],
)
def test_other_losses_beside_it_leave_the_loss_alone(metrics: dict[str, Values]) -> None:
    """Where the loss is not known to be a sum it is judged as if it stood alone."""
    found = recognised(metrics)
    assert found.loss is not None
    assert found.loss.name == "loss"


def test_a_head_over_many_classes_is_left_out() -> None:
    """A head that starts at ln k with accuracy 1/k is a softmax; the next one is judged."""
    softmax = [2.3, 2.0, 1.5, 1.2, 1.0, 0.9, 0.85, 0.8]
    found = recognised(
        {
            "loss": total(softmax, FALLING),
            "topic_loss": softmax,
            "topic_accuracy": [0.1, 0.3, 0.5, 0.6, 0.65, 0.7, 0.72, 0.74],
            "click_loss": FALLING,
            "click_accuracy": RISING,
        }
    )
    assert found.loss is not None
    assert found.loss.name == "click_loss"


def test_what_the_summary_says_of_the_last_layer_is_not_said_of_every_head() -> None:
    """The number of classes of one head does not rule another out."""
    metrics = {"loss": total(FALLING, STEEP), "click_loss": FALLING, "click_auc": RISING, "topic_loss": STEEP}
    found = recognised(metrics, num_classes="10", loss="mse")
    assert found.loss is not None
    assert found.loss.name == "click_loss"


@pytest.mark.parametrize(
    ("values", "left"),
    [(FLAT, 1.0), ([2.0, 1.0, 1.0, 1.0], 0.5), ([0.0, 1.0], 0.0), ([], 0.0), ([np.nan, 4.0, 1.0], 0.625)],
)
def test_share_left(values: Values, left: float) -> None:
    """The level of the last fifth, at least three points, is compared with the first number."""
    assert share_left(curve(values), LIMITS) == pytest.approx(left)


def test_a_sum_needs_common_steps() -> None:
    """Parts that were logged at other steps cannot be added up."""
    parts = [history("a_loss", FALLING), history("b_loss", STEEP, steps=range(100, 108))]
    assert not is_sum_of(history("loss", total(FALLING, STEEP)), parts)
    assert not is_sum_of(history("loss", FALLING), parts[:1])


def test_the_share_of_positives_that_was_measured_at_an_output() -> None:
    """The chance level of a head is that of its own labels, as the callback counted them."""
    metrics = {
        "loss": total(FALLING, STEEP),
        "click_loss": FALLING,
        "click_accuracy": RISING,
        "buy_loss": STEEP,
        "buy_accuracy": RISING,
        "bce/click/positive_share": [0.1] * 8,
        "bce/buy/positive_share": [0.4] * 8,
        "bce/click/output_mean": [0.2] * 8,
        "val_click_loss": FALLING,
        "bce/click/validation_positive_share": [0.2] * 8,
    }
    found = diagnose(run(metrics))
    assert found.metric == "click_loss"
    assert found.chance is not None
    assert found.chance.share.value == pytest.approx(0.1)
    assert found.chance.share.source == "metric 'bce/click/positive_share'"
    assert found.chance.value == pytest.approx(entropy_of(0.1))
    assert found.validation_chance is not None
    assert found.validation_chance.share.source == "metric 'bce/click/validation_positive_share'"
    assert found.validation_chance.share.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("bce/click/positive_share", Role.POSITIVE_SHARE),
        ("bce/click/validation_positive_share", Role.POSITIVE_SHARE),
        ("bce/buy/positive_share", None),
        ("bce/buy/validation_positive_share", None),
        ("bce/positive_share", None),
        ("bce/click/accuracy", None),
        ("bce/click/recomputed", None),
        ("bce/learning_rate", None),
        ("click_accuracy", Role.ACCURACY),
    ],
)
def test_what_the_names_of_measurements_mean_for_a_head(name: str, role: Role | None) -> None:
    """Of what the callback measured the head's share of positives is read, and nothing else."""
    reading = read_for(Head("click", ("click_loss",)), name)
    assert (reading.role if reading is not None else None) == role


def test_an_output_with_a_number_for_its_name() -> None:
    """Outputs that Keras named are told apart by their numbers."""
    head = Head("dense 2", ("dense_2_loss",))
    assert read_for(head, "bce/dense_2/positive_share") is not None
    assert read_for(head, "bce/dense_1/positive_share") is None
    assert read_for(head, "bce/dense/positive_share") is None
