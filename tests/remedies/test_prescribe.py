"""What is prescribed: values follow from the case, words from the rule, nothing where nothing can help."""

from __future__ import annotations

import pytest

from mlflow_bce_monitor.contract import CAUSES, NO_CAUSE, UNKNOWN
from mlflow_bce_monitor.remedies import SETTINGS, Remedy, beyond_settings, prescribe, prescribe_jointly
from mlflow_bce_monitor.rules import BY_CODE

NAMED = [cause for cause in CAUSES if cause not in {NO_CAUSE, UNKNOWN}]
WITHOUT = {"no_signal", "adversarial_equilibrium"}


def _first(cause: str, settings: dict[str, object], facts: dict[str, object] | None = None) -> Remedy:
    return prescribe(cause, settings, facts or {})[0]


@pytest.mark.parametrize("cause", NAMED)
def test_every_cause_has_a_remedy_or_a_sentence(cause: str) -> None:
    """With nothing known there is a change, or it is said why there is none."""
    remedies = prescribe(cause, {}, {})
    assert bool(remedies) == (cause not in WITHOUT)
    if not remedies:
        assert beyond_settings(cause).endswith(".")
    for remedy in remedies:
        assert remedy.cause == cause
        assert remedy.changes
        assert remedy.changes.keys() <= SETTINGS.keys()


@pytest.mark.parametrize("cause", sorted(set(NAMED) - WITHOUT))
def test_words_are_the_advice_and_the_values(cause: str) -> None:
    """The words begin with the rule's advice and name every setting that is changed."""
    for remedy in prescribe(cause, {}, {}):
        advice, _, values = remedy.words.partition(" Here: ")
        assert advice == BY_CODE[cause].advice
        assert all(name in values for name in remedy.changes)


@pytest.mark.parametrize("cause", [UNKNOWN, NO_CAUSE, "no_such_cause"])
def test_no_remedy_without_a_cause(cause: str) -> None:
    """Where no cause is named nothing is prescribed."""
    assert prescribe(cause, {"learning_rate": 1.0}, {}) == ()


def test_an_unknown_cause_asks_for_measurements() -> None:
    """It is said that measuring comes first."""
    assert "measure first" in beyond_settings(UNKNOWN)


