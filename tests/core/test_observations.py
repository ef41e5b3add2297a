"""The observations that belong to no cause: when they are made, what they read, and how they are weighed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import LIMITS
from test_rules_contract import FULL_EVIDENCE, SOME_EVIDENCE, Watched, evidence_of

from mlflow_bce_monitor.calibration import FITTED, LEAST_SHOWN, Calibration
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.observations import QUESTIONS, Question, Seen, observe
from mlflow_bce_monitor.rules import BY_CODE, NotAssessed, Outcome, RuledOut, Supported
from mlflow_bce_monitor.rules.rule import Piece
from mlflow_bce_monitor.rules.weighing import weigh

BY_QUESTION = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
KEYS = {key for question in QUESTIONS for key in question.observations()}


def keys(**facts: FactValue) -> set[str]:
    """Return the observations made on these facts."""
    return {one.key for one in observe(evidence_of(facts), QUESTIONS, LIMITS)}


@BY_QUESTION
def test_a_question_has_an_answer_for_every_number(question: Question) -> None:
    """Cuts rise, there is one answer more than cuts, and each has a word of its own."""
    cuts = question.cuts(LIMITS)
    assert sorted(set(cuts)) == list(cuts)
    assert len(question.answers) == len(cuts) + 1
    assert len({answer.key for answer in question.answers}) == len(question.answers)


@BY_QUESTION
def test_a_question_is_about_known_facts(question: Question) -> None:
    """Everything it is answered by is in the catalogue, and its clauses can stand in a sentence."""
    assert question.facts
    assert set(question.facts) <= CATALOGUE.keys()
    assert set(question.about) <= BY_CODE.keys()
    for answer in question.answers:
        assert answer.clause
        assert not answer.clause.endswith(".")
        assert answer.clause[0].islower() or answer.clause.startswith("{")


def test_no_two_observations_share_a_key() -> None:
    """Weights go by the key alone."""
    assert len(KEYS) == sum(len(question.answers) for question in QUESTIONS)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rate_ratio": 1.0}, {"rate_usual"}),
        ({"rate_ratio": 1000.0}, {"rate_far_above"}),
        ({"rate_ratio": 0.03}, {"rate_far_below"}),
        ({"movement": 0.0}, {"moved_not"}),
        ({"constant_loss": True}, {"repeats_yes"}),
        ({"constant_loss": False}, {"repeats_no"}),
        ({"fit_gap": 0.0}, {"gap_none"}),
        ({"narrowest_layer": 4}, {"width_narrow"}),
        ({"narrowest_layer": 32}, {"width_wide"}),
        ({"n_features": 100, "narrowest_layer": 2}, {"width_narrow", "squeeze_bottleneck"}),
        ({"n_parameters": 900, "n_train": 0}, {"freedom_very_much"}),
        ({"depth": 6}, {"depth_deep"}),
        ({"ranking": "at chance"}, {"ranks_no"}),
        ({"ranking": "unclear"}, {"ranks_unclear"}),
        ({"ranking": "above chance"}, {"ranks_yes"}),
        ({"siblings_learned": 0}, {"sibling_learned_no"}),
        ({"end_skill": math.nan}, set()),
        ({"n_points": 10}, set()),
        ({}, set()),
    ],
)
def test_each_fact_gives_the_observation_that_a_reader_expects(
    facts: dict[str, FactValue], expected: set[str]
) -> None:
    """Edges included; what is not known is not observed."""
    assert keys(**facts) == expected


def test_numbers_are_said_as_rules_say_them() -> None:
    """The same words as in the rules, so that one clause stands for both."""
    seen = observe(evidence_of({"rate_ratio": 1000.0, "n_updates": 20}), QUESTIONS, LIMITS)
    assert {one.clause for one in seen} == {
        "the learning rate is 1,000 times the usual one for the optimizer",
        "only 20 updates were made",
    }


@settings(max_examples=100)
@given(FULL_EVIDENCE)
def test_a_question_reads_only_what_it_declares(facts: dict[str, FactValue]) -> None:
    """Or a fact that is missing would raise an error."""
    for question in QUESTIONS:
        watched = Watched(evidence_of(facts).facts())
        question.measure(watched)
        assert watched.asked <= set(question.facts), question.key


@given(SOME_EVIDENCE)
def test_at_most_one_answer_of_a_question_holds(facts: dict[str, FactValue]) -> None:
    """Any facts, infinite ones too, give answers that are known, each question's once."""
    seen = observe(evidence_of(facts), QUESTIONS, LIMITS)
    assert {one.key for one in seen} <= KEYS
    asked = [question.key for question in QUESTIONS if set(question.facts) <= facts.keys()]
    assert len(seen) == len(asked)
    assert all("{" not in one.clause for one in seen)


