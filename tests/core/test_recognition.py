"""Which of the logged metrics is the binary cross-entropy, which is its twin, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LIMITS, LN_2, Values, history, run

from mlflow_bce_monitor.curves import CurveSet, LossCertainty, Role, Split, recognise
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.records import MetricHistory
from mlflow_bce_monitor.settings import read_settings

FALLING = [0.7, 0.65, 0.6, 0.5, 0.45, 0.4]
RISING = [0.5, 0.55, 0.6, 0.7, 0.75, 0.8]
NAMED, IMPLIED, ASSUMED = LossCertainty.NAMED, LossCertainty.IMPLIED, LossCertainty.ASSUMED

SUMMARY_OF_TEN = "dense (Dense)          (None, 10)         330\n"


def recognised(
    metrics: dict[str, Values | MetricHistory],
    named: tuple[str, ...] = (),
    summary: str | None = None,
    **params: str,
) -> CurveSet:
    """Return what is recognised in a run with these metrics and params."""
    record = run(metrics, params=params, model_summary=summary)
    return recognise(record, read_settings(record), LIMITS, named)


@pytest.mark.parametrize(
    ("metrics", "params", "loss", "validation", "certainty"),
    [
        (["loss"], {}, "loss", None, ASSUMED),
        (["loss", "val_loss"], {}, "loss", "val_loss", ASSUMED),
        (["val_loss"], {}, "val_loss", None, ASSUMED),
        (["loss", "accuracy"], {}, "loss", None, IMPLIED),
        (["loss", "auc", "val_loss"], {}, "loss", "val_loss", IMPLIED),
        (
            ["loss", "binary_crossentropy", "val_loss", "val_binary_crossentropy"],
            {},
            "binary_crossentropy",
            "val_binary_crossentropy",
            NAMED,
        ),
        (["train-logloss", "eval-logloss", "train-auc"], {}, "train-logloss", "eval-logloss", NAMED),
        (
            ["training-binary_logloss", "valid_1-binary_logloss"],
            {},
            "training-binary_logloss",
            "valid_1-binary_logloss",
            NAMED,
        ),
        (
            ["validation_0-logloss", "validation_1-logloss"],
            {},
            "validation_0-logloss",
            "validation_1-logloss",
            NAMED,
        ),
        (
            ["valid_0-binary_logloss", "valid_1-binary_logloss"],
            {},
            "valid_0-binary_logloss",
            "valid_1-binary_logloss",
            NAMED,
        ),
        (["validation_0-logloss"], {}, "validation_0-logloss", None, NAMED),
        (["train_loss_step", "train_loss_epoch", "val_loss"], {}, "train_loss_epoch", "val_loss", ASSUMED),
        (["loss", "rewards/margins"], {}, "loss", None, NAMED),
        (["d_loss", "g_loss"], {}, "d_loss", None, NAMED),
        (["loss"], {"loss": "binary_crossentropy"}, "loss", None, NAMED),
        (["loss"], {"loss_fn": "BCEWithLogitsLoss()"}, "loss", None, NAMED),
        (["loss"], {"objective": "binary:logistic"}, "loss", None, NAMED),
        (["loss"], {"criterion": "CrossEntropyLoss", "num_classes": "2"}, "loss", None, NAMED),
        (["loss"], {"loss": "focal"}, "loss", None, ASSUMED),
        (["loss"], {"loss": "sigmoid_focal_loss(gamma=2.0)"}, "loss", None, NAMED),
        (["focal_loss", "val_focal_loss"], {}, "focal_loss", "val_focal_loss", NAMED),
        (["cross_entropy", "accuracy"], {}, "cross_entropy", None, IMPLIED),
        # The only loss, under a word that says no more of its kind than "loss" does, or beside an accuracy.
        (["model_loss", "val_model_loss"], {}, "model_loss", "val_model_loss", ASSUMED),
        (
            ["train/click_loss", "val/click_loss", "accuracy"],
            {},
            "train/click_loss",
            "val/click_loss",
            IMPLIED,
        ),
    ],
)
def test_the_loss_is_found(
    metrics: list[str], params: dict[str, str], loss: str, validation: str | None, certainty: LossCertainty
) -> None:
    """The best named loss is taken, with its twin, and how sure that is."""
    values = {name: RISING if "acc" in name or "auc" in name else FALLING for name in metrics}
    found = recognised(values, **params)
    assert found.loss is not None
    assert found.loss.name == loss
    assert (found.validation_loss.name if found.validation_loss else None) == validation
    assert found.certainty is certainty
    assert found.reason


@pytest.mark.parametrize(
    ("metrics", "params", "reason"),
    [
        ({}, {}, "no metrics"),
        ({"accuracy": RISING}, {}, "no loss: 'accuracy'"),
        ({"loss": FALLING, "mae": FALLING}, {}, "'mae'"),
        ({"loss": FALLING, "val_mean_squared_error": FALLING}, {}, "another kind of loss"),
        ({"loss": FALLING, "perplexity": [2.0] * 6}, {}, "'perplexity'"),
        ({"loss": FALLING}, {"loss": "mse"}, "not a binary cross-entropy"),
        ({"loss": FALLING}, {"loss": "<keras.losses.Huber>"}, "not a binary cross-entropy"),
        ({"loss": FALLING}, {"objective": "reg:squarederror"}, "not a binary cross-entropy"),
        ({"loss": FALLING}, {"criterion": "CrossEntropyLoss", "num_classes": "10"}, "num_classes"),
        ({"loss": FALLING, "accuracy": RISING}, {"num_classes": "5"}, "not a binary problem"),
        (
            {"loss": FALLING},
            {"task_type": "CAUSAL_LM"},
            "params['task_type'] = 'CAUSAL_LM': no classification",
        ),
        ({"loss": [-0.1, -0.5, -1.0, -2.0, -2.5]}, {}, "negative values"),
        ({"loss": [2.3, 2.0, 1.0, 0.5, 0.3], "accuracy": [0.1, 0.3, 0.6, 0.8, 0.9]}, {}, "than two classes"),
        ({"box_loss": FALLING}, {}, "no loss: 'box_loss'; pass --metric"),
        ({"kl_loss": FALLING, "lr": FALLING}, {}, "none of the 2 metrics is a loss"),
        (
            {"cls_loss": FALLING, "box_loss": FALLING, "accuracy": RISING},
            {},
            "none of the 3 metrics is a loss",
        ),
        # Without a generator it is the loss of some other d.
        ({"d_loss": FALLING}, {}, "no loss: 'd_loss'"),
    ],
)
def test_no_binary_cross_entropy(metrics: dict[str, Values], params: dict[str, str], reason: str) -> None:
    """A run without a binary cross-entropy gets none, and the reason says what spoke against it."""
    found = recognised(metrics, **params)
    assert found.loss is None
    assert found.certainty is None
    assert reason in found.reason


def test_a_summary_with_ten_outputs_is_no_binary_problem() -> None:
    """The model summary tells the number of classes when nothing else does."""
    assert recognised({"loss": FALLING, "accuracy": RISING}, summary=SUMMARY_OF_TEN).loss is None


SUMMARY_OF_ONE = "dense (Dense)          (None, 1)           33\n"


def test_one_output_is_a_binary_problem_however_it_starts() -> None:
    """A penalty lifts the first loss to that of a softmax with the same accuracy; one output is none."""
    metrics = {"loss": [1.42, 1.02, 0.77, 0.5, 0.3], "accuracy": [0.42, 0.6, 0.8, 0.9, 0.95]}
    assert recognised(metrics, summary=SUMMARY_OF_ONE).certainty is IMPLIED
    assert recognised(metrics).loss is None


@pytest.mark.parametrize(
    ("metrics", "params"),
    [
        ({"loss": FALLING, "binary_accuracy": RISING}, {}),  # asked for by name: one label for each output
        # An argmax of ten sigmoids is wrong far more often than a softmax of such a loss could be.
        ({"loss": FALLING, "accuracy": [0.1, 0.15, 0.2, 0.2, 0.25, 0.25]}, {}),
        ({"loss": FALLING}, {"problem_type": "multi_label_classification"}),
        ({"loss": FALLING}, {"multi_label": "True"}),
        ({"loss": FALLING}, {"loss": "MultiLabelSoftMarginLoss()"}),
    ],
)
def test_ten_outputs_may_be_ten_labels(metrics: dict[str, Values], params: dict[str, str]) -> None:
    """A yes-or-no label for each output is a mean of binary cross-entropies."""
    found = recognised(metrics, summary=SUMMARY_OF_TEN, **params)
    assert found.loss is not None
    assert found.n_labels == 10
    assert found.companion(Role.ACCURACY, Split.TRAIN) is None


def test_the_caller_may_have_a_softmax_judged() -> None:
    """A loss over ten classes that is asked for is compared with ln 10, without binary companions."""
    metrics = {"loss": [2.3] * 6, "accuracy": [0.1] * 6, "auc": [0.5] * 6, "lr": [0.1] * 6}
    found = recognised(metrics, ("loss",), summary=SUMMARY_OF_TEN)
    assert (found.n_classes, found.n_labels) == (10, 1)
    assert set(found.companions) == {(Role.LEARNING_RATE, Split.TRAIN)}


def test_error_rates_stand_in_for_accuracies() -> None:
    """One minus the error of a boosted model is its accuracy."""
    found = recognised({"train-logloss": FALLING, "train-error": [0.5, 0.4, 0.3, 0.2, 0.1, 0.1]})
    accuracy = found.companion(Role.ACCURACY, Split.TRAIN)
    assert accuracy is not None
    assert accuracy.values.tolist() == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 0.9])
    assert accuracy.removed == ("taken from 1",)


def test_binary_metrics_outweigh_a_regression_metric() -> None:
    """Keras users add MSE to a classifier as well: precision and recall say what it is."""
    found = recognised({"loss": FALLING, "mse": FALLING, "precision": RISING, "recall": RISING})
    assert found.certainty is IMPLIED


def test_a_named_loss_outweighs_every_contradiction() -> None:
    """A metric called binary cross-entropy is one, whatever stands beside it."""
    assert recognised({"binary_crossentropy": FALLING, "mae": FALLING}).certainty is NAMED


def test_validation_points_all_at_step_zero_are_the_second_choice() -> None:
    """Keras autologging repeats ``evaluate`` as ``validation_*`` at step 0; the curve per epoch is better."""
    repeated = history("validation_loss", [0.9] * 6, steps=[0] * 6)
    found = recognised({"loss": FALLING, "validation_loss": repeated, "val_loss": [0.7] * 6})
    assert found.validation_loss is not None
    assert found.validation_loss.name == "val_loss"


def test_the_longer_curve_is_taken() -> None:
    """Hugging Face logs a one-point ``train_loss`` beside the curve ``loss``."""
    found = recognised({"train_loss": [0.5], "loss": FALLING})
    assert found.loss is not None
    assert found.loss.name == "loss"


def test_the_penalised_loss_is_kept_beside_a_named_one() -> None:
    """Keras' ``loss`` carries the regularisation penalty that ``binary_crossentropy`` does not."""
    found = recognised({"loss": [1.5] * 6, "binary_crossentropy": FALLING})
    assert found.loss is not None
    assert found.loss.name == "binary_crossentropy"
    assert found.penalised is not None
    assert found.penalised.name == "loss"