@pytest.mark.parametrize(
    ("cause", "settings", "facts", "changes"),
    [
        # A rate is brought to the usual one of its optimizer, or by a factor of ten where it was near it.
        ("learning_rate_too_high", {"learning_rate": 1.0, "optimizer": "Adam"}, {}, {"learning_rate": 1e-3}),
        ("learning_rate_too_high", {"learning_rate": 5.0, "optimizer": "SGD"}, {}, {"learning_rate": 3e-2}),
        (
            "learning_rate_too_high",
            {"learning_rate": 2e-3, "optimizer": "Adam"},
            {},
            {"learning_rate": 2e-4, "scale_inputs": True},
        ),
        # With a few hundred steps to make the upper end of what is usual is taken.
        (
            "learning_rate_too_low",
            {"learning_rate": 1e-7, "optimizer": "Adam"},
            {"n_updates": 1500},
            {"learning_rate": 1e-3},
        ),
        # ... and more of them are made, where the run says of how many rows, keeping the best epoch.
        (
            "learning_rate_too_low",
            {"learning_rate": 1e-7, "optimizer": "Adam", "batch_size": 32, "epochs": 10},
            {"n_updates": 500, "n_train": 1600},
            {"learning_rate": 3e-3, "epochs": 20, "early_stopping": 10},
        ),
        # With few steps a usual rate stays: it would be too high for the many.
        (
            "learning_rate_too_low",
            {"learning_rate": 3e-3, "optimizer": "Adam", "batch_size": 800, "epochs": 10},
            {"n_updates": 20, "n_train": 1600},
            {"batch_size": 32, "epochs": 20, "early_stopping": 10},
        ),
        ("learning_rate_too_low", {"learning_rate": 1e-7, "optimizer": "Adam"}, {}, {"learning_rate": 1e-3}),
        ("learning_rate_too_low", {"learning_rate": 2e-3, "optimizer": "Adam"}, {}, {"learning_rate": 2e-2}),
        (
            "learning_rate_too_high",
            {},
            {"learning_rate": 1.0, "optimizer": "adam"},
            {"learning_rate": 1e-3},
        ),
        (
            "learning_rate_too_high",
            {"learning_rate": 1.0},
            {},
            {"optimizer": "adam", "learning_rate": 1e-3, "scale_inputs": True},
        ),
        # What an experiment found goes before what is usual, where the copy learned.
        (
            "learning_rate_too_low",
            {"learning_rate": 1e-7, "optimizer": "adam"},
            {"probe_best_rate": 1e-2, "probe_best_rate_skill": 0.4},
            {"learning_rate": 1e-2},
        ),
        (
            "learning_rate_too_low",
            {"learning_rate": 1e-7, "optimizer": "adam"},
            {"probe_best_rate": 1e-2, "probe_best_rate_skill": 0.01},
            {"learning_rate": 1e-3},
        ),
        # Either class gets half of the weight.
        (
            "class_imbalance",
            {"learning_rate": 1e-3, "optimizer": "Adam"},
            {"positive_share": 0.1},
            {"class_weight": (0.5 / 0.9, 5.0)},
        ),
        (
            "class_imbalance",
            {"learning_rate": 1e-3, "optimizer": "Adam"},
            {},
            {"class_weight": "balanced"},
        ),
        # The steps of a plain gradient descent do not bear such weights; early stopping would undo them.
        (
            "class_imbalance",
            {"learning_rate": 0.02, "optimizer": "SGD", "batch_size": 32, "epochs": 10},
            {"n_updates": 500, "n_train": 1600},
            {"class_weight": "balanced", "optimizer": "adam", "learning_rate": 3e-3, "epochs": 20},
        ),
        # Boosting has no optimizer.
        (
            "class_imbalance",
            {"learning_rate": 0.1},
            {"learning_rate": 0.1, "rate_ratio": 1.0},
            {"class_weight": "balanced"},
        ),
        # A layer that bends keeps its activation.
        ("insufficient_capacity", {"hidden_units": 2, "activation": "tanh"}, {}, {"hidden_units": 32}),
        (
            "insufficient_capacity",
            {"hidden_units": (64, 4), "activation": "relu"},
            {},
            {"hidden_units": 64},
        ),
        (
            "insufficient_capacity",
            {"activation": "relu"},
            {"narrowest_layer": 200},
            {"hidden_units": 400},
        ),
        # A rate that is usual stays.
        (
            "frozen_parameters",
            {"learning_rate": 1e-3, "optimizer": "adam"},
            {},
            {"trainable": True},
        ),
    ],
)
def test_values_follow_from_the_case(
    cause: str, settings: dict[str, object], facts: dict[str, object], changes: dict[str, object]
) -> None:
    """The first remedy changes exactly this."""
    assert dict(_first(cause, settings, facts).changes) == changes


def test_too_few_steps_are_made_enough() -> None:
    """Epochs follow from the rows: 700 rows in batches of 32 are 22 steps, and a thousand are wanted."""
    changes = _first("too_few_steps", {"epochs": 5, "batch_size": 700}, {"n_train": 700}).changes
    assert changes == {"batch_size": 32, "epochs": 46, "early_stopping": 23}


def test_early_stopping_does_not_undo_class_weights() -> None:
    """Neither those that the run has, nor those that are prescribed together with more steps."""
    few: dict[str, object] = {"epochs": 5, "batch_size": 700, "class_weight": (0.5, 5.0)}
    assert "early_stopping" not in _first("too_few_steps", few, {"n_train": 700}).changes
    both = [("too_few_steps", 0.5), ("class_imbalance", 0.5)]
    found = prescribe_jointly(both, {"epochs": 5, "batch_size": 700}, {"n_train": 700})
    assert found is not None
    assert {"class_weight", "epochs"} <= found.changes.keys()
    assert "early_stopping" not in found.changes


def test_a_setting_that_has_the_value_is_left_out() -> None:
    """Scaled inputs are not scaled again, and the change is left out when nothing else remains."""
    assert prescribe("constant_inputs", {"scale_inputs": True}, {}) == ()


def test_a_small_penalty_is_not_made_larger() -> None:
    """Where dropout holds the network back, a penalty below the usual one stays as it is."""
    (remedy,) = prescribe("over_regularization", {"l2": 1e-6, "l1": 0.0, "dropout": 0.9}, {})
    assert remedy.changes == {"dropout": 0.2}


