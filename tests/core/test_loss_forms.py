"""Losses that are no plain mean in nats: focal, summed over a batch, in bits."""

from __future__ import annotations

import numpy as np
import pytest
from made_runs import LIMITS, LN_2, Values, curve, curve_set, entropy_of, jitter, settings_of

from mlflow_bce_monitor.chance.form import PLAIN, LossForm
from mlflow_bce_monitor.chance.level import focal_chance_level
from mlflow_bce_monitor.chance.loss_form import LossForms
from mlflow_bce_monitor.curves import Role, Split

FOCAL = focal_chance_level(0.5, 2.0)
COIN = 0.5 + jitter(10, 0.02, 0)


def form(loss: Values, accuracy: Values | None = None, **params: str) -> LossForm:
    """Return the form of a loss that stands beside an accuracy."""
    companions = [] if accuracy is None else [curve(accuracy, Role.ACCURACY)]
    judged = curve(loss)
    return LossForms(curve_set(judged, *companions), settings_of(**params), LIMITS).of(judged)


@pytest.mark.parametrize(
    ("loss", "accuracy", "params", "gamma", "scale"),
    [
        ([LN_2] * 10, COIN, {}, 0.0, 1.0),
        ([0.325] * 10, [0.9] * 10, {}, 0.0, 1.0),
        ([FOCAL] * 10, COIN, {}, 2.0, 1.0),  # below ln 2 times the error rate: no cross-entropy is
        (np.linspace(FOCAL, 0.02, 10), np.linspace(0.5, 0.95, 10), {}, 2.0, 1.0),
        ([0.4] * 10, [0.5] * 10, {"focal_gamma": "1.5"}, 1.5, 1.0),  # said so
        (32.0 * LN_2 + jitter(10, 0.2, 1), COIN, {"batch_size": "32"}, 0.0, 32.0),
        (32.0 * LN_2 + jitter(10, 0.2, 1), COIN, {}, 0.0, 1.0),  # of no known batch
        (1.0 + jitter(10, 0.001, 1), COIN, {}, 0.0, 1.0 / LN_2),  # one bit
        (1.0 + jitter(10, 0.001, 1), [0.9] * 10, {}, 0.0, 1.0),
        (np.linspace(2.0, 1.0, 10), COIN, {}, 0.0, 1.0),
        ([0.7, 0.6], [0.5, 0.5], {}, 0.0, 1.0),
        ([LN_2] * 10, None, {}, 0.0, 1.0),
        ([0.0] * 10, COIN, {}, 0.0, 1.0),  # a loss of zero is no focal start
    ],
)
def test_forms(
    loss: Values, accuracy: Values | None, params: dict[str, str], gamma: float, scale: float
) -> None:
    """The form follows from what the errors allow and from where the loss stands."""
    found = form(loss, accuracy, **params)
    assert (found.gamma, found.scale) == (gamma, pytest.approx(scale))
    assert bool(found.reason) == (found != PLAIN)


def test_class_weights_leave_the_form_alone() -> None:
    """Weights below 1 bring a loss under the bound of the errors as well, so nothing is inferred then."""
    assert form([FOCAL] * 10, COIN, class_weight="{0: 0.2, 1: 0.3}") == PLAIN


def weighted(**params: str) -> LossForm:
    """Return the form of a training loss of 2.8 with these params."""
    judged = curve([2.8] * 6)
    return LossForms(curve_set(judged), settings_of(**params), LIMITS).of(judged)


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("[1. 7. 1. 7.]", 4.0),  # as NumPy prints the argument of Keras' fit
        ("[1.0, 7.0]", 4.0),
        ("[1. 7. ... 1. 7.]", 2.8 / LN_2),  # left out: the first loss tells
        ("[1. 7. 1", 2.8 / LN_2),  # cut off
        ("None", 1.0),
        ("True", 1.0),
        ("[]", 1.0),
        ("[0. 0.]", 2.8 / LN_2),
    ],
)
def test_weights_of_examples_scale_the_loss(text: str, scale: float) -> None:
    """Keras divides by the number of examples, so their mean weight is a factor of the loss."""
    assert weighted(sample_weight=text).scale == pytest.approx(scale)


def test_weights_of_examples_leave_the_validation_loss_alone() -> None:
    """Held-back data have no weights unless they were passed, which is not logged."""
    judged = curve([0.7] * 6, split=Split.VALIDATION)
    settings = settings_of(sample_weight="[1. 7.]")
    assert LossForms(curve_set(judged), settings, LIMITS).of(judged) == PLAIN


