"""Accuracies that repeat: the share of a class that is always predicted, or all there is to learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from made_runs import LIMITS, LN_2, curve, curve_set, entropy_of, settings_of

from mlflow_bce_monitor.chance.form import PLAIN, LossForm
from mlflow_bce_monitor.chance.level import focal_chance_level
from mlflow_bce_monitor.chance.one_class import share_of_one_class
from mlflow_bce_monitor.curves import Role, Split

LEARNED = [0.7, 0.55, 0.42, 0.33, 0.28, 0.26, 0.25, 0.25, 0.25, 0.25]
"""A loss that ends at what an error of 0.1 leaves, which is below H(0.1) = 0.325."""
RISING = [0.5, 0.7, 0.8, 0.86, 0.89, 0.9, 0.9, 0.9, 0.9, 0.9]
AT_CHANCE = [0.7, 0.5, 0.36, 0.33, 0.326, 0.325, 0.325, 0.325, 0.325, 0.325]
AT_ONCE = [0.6, *[0.9] * 9]


def share(
    loss: Sequence[float],
    accuracy: Sequence[float],
    form: LossForm = PLAIN,
    held_back: tuple[Sequence[float], Sequence[float]] | None = None,
    name: str = "loss",
    area: Sequence[float] | None = None,
    **params: str,
) -> float | None:
    """Return the share that the training accuracy of a run tells."""
    validation, companions = None, [curve(accuracy, Role.ACCURACY)]
    if held_back is not None:
        validation = curve(held_back[0], split=Split.VALIDATION)
        companions.append(curve(held_back[1], Role.ACCURACY, Split.VALIDATION))
    if area is not None:
        companions.append(curve(area, Role.AUC))
    curves = curve_set(curve(loss, name=name), *companions, validation=validation)
    found = share_of_one_class(Split.TRAIN, curves, settings_of(**params), LIMITS, form)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("loss", "accuracy", "expected"),
    [
        (AT_CHANCE, AT_ONCE, 0.1),
        (AT_CHANCE, [0.1] * 10, 0.1),  # the rarer class is always predicted
        ([0.5, 0.36, 0.33, 0.3, 0.27, 0.25, 0.22, 0.2, 0.18, 0.16], AT_ONCE, 0.1),  # then learned to rank
        (LEARNED, RISING, None),
        # A softmax of one unit: errors of calibrated predictions cost more, so nothing was learned there.
        ([0.5, 0.3, 0.15, 0.1, 0.06, 0.05, 0.05, 0.05, 0.05, 0.05], [0.5] * 10, 0.5),
    ],
)
def test_a_loss_below_the_entropy_was_learned_before(
    loss: list[float], accuracy: list[float], expected: float | None
) -> None:
    """One class is predicted at the entropy of the labels or above; what has skill already predicts both."""
    found = share(loss, accuracy)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("form", "smoothing", "factor", "offset"),
    [
        (LossForm(scale=32.0), "0", 32.0, 0.0),
        (LossForm(scale=1.0 / LN_2), "0", 1.0 / LN_2, 0.0),
        (PLAIN, "0.2", (LN_2 - entropy_of(0.1)) / LN_2, entropy_of(0.1)),
    ],
)
def test_the_form_of_the_loss_does_not_matter(
    form: LossForm, smoothing: str, factor: float, offset: float
) -> None:
    """The same trainings in other units tell the same: a sum, bits, smoothed labels with their floor."""
    learned, at_chance = (factor * np.array(losses) + offset for losses in (LEARNED, AT_CHANCE))
    assert share(learned, RISING, form, label_smoothing=smoothing) is None
    assert share(at_chance, AT_ONCE, form, label_smoothing=smoothing) == pytest.approx(0.1)


def test_a_focal_loss_has_a_level_of_its_own() -> None:
    """Standing at the focal level of a share is standing at one class; well below is not."""
    level = focal_chance_level(0.1, 2.0)
    form = LossForm(gamma=2.0)
    assert share([0.17, *[level] * 9], AT_ONCE, form) == pytest.approx(0.1)
    assert share([0.17, *[0.6 * level] * 9], [0.6, 0.8, *[0.9] * 8], form) is None


def test_weights_of_the_classes_leave_the_loss_out_of_it() -> None:
    """Under class weights the loss of one class for everything is not the entropy of its share."""
    assert share(LEARNED, RISING, class_weight="{0: 1, 1: 1.5}") == pytest.approx(0.1)


def test_what_one_split_shows_holds_for_the_other() -> None:
    """A model predicts one class at a time or does not, whichever rows it is asked about."""
    drifting = [0.5, 0.7, 0.8, 0.86, 0.89, 0.91, 0.92, 0.92, 0.92, 0.92]
    assert share([0.7, *[0.34] * 9], AT_ONCE) == pytest.approx(0.1)
    assert share([0.7, *[0.34] * 9], AT_ONCE, held_back=(LEARNED, drifting)) == pytest.approx(0.1)
    assert share([0.7, *[0.34] * 9], AT_ONCE, held_back=([0.2] * 10, [0.9] * 10)) is None


def test_dropout_moves_the_training_accuracy_alone() -> None:
    """A held-back accuracy that never changes is one class's, whatever dropout does in training."""
    losses = [0.69, 0.679, 0.679, 0.673, 0.67, 0.668, 0.668, 0.668, 0.667, 0.667]
    accuracies = [0.606, 0.616, 0.614, 0.613, 0.615, 0.612, 0.615, 0.615, 0.615, 0.61]
    held_back = [0.687, 0.681, 0.68, 0.679, 0.678, 0.678, 0.678, 0.678, 0.678, 0.678]
    assert share(losses, accuracies, held_back=(held_back, [0.587] * 10)) == pytest.approx(0.385)