def test_boosting_gets_its_own_usual_rate() -> None:
    """Without an optimizer the rate is the one that the diagnosis compared with, unless that was a guess."""
    boosted = {"learning_rate": 1e-4, "rate_ratio": 1e-3}
    assert _first("learning_rate_too_low", {"learning_rate": 1e-4}, boosted).changes == {"learning_rate": 0.1}
    guessed = {"learning_rate": 1e-6, "rate_ratio": 1e-3}
    assert _first("learning_rate_too_low", {"learning_rate": 1e-6}, guessed).changes["optimizer"] == "adam"


def test_an_optimizer_that_the_diagnosis_did_not_know_has_its_own_usual_rate() -> None:
    """What the project calls its optimizer is asked before the rate that the diagnosis guessed."""
    guessed = {"learning_rate": 1e-9, "rate_ratio": 1e-6}
    (first, *_) = prescribe("learning_rate_too_low", {"learning_rate": 1e-9, "optimizer": "sgd"}, guessed)
    assert first.changes["learning_rate"] == pytest.approx(3e-2)
    tuned = {"learning_rate": 3e-9, "rate_ratio": 1e-4}
    (first, *_) = prescribe("learning_rate_too_low", {"learning_rate": 3e-9, "optimizer": "adam"}, tuned)
    assert first.changes["learning_rate"] == pytest.approx(3e-5)


def test_settings_that_are_none_are_unknown() -> None:
    """None says as little as an absent setting."""
    known = prescribe("over_regularization", {"l2": None, "dropout": None}, {})
    assert [one.changes for one in known] == [one.changes for one in prescribe("over_regularization", {}, {})]


def test_a_remedy_changes_only_settings_that_have_a_name() -> None:
    """A typing error in a remedy is an error that names it."""
    with pytest.raises(ValueError, match="lerning_rate"):
        Remedy("learning_rate_too_high", {"lerning_rate": 1e-3}, "")


def test_a_settled_cause_gets_its_own_change_alone() -> None:
    """Nothing else is touched where one cause is as good as certain."""
    settings = {"learning_rate": 1e-7, "optimizer": "adam"}
    found = prescribe_jointly([("learning_rate_too_low", 0.98), ("dead_relu", 0.02)], settings, {})
    assert found == _first("learning_rate_too_low", settings)


def test_uncertain_causes_are_treated_together() -> None:
    """The changes of all probable causes, and for one setting the value of the more probable one."""
    settings = {"learning_rate": 1.0, "optimizer": "adam", "l2": 0.3, "dropout": 0.0}
    candidates = [
        ("learning_rate_too_high", 0.5),
        ("over_regularization", 0.45),
        ("zero_initialization", 0.05),
    ]
    found = prescribe_jointly(candidates, settings, {})
    assert found is not None
    assert found.cause == "learning_rate_too_high"
    assert found.changes["learning_rate"] == 1e-3
    assert found.changes["l2"] == 1e-4
    assert "initializer" not in found.changes
    assert "learning_rate 1 to 0.001" in found.words


def test_an_unknown_cause_makes_everything_usual() -> None:
    """Where much of the probability is nobody's, every setting that may be unusual is made usual."""
    found = prescribe_jointly([("unknown", 0.6), ("dead_relu", 0.4)], {}, {})
    assert found is not None
    wanted = {"initializer", "activation", "learning_rate", "l2", "hidden_units", "scale_inputs", "trainable"}
    assert wanted <= found.changes.keys()


@pytest.mark.parametrize("candidates", [[], [("no_signal", 0.98), ("unknown", 0.02)]])
def test_nothing_is_prescribed_where_nothing_helps(candidates: list[tuple[str, float]]) -> None:
    """Neither to a run in no trouble nor to labels that surely carry no signal."""
    assert prescribe_jointly(candidates, {}, {}) is None


def test_what_holds_a_network_back_is_prescribed_alone_or_not_at_all() -> None:
    """Dropout against overfitting would hide what the other changes do."""
    first = prescribe_jointly([("too_few_rows", 0.6), ("no_signal", 0.4)], {}, {})
    assert first is not None
    assert first.changes == _first("too_few_rows", {}).changes
    second = prescribe_jointly([("dead_relu", 0.6), ("too_few_rows", 0.4)], {}, {})
    assert second is not None
    assert "early_stopping" not in second.changes