@pytest.mark.parametrize(
    "names", [("validation_0", "validation_1", "logloss"), ("valid_0", "valid_1", "binary_logloss")]
)
def test_set_zero_is_training_for_every_metric(names: tuple[str, str, str]) -> None:
    """The first entry of ``eval_set`` is the training data, for its AUC as for its loss."""
    first, second, loss = names
    found = recognised(
        {
            f"{first}-{loss}": FALLING,
            f"{second}-{loss}": [0.7] * 6,
            f"{first}-auc": [0.99] * 6,
            f"{second}-auc": [0.5] * 6,
        }
    )
    training, held_back = found.companion(Role.AUC, Split.TRAIN), found.companion(Role.AUC, Split.VALIDATION)
    assert training is not None
    assert held_back is not None
    assert (training.name, held_back.name) == (f"{first}-auc", f"{second}-auc")


@pytest.mark.parametrize(
    ("logged", "read"),
    [
        ([50.0, 75.0, 90.0], [0.5, 0.75, 0.9]),  # percent
        ([0.5, 0.75, 1.00001], [0.5, 0.75, 1.00001]),  # float32 rounding
        ([0.5, 0.75, 0.9], [0.5, 0.75, 0.9]),
        ([500.0, 700.0, 800.0], None),  # a count
        ([-0.5, 0.1, 0.2], None),
    ],
)
def test_an_accuracy_is_a_share(logged: list[float], read: list[float] | None) -> None:
    """Accuracies in percent become shares, and what is neither is no accuracy."""
    found = recognised({"loss": FALLING, "accuracy": logged}).companion(Role.ACCURACY, Split.TRAIN)
    assert (None if found is None else found.values.tolist()) == (
        None if read is None else pytest.approx(read)
    )


