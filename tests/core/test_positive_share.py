"""The share of positives: from confusion matrices, one-class accuracies, statements and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_runs import LIMITS, Values, curve, curve_set, history, run, settings_of

from mlflow_bce_monitor.chance import chances_of
from mlflow_bce_monitor.chance.level import loss_of_constant
from mlflow_bce_monitor.chance.positive_share import PositiveShares
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import DatasetInput
from mlflow_bce_monitor.settings import Settings, read_settings
from mlflow_bce_monitor.verdicts import judge

COUNTS = st.integers(0, 5_000)
LOSS = curve([0.7] * 5)


def rates(tp: int, fp: int, fn: int, tn: int) -> tuple[float, float, float]:
    """Return accuracy, precision and recall of a confusion matrix, each 0 where it is not defined."""
    n = tp + fp + fn + tn
    return (tp + tn) / n, tp / (tp + fp) if tp + fp else 0.0, tp / (tp + fn) if tp + fn else 0.0


def metrics_of(*matrices: tuple[int, int, int, int], split: Split = Split.TRAIN) -> CurveSet:
    """Return the curves of accuracy, precision and recall, one point a confusion matrix, in float32."""
    accuracy, precision, recall = np.array([rates(*matrix) for matrix in matrices], dtype=np.float32).T
    return curve_set(
        LOSS,
        curve(accuracy, Role.ACCURACY, split),
        curve(precision, Role.PRECISION, split),
        curve(recall, Role.RECALL, split),
    )


def share_in(curves: CurveSet, settings: Settings | None = None, split: Split = Split.TRAIN) -> float | None:
    """Return the share that is found."""
    return PositiveShares(curves, settings or Settings(), None, LIMITS).of(split).value


@given(COUNTS, COUNTS, COUNTS, COUNTS)
@example(50, 30, 50, 870)
def test_a_solved_share_is_the_true_one(tp: int, fp: int, fn: int, tn: int) -> None:
    """Whatever the confusion matrix, the share solved from its rates is right or not given at all."""
    n = tp + fp + fn + tn
    if n == 0:
        return
    found = share_in(metrics_of((tp, fp, fn, tn)))
    if found is not None:
        # float32 rates divided by a denominator of at least share_condition and an error of share_min_error.
        assert found == pytest.approx((tp + fn) / n, abs=2e-3)


@pytest.mark.parametrize(
    ("matrix", "share"),
    [
        ((50, 30, 50, 870), 0.1),
        ((420, 100, 80, 400), 0.5),
        ((5, 20, 5, 970), 0.01),
        ((850, 60, 50, 40), 0.9),
        ((100, 900, 0, 0), 0.1),  # everything is called positive
    ],
)
def test_ordinary_confusion_matrices_are_solved(matrix: tuple[int, int, int, int], share: float) -> None:
    """The algebra gives the share of ordinary classifiers to three digits, so it is not merely silent."""
    assert share_in(metrics_of(matrix)) == pytest.approx(share, abs=1e-3)


def test_several_epochs_are_solved_by_their_median() -> None:
    """Epochs with other predictions on the same labels agree on the share, and bound it."""
    curves = metrics_of((50, 30, 50, 870), (60, 60, 40, 840), (20, 5, 80, 895), (90, 300, 10, 600))
    found = PositiveShares(curves, Settings(), None, LIMITS).of(Split.TRAIN)
    assert found.value == pytest.approx(0.1, abs=1e-4)
    assert found.low <= 0.1 + 1e-6
    assert found.high >= 0.1 - 1e-6
    assert "solved" in found.source


def test_rates_averaged_over_the_classes_are_not_solved() -> None:
    """scikit-learn's weighted recall is the accuracy: there is nothing to solve, and nothing is claimed."""
    curves = curve_set(
        LOSS,
        curve([0.81, 0.84], Role.ACCURACY),
        curve([0.856, 0.861], Role.PRECISION),
        curve([0.81, 0.84], Role.RECALL),
    )
    assert share_in(curves) is None


def test_rates_that_disagree_over_the_epochs_are_not_solved() -> None:
    """Rates of several thresholds give another share each epoch, so none of them is taken."""
    shares = [0.1, 0.2, 0.3, 0.4, 0.5]
    points = [rates(int(500 * s), 100, int(500 * s), int(900 - 1000 * s)) for s in shares]
    accuracy, precision, recall = np.array(points).T
    curves = curve_set(
        LOSS,
        curve(accuracy, Role.ACCURACY),
        curve(precision, Role.PRECISION),
        curve(recall, Role.RECALL),
    )
    assert share_in(curves) is None