# --- weighed -------------------------------------------------------------------------

SEEN = (Seen("moved_not", "the loss does not move at all"), Seen("rate_usual", "the learning rate is usual"))


def weighed(across: dict[str, dict[str, float]], said: Outcome) -> Outcome:
    """Return what becomes of one rule's outcome."""
    return Calibration(across=across).weighed({"dead_relu": said}, Verdict.STALLED, SEEN)["dead_relu"]


def test_an_observation_of_no_rule_speaks_for_and_against_causes() -> None:
    """Its weight is added to that of the rule's own, and it is said in words."""
    across = {"moved_not": {"dead_relu": 1.0}, "rate_usual": {"dead_relu": -2.0, "no_signal": 3.0}}
    outcome = weighed(across, weigh(Piece("shock", 0.5, "it was thrown")))
    assert isinstance(outcome, Supported)
    assert outcome.weight == pytest.approx(-0.5)
    assert outcome.speaks_for == ("the loss does not move at all", "it was thrown")
    assert outcome.speaks_against == ("the learning rate is usual",)


def test_what_is_said_twice_is_said_once_with_both_weights() -> None:
    """A rule's own clause and the same one of a shared observation are one."""
    own = Piece("rate_usual", -1.0, "the learning rate is usual")
    outcome = weighed({"rate_usual": {"dead_relu": -0.5}, "moved_not": {"dead_relu": 1.2}}, weigh(own))
    assert isinstance(outcome, Supported)
    assert outcome.speaks_against == ("the learning rate is usual",)
    assert outcome.because == "the learning rate is usual"  # 1.5 against 1.2


def test_small_signs_are_named_until_next_to_nothing_is_left() -> None:
    """Two signs that tell nothing alone tell something together, so the stronger one is said."""
    small = LEAST_SHOWN * 0.8
    both = {"moved_not": {"dead_relu": small}, "rate_usual": {"dead_relu": small * 0.9}}
    outcome = weighed(both, weigh())
    assert isinstance(outcome, Supported)
    assert outcome.weight == pytest.approx(1.9 * small)
    assert outcome.speaks_for == ("the loss does not move at all",)
    alone = weighed({"moved_not": {"dead_relu": small}}, weigh())
    assert isinstance(alone, Supported)
    assert alone.weight == pytest.approx(small)
    assert alone.speaks_for == ()


@given(st.lists(st.floats(-3.0, 3.0), min_size=len(KEYS), max_size=len(KEYS)))
def test_what_has_no_words_moves_no_probability_by_much(weights: list[float]) -> None:
    """Whatever the weights, the pieces add up, and those without a clause stay below the limit together."""
    across = {key: {"dead_relu": weight} for key, weight in zip(sorted(KEYS), weights, strict=True)}
    seen = tuple(Seen(key, f"clause {key}") for key in sorted(KEYS))
    outcome = Calibration(across=across).weighed({"dead_relu": weigh()}, Verdict.STALLED, seen)["dead_relu"]
    assert isinstance(outcome, Supported)
    assert outcome.weight == pytest.approx(math.fsum(weights), abs=1e-9)
    silent = sum(piece.weight for piece in outcome.pieces if not piece.clause)
    assert abs(silent) < LEAST_SHOWN + 1e-9


@pytest.mark.parametrize("said", [RuledOut("cannot be"), NotAssessed(("auc",)), Supported(1.0, "seen")])
def test_shared_observations_open_no_case_that_a_rule_closed(said: Outcome) -> None:
    """What is ruled out stays so, and what lacks a fact stays with ``unknown``."""
    assert weighed({"moved_not": {"dead_relu": 3.0}}, said) == said


def test_what_is_shipped_is_about_observations_and_causes_that_exist() -> None:
    """A renamed question would silently lose its weights."""
    assert FITTED.across.keys() <= KEYS
    about = {
        key: question.about or tuple(BY_CODE) for question in QUESTIONS for key in question.observations()
    }
    assert all(weights.keys() <= set(about[key]) for key, weights in FITTED.across.items())
    assert all(math.isfinite(weight) for weights in FITTED.across.values() for weight in weights.values())
