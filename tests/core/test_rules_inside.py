"""What rules read off the callback's measurements: pieces of evidence by the course that a training took."""

from __future__ import annotations

import pytest
from made_runs import LIMITS
from test_rules_contract import evidence_of

from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.rules import BY_CODE, Outcome, RuledOut, Supported

ALIVE: dict[str, FactValue] = {
    "inside_dead_units": 0.0,
    "inside_zero_kernels": 0.0,
    "inside_equal_units": 0.0,
    "inside_constant_features": 0.0,
    "inside_arriving_sd": 1.0,
    "inside_initial_gradient_ratio": 0.2,
    "inside_gradient_ratio": 0.2,
    "inside_initial_output_sd": 0.1,
    "inside_batch_norm": False,
}
"""A network that can learn."""

DEEP: dict[str, FactValue] = {"depth": 9, "movement": 0.001, "peak_ratio": 1.0}

FLAT: dict[str, FactValue] = {
    "end_falling": False,
    "end_spread": 0.001,
    "peak_ratio": 1.0,
    "constant_loss": False,
    "movement": 0.01,
    "first_ratio": 1.0,
    "end_level": 0.7,
    "end_skill": 0.0,
}


def said(code: str, *known: dict[str, FactValue], **facts: FactValue) -> Outcome:
    """Return what a rule says of some facts; later ones replace earlier ones."""
    together: dict[str, FactValue] = {}
    for some in (*known, facts):
        together |= some
    return BY_CODE[code].assess(evidence_of(together), LIMITS)


def keys(outcome: Outcome) -> set[str]:
    """Return the keys of the pieces that were measured inside the training."""
    assert isinstance(outcome, Supported)
    return {piece.key for piece in outcome.pieces if piece.key.startswith("inside_")}


def test_a_deep_network_with_gradients_cannot_have_lost_them() -> None:
    """Every layer gets a fair part from the first step to the last."""
    assert isinstance(said("vanishing_gradients", DEEP, ALIVE), RuledOut)


def test_first_outputs_without_differences_speak_for_vanishing_gradients() -> None:
    """Eight tanh layers with weights of 0.01: all kernels get equally little, and the ratio looks sound."""
    mute = said("vanishing_gradients", DEEP, ALIVE, inside_initial_output_sd=1.6e-12)
    assert keys(mute) == {"inside_mute"}
    assert isinstance(mute, Supported)
    assert "1.6e-12" in mute.because


def test_outputs_of_exactly_one_half_are_as_mute() -> None:
    """Ten layers leave differences below float32: the rows get 0.5 to the bit, and the first loss is ln 2."""
    mute: dict[str, FactValue] = {"inside_initial_output_sd": 0.0, "start_off_untrained": 0.0004}
    assert keys(said("vanishing_gradients", DEEP, ALIVE, mute)) == {"inside_mute"}
    for other in (
        {"inside_initial_dead_units": 1.0},
        {"start_off_untrained": 0.3},
        {"inside_constant_features": 1.0},
        {"inside_zero_kernels": 1.0},
    ):
        assert isinstance(said("vanishing_gradients", DEEP, ALIVE, mute, other), RuledOut), other


def test_a_gradient_that_has_grown_was_enough() -> None:
    """Embeddings below recurrent layers begin with little; where next to nothing has grown it is not."""
    grown = {"inside_initial_gradient_ratio": 0.004, "inside_gradient_ratio": 0.1}
    assert keys(said("too_few_steps", FLAT, ALIVE, grown)) == {"inside_alive"}
    for hardly in ({"inside_gradient_ratio": 0.015}, {"inside_initial_gradient_ratio": 1e-4}):
        assert keys(said("too_few_steps", FLAT, ALIVE, grown, hardly)) == {"inside_not_alive"}


@pytest.mark.parametrize(
    ("moved", "key"), [(0.4, set()), (5.0, {"inside_moved_far"}), (60.0, {"inside_thrown"})]
)
def test_weights_far_from_where_they_began_speak_for_a_rate_too_high(moved: float, key: set[str]) -> None:
    """Sound rates leave them within a few of their sizes; where they were thrown, the loss need not be."""
    calm: dict[str, FactValue] = {"had_non_finite": False, "spike_count": 0, "rate_ratio": 200.0}
    outcome = said("learning_rate_too_high", FLAT, ALIVE, calm, inside_moved=moved)
    assert keys(outcome) == key
    assert isinstance(outcome, Supported)
    assert ("calm" in {piece.key for piece in outcome.pieces}) == (not key)