def test_a_split_without_the_rarer_class_is_all_right_from_the_start() -> None:
    """A held-back set of eighty rows may have none of two percent positives: its accuracy is 1 at once."""
    losses, accuracies = [0.55, 0.33, 0.2, 0.13, 0.11, *[0.1] * 5], [0.87, *[0.98] * 9]
    found = share(losses, accuracies, held_back=([0.37, 0.2, 0.1, *[0.05] * 7], [1.0] * 10))
    assert found == pytest.approx(0.02)


def test_neighbours_of_the_last_accuracy_under_a_falling_loss_were_learned() -> None:
    """A network that learns comes to its last accuracy through the values beside it."""
    losses = [0.65, 0.5, 0.4, 0.33, 0.3, 0.28, 0.27, 0.26, 0.26, 0.26]
    assert share(losses, [0.7, 0.8, 0.86, 0.875, 0.88, *[0.8875] * 5]) is None


def test_an_untrained_network_repeats_its_accuracy() -> None:
    """Frozen weights predict both classes, always the same: their accuracy is no share."""
    assert share([0.919] * 10, [0.2] * 10) is None
    assert share([0.6931] * 10, [0.2] * 10) == pytest.approx(0.2)  # outputs of exactly one half are one class


def test_weights_move_what_an_untrained_network_begins_with() -> None:
    """Under weights 0.5 costs more than ln 2: one class is predicted there, both are elsewhere."""
    drifting, weights = [0.72, 0.72, *[0.73] * 8], "{0: 1.0, 1: 4.0}"
    half = LN_2 * (0.73 + 4.0 * 0.27)
    assert share([half] * 10, drifting, class_weight=weights) == pytest.approx(0.27)
    assert share([0.87 * half] * 10, drifting, class_weight=weights) is None


def test_errors_made_with_certainty_are_no_rare_class() -> None:
    """Who ranks at 0.97 under a loss of 16 for each error predicts both classes."""
    assert share([2.2, 0.6, *[0.458] * 8], [0.67, 0.97, *[0.9714] * 8], area=[0.97] * 10) is None