@pytest.mark.parametrize(
    ("accuracy", "recall", "share"),
    [
        ([0.9] * 5, [0.0] * 5, 0.1),  # everything negative: accuracy is the share of negatives
        ([0.9] * 5, [1.0] * 5, 0.9),  # everything positive: accuracy is the share of positives
        ([0.1] * 5, [1.0] * 5, 0.1),
        ([0.88, 0.9, 0.9, 0.9, 0.9], None, 0.1),
        ([0.9, 0.9, 0.9, 0.93, 0.95], None, 0.1),  # it stood there for a while
        ([0.25] * 5, None, None),  # the loss never moved: any untrained predictions repeat their accuracy
        ([0.9] * 5, [0.3] * 5, None),  # both classes are predicted
        ([0.9, 0.9], None, None),  # twice may be chance
        ([0.90, 0.91, 0.89, 0.92, 0.9], None, None),
        ([1.0] * 5, None, None),
        ([0.0] * 5, None, None),
        ([float("nan")] * 5, None, None),
    ],
)
def test_a_constant_accuracy_is_that_of_one_class(
    accuracy: list[float], recall: list[float] | None, share: float | None
) -> None:
    """An accuracy that repeats to the digit is the share of the class that is always predicted."""
    companions = [curve(accuracy, Role.ACCURACY)]
    if recall is not None:
        companions.append(curve(recall, Role.RECALL))
    found = share_in(curve_set(LOSS, *companions))
    assert found == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("params", "share"),
    [
        ({"positive_share": "0.1"}, 0.1),
        ({"train/pos_rate": "0.2"}, 0.2),
        ({"prevalence": "0.03"}, 0.03),
        ({"base_rate": "1.5"}, None),
        ({"positive_share": "a tenth"}, None),
        ({"positive_share": "0"}, None),
        ({"val_positive_share": "0.2"}, 0.2),  # borrowed from the other split
        ({"positiveShare": "0.4"}, 0.4),
        ({}, None),
    ],
)
def test_a_stated_share_is_taken(params: dict[str, str], share: float | None) -> None:
    """Params state the share under many names; what is no share is not taken."""
    assert share_in(curve_set(LOSS), settings_of(**params)) == share


def test_the_base_rate_beats_everything() -> None:
    """What the caller says is taken before what the run says."""
    curves = metrics_of((50, 30, 50, 870))
    found = PositiveShares(curves, settings_of(positive_share="0.3"), 0.7, LIMITS).of(Split.TRAIN)
    assert (found.value, found.low, found.high) == (0.7, 0.7, 0.7)


@pytest.mark.parametrize("base_rate", [0.0, 1.0, -0.1, 1.5, float("nan"), float("inf")])
def test_an_impossible_base_rate_is_refused(base_rate: float) -> None:
    """A base rate outside of (0, 1) is an error that repeats what was received."""
    with pytest.raises(ValueError, match=r"share of positives in \(0, 1\), got"):
        Question(base_rate=base_rate)


@pytest.mark.parametrize("base_rate", [5e-324, 1e-200, 1e-12, 1.0 - 1e-16])
def test_an_extreme_base_rate_still_gives_a_chance_level(base_rate: float) -> None:
    """A share next to 0 or 1 leaves a positive chance level to divide by."""
    diagnosis = diagnose(run({"loss": [0.7] * 6}), Question(base_rate=base_rate))
    assert diagnosis.chance is not None
    assert 0.0 < diagnosis.chance.value < 1e-6


def test_a_stated_share_beats_the_algebra() -> None:
    """A logged fact is better than one that was solved for."""
    assert share_in(metrics_of((50, 30, 50, 870)), settings_of(positive_share="0.3")) == 0.3


def test_the_share_of_each_split_is_kept_apart() -> None:
    """A share stated for one split holds for that one and widens for the other."""
    settings = settings_of(train_positive_share="0.5", val_positive_share="0.1")
    for split, expected in ((Split.TRAIN, 0.5), (Split.VALIDATION, 0.1)):
        found = PositiveShares(curve_set(LOSS), settings, None, LIMITS).of(split)
        assert (found.value, found.low, found.high) == (expected, expected, expected)
    borrowed = PositiveShares(curve_set(LOSS), settings_of(train_positive_share="0.5"), None, LIMITS).of(
        Split.VALIDATION
    )
    assert borrowed.value == 0.5
    assert borrowed.low == pytest.approx(0.5 - LIMITS.share_between_splits)
    assert borrowed.high == pytest.approx(0.5 + LIMITS.share_between_splits)
    assert "train data" in borrowed.source