def test_what_a_shed_penalty_moves_was_not_thrown() -> None:
    """Weights of 10 that are shrunk to 1 end far from where they began, at a usual rate."""
    shed: dict[str, FactValue] = {"inside_first_penalty": 80.0, "inside_penalty": 0.5, "inside_moved": 12.0}
    calm: dict[str, FactValue] = {"had_non_finite": False, "spike_count": 0}
    assert keys(said("learning_rate_too_high", FLAT, ALIVE, calm, shed)) == {"inside_shed"}


@pytest.mark.parametrize(
    ("level", "ratio", "key"), [(0.9, 1.3, {"inside_shed"}), (7.2, 10.4, {"inside_moved_far"})]
)
def test_a_penalty_that_was_shed_leaves_no_mistakes(level: float, ratio: float, key: set[str]) -> None:
    """At a rate 2,000 times the usual one a penalty goes down too, and predictions are certain and wrong."""
    shed: dict[str, FactValue] = {"inside_first_penalty": 4.8, "inside_penalty": 1.1, "inside_moved": 4.0}
    calm: dict[str, FactValue] = {"had_non_finite": False, "spike_count": 0, "rate_ratio": 2000.0}
    outcome = said("learning_rate_too_high", FLAT, ALIVE, calm, shed, end_level=level, end_ratio=ratio)
    assert keys(outcome) == key
    decayed = said("over_regularization", FLAT, ALIVE, shed, end_level=level, end_ratio=ratio)
    assert ("inside_shed" in keys(decayed)) == (key == {"inside_shed"})


@pytest.mark.parametrize(
    ("distance", "key"),
    [
        (1.9, "inside_no_signal"),
        (2.5, None),
        (3.5, "inside_some_signal"),
        (4.0, "inside_signal"),
    ],
)
def test_signal_goes_by_how_far_above_permuted_labels_it_is(distance: float, key: str | None) -> None:
    """From three standard deviations on it is hardly chance, from four on signal; below two it is none."""
    found: dict[str, FactValue] = {"inside_reference_auc": 0.6, "inside_reference_detectable": 0.58}
    outcome = said("no_signal", FLAT, found, inside_reference_distance=distance, validation_falling=False)
    assert keys(outcome) == (set() if key is None else {key})


@pytest.mark.parametrize(
    ("units", "features", "key"),
    [(2.0, 2.0, "tiny"), (4.0, 2.0, "narrow_data"), (2.0, 20.0, "bottleneck"), (2.0, None, "narrow")],
)
def test_narrow_layers_go_by_what_comes_in(units: float, features: float | None, key: str) -> None:
    """Two units are few whatever comes in; four are for many features alone."""
    known: dict[str, FactValue] = {} if features is None else {"n_features": features}
    outcome = said("insufficient_capacity", FLAT, known, narrowest_layer=units)
    assert isinstance(outcome, Supported)
    widths = {"tiny", "narrow_data", "bottleneck", "narrow", "middling", "wide"}
    assert {piece.key for piece in outcome.pieces} & widths == {key}