def test_a_split_on_which_all_is_right_has_no_one_class() -> None:
    """An accuracy of 1 on the other split would be a split without positives."""
    assert share([0.7, *[0.34] * 9], AT_ONCE, held_back=([0.05] * 10, [1.0] * 10)) is None


@pytest.mark.parametrize(
    ("name", "loss", "expected"),
    [
        # Boosting starts from the share of positives: from 0.55 no share of 0.1 is left.
        ("train-logloss", [0.55, 0.45, 0.4, 0.36, 0.33, 0.3, 0.28, 0.26, 0.25, 0.24], None),
        ("training-binary_logloss", [0.55, 0.45, 0.4, 0.36, 0.33, 0.3, 0.28, 0.26, 0.25, 0.24], None),
        ("train-logloss", [0.32, 0.31, 0.3, 0.29, 0.28, 0.27, 0.26, 0.25, 0.24, 0.23], 0.1),
        ("train-logloss", [0.6, 0.5, 0.42, 0.37, 0.35, 0.34, 0.33, 0.326, 0.325, 0.325], 0.1),  # of 2022
        ("loss", [0.55, 0.45, 0.4, 0.36, 0.33, 0.3, 0.28, 0.26, 0.25, 0.24], 0.1),
    ],
)
def test_boosting_starts_from_the_share(name: str, loss: list[float], expected: float | None) -> None:
    """One tree gives an accuracy that the next few leave as it is; the first loss tells it from one class."""
    found = share(loss, [0.9] * 10, name=name)
    assert found == (None if expected is None else pytest.approx(expected))


def test_dips_after_it_do_not_count() -> None:
    """A network that stood at one class and then learned predicted both classes only later."""
    loss = [0.7, *[0.33] * 5, 0.28, 0.2, 0.15, 0.12, 0.1, 0.1]
    accuracy = [0.6, *[0.9] * 5, 0.86, 0.85, 0.86, 0.95, 0.97, 0.98]
    assert share(loss, accuracy) == pytest.approx(0.1)


JUMPING = [5.3, 2.7, 0.9, 0.57, 0.69, 0.51, 0.62, 0.55, 0.53, 0.59]
"""A loss whose rate is far too high: it comes near chance and jumps about it."""


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ([0.8, 0.2, 0.8, 0.8, 0.8, 0.2, 0.8, 0.8, 0.8, 0.8], 0.2),
        ([0.8, 0.2, 0.8, 0.8, 0.8, 0.2, 0.8, 0.8, 0.8, 0.2], 0.2),
        ([0.8, 0.2, 0.8, 0.7, 0.8, 0.2, 0.75, 0.8, 0.2, 0.8], None),  # some rows are told apart
        ([0.8, 0.3, 0.8, 0.3, 0.8, 0.8, 0.3, 0.8, 0.3, 0.8], None),  # they do not add up to 1
    ],
)
def test_two_accuracies_that_add_up_to_one_are_those_of_either_class(
    accuracy: list[float], expected: float | None
) -> None:
    """One class for everything, now the one and now the other: no other model hits both numbers."""
    assert share(JUMPING, accuracy) == (None if expected is None else pytest.approx(expected))


def test_swapped_accuracies_with_a_recall_of_both_classes_tell_nothing() -> None:
    """A recall between 0 and 1 shows that both classes are predicted."""
    accuracy, recall = curve([0.8, 0.2] * 5, Role.ACCURACY), [0.4] * 10
    curves = curve_set(curve(JUMPING), accuracy, curve(recall, Role.RECALL))
    assert share_of_one_class(Split.TRAIN, curves, settings_of(), LIMITS, PLAIN) is None


def test_the_last_recall_says_which_class_it_is() -> None:
    """With everything called positive the accuracy is the share of positives."""
    recall = [0.0, 1.0] * 5
    curves = curve_set(curve(JUMPING), curve([0.2, 0.8] * 5, Role.ACCURACY), curve(recall, Role.RECALL))
    found = share_of_one_class(Split.TRAIN, curves, settings_of(), LIMITS, PLAIN)
    assert found is not None
    assert found.value == pytest.approx(0.8)