@pytest.mark.parametrize(
    ("weights", "share"),
    [
        ("{0: 1, 1: 9}", 0.1),
        ("{0: 0.5556, 1: 5.0}", 0.1),
        ("{0: 9, 1: 1}", 0.9),
        ("balanced", None),
        ("{0: 0, 1: 9}", None),
    ],
)
def test_class_weights_hint_at_the_share(weights: str, share: float | None) -> None:
    """Weights that would balance the classes give their share, with wide bounds and the assumption named."""
    found = PositiveShares(curve_set(LOSS), settings_of(class_weight=weights), None, LIMITS).of(Split.TRAIN)
    assert found.value == (None if share is None else pytest.approx(share, abs=1e-3))
    if share is not None:
        assert found.low < share < found.high
        assert "if the weights balance" in found.source


def test_an_unknown_share_is_bounded_by_everything() -> None:
    """Nothing known means no value and the bounds 0 and 1, never a silent 0.5."""
    found = PositiveShares(curve_set(LOSS), Settings(), None, LIMITS).of(Split.TRAIN)
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


def test_a_metric_states_the_share() -> None:
    """The callback's metric ``bce/positive_share`` is a logged fact."""
    diagnosis = diagnose(run({"loss": [0.7] * 6, "bce/positive_share": [0.125] * 6}))
    assert diagnosis.chance is not None
    assert diagnosis.chance.share.value == 0.125
    assert diagnosis.chance.known


def test_the_callback_counts_the_held_back_labels_too() -> None:
    """One positive in a hundred trained on, three in a thousand held back: chance there is no skill."""
    metrics = {
        "loss": [0.34, 0.1, 0.067, *[0.0586] * 17],
        "val_loss": [0.13, 0.05, 0.036, *[0.0265] * 17],
        "bce/positive_share": [0.0107] * 20,
    }
    found = diagnose(run({**metrics, "bce/validation_positive_share": [0.0033] * 20}))
    assert found.validation_chance is not None
    assert found.validation_chance.share.source == "metric 'bce/validation_positive_share'"
    assert found.validation_chance.share.value == pytest.approx(0.0033)
    assert found.verdict is Verdict.STALLED


RARE = {"loss": [0.34, 0.1, 0.067, *[0.0586] * 17], "val_loss": [0.13, 0.05, 0.036, *[0.0265] * 17]}
KNOWN = {"loss": [0.34, 0.1, 0.067, *np.linspace(0.055, 0.045, 17)], "val_loss": RARE["val_loss"]}
COMMON = {"loss": [0.7, 0.66, *[0.642] * 18], "val_loss": [0.7, 0.6, *[0.5] * 18]}


@pytest.mark.parametrize(
    ("metrics", "params", "verdict"),
    [
        (RARE, {"positive_share": "0.0107"}, Verdict.STALLED),
        (RARE, {"train_positive_share": "0.0107"}, Verdict.STALLED),
        (RARE, {"train_positive_share": "0.0107", "val_positive_share": "0.0107"}, Verdict.LEARNING),
        ({**RARE, "val_auc": [0.8] * 20}, {"positive_share": "0.0107"}, Verdict.LEARNING),
        (KNOWN, {"positive_share": "0.0107"}, Verdict.LEARNING),
        (COMMON, {"positive_share": "0.35"}, Verdict.LEARNING),
    ],
    ids=["of the run", "of the training", "own", "ranked", "seen in training", "not rare"],
)
def test_skill_that_fewer_of_a_rare_class_would_explain(
    metrics: dict[str, Values], params: dict[str, str], verdict: Verdict
) -> None:
    """A held-back loss below the chance level of other labels is no skill where nothing else shows any."""
    judgement = judge(diagnose(run(metrics, params)).evidence, LIMITS, scorecard=None)
    assert judgement.verdict is verdict, judgement.because


def test_the_level_with_fewer_of_the_rarer_class() -> None:
    """Three hundredths fewer positives, or fewer negatives where those are rarer."""
    settings = settings_of(train_positive_share="0.9", loss="binary_crossentropy")
    curves = curve_set(curve([0.33] * 9), validation=curve([0.3] * 9, split=Split.VALIDATION))
    (_, trained), (_, held_back) = chances_of(curves, settings, None, LIMITS)
    assert trained.if_rarer is None
    assert held_back.if_rarer == pytest.approx(loss_of_constant(0.9, 0.93))