def test_a_reference_learner_that_needs_no_more_rows_speaks_against_too_few_of_them() -> None:
    """Batch normalisation in its first steps: held-back rows fare badly, and another learner knows them."""
    gap: dict[str, FactValue] = {"fit_gap": 0.6, "best_validation_skill": -0.1, "n_train": 1050}
    found: dict[str, FactValue] = {"inside_reference_distance": 20.0, "inside_reference_detectable": 0.58}
    sure = said("too_few_rows", gap, found, inside_reference_auc=1.0)
    some = said("too_few_rows", gap, found, inside_reference_auc=0.7)
    assert "inside_enough_rows" in keys(sure)
    assert "inside_enough_rows" not in keys(some)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"inside_initial_output_sd": 0.0}, "a ReLU output at its zero"),
        ({"inside_initial_output_sd": 4e-16, "peak_ratio": 5.0}, "a sigmoid output close to its end"),
        ({"inside_initial_output_sd": 1e-12, "inside_batch_norm": True}, "no averages to measure with yet"),
        ({"inside_initial_output_sd": 1e-3}, "a sound network"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_equal_outputs_with_another_reason_do_not(facts: dict[str, FactValue], why: str) -> None:
    """What else makes first outputs equal says nothing of the way through the layers."""
    assert isinstance(said("vanishing_gradients", DEEP, ALIVE, facts), RuledOut), why


def test_a_gradient_that_the_training_has_destroyed_speaks_against_vanishing_gradients() -> None:
    """Adam at 2.0: fair gradients before the first step, none after the last."""
    lost = said("vanishing_gradients", DEEP, ALIVE, inside_gradient_ratio=0.0)
    never = said(
        "vanishing_gradients", DEEP, ALIVE, inside_gradient_ratio=0.0, inside_initial_gradient_ratio=1e-6
    )
    assert keys(lost) == {"inside_lost"}
    assert keys(never) == {"inside_vanished"}
    assert isinstance(lost, Supported)
    assert isinstance(never, Supported)
    assert lost.weight < 0.0 < never.weight


def test_before_its_first_batch_a_normalised_network_is_not_measured() -> None:
    """It has no averages yet: units that seem dead with those it starts with live in the training."""
    facts = {"inside_initial_gradient_ratio": 0.0, "inside_batch_norm": True}
    alive = said("too_few_steps", FLAT, ALIVE, facts)
    assert keys(alive) == {"inside_alive"}
    assert keys(said("too_few_steps", FLAT, ALIVE, facts, inside_batch_norm=False)) == {"inside_not_alive"}


def test_a_mute_network_cannot_learn() -> None:
    """More steps are no remedy where the rows do not differ at the output."""
    assert keys(said("too_few_steps", FLAT, ALIVE, inside_initial_output_sd=1e-9)) == {"inside_not_alive"}


@pytest.mark.parametrize(
    ("first", "last", "key"),
    [(80.0, 79.0, "inside_idle_penalty"), (80.0, 5.0, "inside_shed"), (80.0, 30.0, "inside_penalty")],
)
def test_a_penalty_counts_for_what_it_does_to_the_weights(first: float, last: float, key: str) -> None:
    """A large one that has not shrunk them is that of large first weights, and not too strong."""
    assert keys(said("over_regularization", FLAT, inside_first_penalty=first, inside_penalty=last)) == {key}


BLOCKED: dict[str, FactValue] = {"dropout": 0.97, "inside_update_ratio": 0.0, "rate_ratio": 1.0}


def test_dropout_that_lets_no_gradient_through_is_no_small_rate() -> None:
    """Gradients are measured without dropout and arrive; with it no weight changes at a usual rate."""
    assert keys(said("over_regularization", FLAT, ALIVE, BLOCKED)) == {"inside_blocked"}
    assert "inside_tiny_update" not in keys(said("learning_rate_too_low", FLAT, ALIVE, BLOCKED))


@pytest.mark.parametrize("facts", [{"dropout": 0.5}, {"inside_update_ratio": 0.01}, {"rate_ratio": 0.001}])
def test_dropout_blocks_only_when_nothing_else_does(facts: dict[str, FactValue]) -> None:
    """Usual dropout does not, changes show that it did not, and a tiny rate changes nothing by itself."""
    blocked = {**BLOCKED, **facts}
    assert keys(said("over_regularization", FLAT, ALIVE, blocked)) == set()


def test_a_rate_that_has_fallen_was_not_too_small_before() -> None:
    """The last epoch of a decayed rate changes next to nothing, of weights that have moved far."""
    still = {"inside_update_ratio": 1e-6, "rate_ratio": 1.0}
    assert keys(said("learning_rate_too_low", FLAT, ALIVE, still, inside_moved=0.001)) == {
        "inside_alive",
        "inside_tiny_update",
    }
    assert keys(said("learning_rate_too_low", FLAT, ALIVE, still, inside_moved=0.2)) == {"inside_alive"}