@pytest.mark.parametrize(
    ("params", "scale"),
    [
        ({"n_train": "640", "batch_size": "32"}, 20.0),  # the batch means of an epoch, added up
        ({"n_train": "20"}, 20.0),  # the loss of every row, added up
        ({"n_train": "640", "batch_size": "32", "initial_epoch": "0"}, 1.0),  # Keras divides
        ({"batch_size": "20"}, 20.0),
        ({}, 1.0),
    ],
)
def test_sums_over_an_epoch(params: dict[str, str], scale: float) -> None:
    """A loss that starts at the number of batches or rows times ln 2 was not divided by it."""
    assert form(20.0 * LN_2 + jitter(10, 0.1, 1), COIN, **params).scale == pytest.approx(scale)


def test_held_back_sums_start_where_the_training_sum_does() -> None:
    """The number of held-back batches is not logged; the start of their loss stands in."""
    train, held_back = curve([20.0 * LN_2] * 6), curve([5.0 * LN_2] * 6, split=Split.VALIDATION)
    settings = settings_of(n_train="640", batch_size="32")
    curves = curve_set(train, validation=held_back)
    assert LossForms(curves, settings, LIMITS).of(held_back).scale == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("loss", "accuracy", "scale"),
    [
        ([0.03] * 10, COIN, 0.03 / LN_2),  # a mean weight of 0.04: no cross-entropy of these errors
        ([0.45] * 10, COIN, 0.45 / LN_2),
        ([0.45] * 10, [0.85] * 10, 1.0),  # a cross-entropy of these errors may be that low
        ([0.03] * 10, None, 1.0),
        ([0.0] * 10, COIN, 1.0),
    ],
)
def test_an_unknown_factor_is_read_off_the_start(loss: Values, accuracy: Values | None, scale: float) -> None:
    """A loss too low for its errors, and not focal, is a multiple; an untrained network gives the factor."""
    assert form(loss, accuracy).scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("loss", "accuracy", "alpha", "gamma"),
    [
        ([0.1] * 10, COIN, 0.25, 2.0),  # each error costs half of what focal loss without weights asks
        ([FOCAL] * 10, COIN, None, 2.0),
        # Learned within the first epoch: too low for any other loss with so many errors.
        (np.linspace(0.06, 0.04, 10), np.linspace(0.86, 0.9, 10), None, 2.0),
    ],
)
def test_focal_losses_with_and_without_weights(
    loss: Values, accuracy: Values, alpha: float | None, gamma: float
) -> None:
    """What the errors cost tells the weights of the classes as well."""
    found = form(loss, accuracy)
    assert (found.gamma, found.alpha) == (gamma, alpha)


@pytest.mark.parametrize(
    ("name", "params", "gamma", "alpha"),
    [
        ("train_focal_loss", {}, 2.0, None),
        ("loss", {"loss": "BinaryFocalCrossentropy"}, 2.0, None),
        ("loss", {"loss": "focal", "gamma": "1.5", "alpha": "0.75"}, 1.5, 0.75),
        ("loss", {"alpha": "0.75"}, 0.0, None),
    ],
)
def test_focal_losses_by_name(name: str, params: dict[str, str], gamma: float, alpha: float | None) -> None:
    """A loss that is called focal is one, with the usual gamma where none is stated."""
    judged = curve([0.17] * 6, name=name)
    found = LossForms(curve_set(judged), settings_of(**params), LIMITS).of(judged)
    assert (found.gamma, found.alpha) == (gamma, alpha)


@pytest.mark.parametrize("name", ["bce_bits", "train/log_loss_base2", "loss_log2", "val_bce_bits"])
def test_bits_by_name(name: str) -> None:
    """A name that gives the base of the logarithm is believed."""
    judged = curve([0.9] * 6, name=name)
    assert LossForms(curve_set(judged), settings_of(), LIMITS).of(judged).scale == pytest.approx(1.0 / LN_2)


def test_smoothed_losses_are_stretched_to_their_floor() -> None:
    """A smoothed loss halfway between its floor and ln 2 counts as a plain one of half of ln 2."""
    floor = 0.5 * (LN_2 + entropy_of(0.1))
    scaled = LossForm(scale=32.0).in_nats(np.array([32.0 * floor, 32.0 * LN_2]), label_smoothing=0.2)
    assert scaled == pytest.approx([LN_2 / 2.0, LN_2])