@pytest.mark.parametrize(
    ("stated", "share"),
    [(0.2, 0.2), (True, None), (10**400, None), ("0.2", None), (None, None), (float("nan"), None), (1, None)],
)
def test_a_data_set_profile_states_the_share(stated: object, share: float | None) -> None:
    """A number between 0 and 1 in the profile of a data set input counts, anything else does not."""
    record = run(datasets=(DatasetInput("rows", profile={"positive_share": stated}),))
    settings = read_settings(record)
    assert share_in(curve_set(LOSS), settings) == share


def test_rates_are_compared_at_common_steps() -> None:
    """A metric logged more rarely than the others is solved for at the steps they share."""
    accuracy, precision, recall = rates(50, 30, 50, 870)
    record = run(
        {
            "loss": [0.4] * 8,
            "accuracy": history("accuracy", [accuracy] * 4 + [0.5] * 4, steps=range(8)),
            "precision": history("precision", [precision, precision], steps=[1, 3]),
            "recall": history("recall", [0.9, recall, 0.9, recall], steps=[0, 1, 2, 3]),
        }
    )
    diagnosis = diagnose(record)
    assert diagnosis.chance is not None
    assert diagnosis.chance.share.value == pytest.approx(0.1, abs=1e-6)


def test_infinite_rates_are_passed_over() -> None:
    """Rates that overflowed are left out, and the others still tell the share."""
    accuracy, precision, recall = rates(50, 30, 50, 870)
    curves = curve_set(
        LOSS,
        curve([np.inf, accuracy, np.nan], Role.ACCURACY),
        curve([precision, precision, precision], Role.PRECISION),
        curve([np.inf, recall, recall], Role.RECALL),
    )
    assert share_in(curves) == pytest.approx(0.1)


def test_nothing_in_common_is_nothing_solved() -> None:
    """Metrics that share no step are not paired by position."""
    curves = curve_set(
        LOSS,
        curve([0.9, 0.91], Role.ACCURACY),
        Curve("precision", Role.PRECISION, Split.TRAIN, np.array([5, 6]), np.array([0.6, 0.6])),
        Curve("recall", Role.RECALL, Split.TRAIN, np.array([7, 8]), np.array([0.5, 0.5])),
    )
    assert share_in(curves) is None


RISING = [0.71, 0.8, 0.85, 0.88, 0.9, 0.92, 0.93, 0.95, *[0.9714] * 6]
FALLING = np.linspace(0.64, 0.125, len(RISING))


def test_a_learned_accuracy_that_repeats_a_value_is_no_share() -> None:
    """A loss that was low while the accuracy was lower belongs to a trained model."""
    diagnosis = diagnose(run({"loss": FALLING, "accuracy": RISING}))
    assert diagnosis.chance is not None
    assert not diagnosis.chance.known
    assert diagnosis.verdict.value == "learning"


def test_splits_that_repeat_different_values_give_no_share() -> None:
    """Two splits of one data set have nearly the same share; 97 % here and 87 % there are skills."""
    rising = [0.6, 0.65, 0.7, 0.75, 0.8]
    train, validation = [*rising, *[0.97] * 4], [*rising, *[0.87] * 4]
    curves = curve_set(LOSS, curve(train, Role.ACCURACY), curve(validation, Role.ACCURACY, Split.VALIDATION))
    assert share_in(curves) is None


def test_splits_that_stand_all_along_may_differ() -> None:
    """A validation set of fifty rows may well hold another share, and both accuracies never move."""
    falling = curve(np.linspace(0.68, 0.6, 9))
    curves = curve_set(
        falling, curve([0.72] * 9, Role.ACCURACY), curve([0.655] * 9, Role.ACCURACY, Split.VALIDATION)
    )
    assert share_in(curves) == pytest.approx(0.28)
    assert share_in(curves, split=Split.VALIDATION) == pytest.approx(0.345)


def test_a_short_repetition_in_the_middle_is_chance() -> None:
    """Accuracies are n-ths, so three equal neighbours among fifty mean nothing."""
    wandering = 0.95 + 0.01 * np.sin(np.arange(50.0))
    wandering[30:33] = 0.9567
    assert share_in(curve_set(LOSS, curve(wandering, Role.ACCURACY))) is None