@pytest.mark.parametrize(
    ("named", "loss", "validation"),
    [
        (("my_metric",), "my_metric", None),
        (("loss",), "loss", "val_loss"),  # the twin is found by its name
        (("loss", "val_loss"), "loss", "val_loss"),
        (("val_loss",), "val_loss", None),
        (("nothing", "loss"), "loss", "val_loss"),
    ],
)
def test_the_caller_names_the_metric(named: tuple[str, ...], loss: str, validation: str | None) -> None:
    """A metric the caller names is taken without a question, with its twin."""
    found = recognised({"loss": FALLING, "val_loss": FALLING, "my_metric": FALLING, "mae": FALLING}, named)
    assert found.loss is not None
    assert found.loss.name == loss
    assert (found.validation_loss.name if found.validation_loss else None) == validation
    assert found.certainty is NAMED


@pytest.mark.parametrize("named", [("nothing",), ("Loss",), ("empty",)])
def test_a_metric_that_is_not_there_is_an_error(named: tuple[str, ...]) -> None:
    """The error repeats what was asked for, lists what there is, and says what to do."""
    with pytest.raises(RunError, match=r"no metric named .* found: .*'loss'.*Pass --metric"):
        recognised({"loss": FALLING, "empty": []}, named)


def test_an_empty_history_is_no_curve() -> None:
    """A metric without points is as good as not logged."""
    assert recognised({"loss": []}).loss is None


@given(
    st.dictionaries(
        st.sampled_from(
            ["loss", "val_loss", "accuracy", "auc", "mae", "d_loss", "g_loss", "train-logloss", "x"]
        ),
        st.lists(st.floats(), max_size=8),
        max_size=5,
    )
)
def test_any_mixture_is_recognised_the_same_in_any_order(metrics: dict[str, list[float]]) -> None:
    """The order in which a store lists the metrics decides nothing."""
    forward = recognised(dict(metrics))
    backward = recognised(dict(reversed(metrics.items())))
    for first, second in ((forward.loss, backward.loss), (forward.validation_loss, backward.validation_loss)):
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            assert first.name == second.name
            assert np.array_equal(first.values, second.values, equal_nan=True)
    assert forward.certainty is backward.certainty
    assert forward.companions.keys() == backward.companions.keys()


def test_curves_carry_what_was_taken_out_of_them() -> None:
    """The curve remembers in words what the cleaning did."""
    found = recognised({"loss": history("loss", [LN_2] * 5, steps=[0] * 5)})
    assert found.loss is not None
    assert found.loss.removed == ("all 5 points were logged at step 0: ordered by time",)
