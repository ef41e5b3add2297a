"""Probabilities of the causes: their sum, their order, and what missing facts do to them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LIMITS

from mlflow_bce_monitor.calibration import HAND_SET
from mlflow_bce_monitor.contract import FLAGGED, UNKNOWN, Tier, Verdict
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.measurements import advised, next_measurements
from mlflow_bce_monitor.ranking import consult, rank
from mlflow_bce_monitor.rules import BY_CODE, RULES, NotAssessed, Outcome, RuledOut, Supported

CODES = [rule.code for rule in RULES]
NOTHING: Evidence = Evidence()


def evidence_of(**facts: FactValue) -> Evidence:
    """Return these facts as evidence."""
    return Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in facts.items()))


def probabilities(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """Return cause to probability for a stalled run."""
    return {cause.cause: cause.probability for cause in rank(Verdict.STALLED, outcomes, RULES)}


def all_but(given_outcome: Outcome, **others: Outcome) -> dict[str, Outcome]:
    """Return one outcome for every rule, save those named."""
    return {**dict.fromkeys(CODES, given_outcome), **others}


OUTCOMES = st.one_of(
    st.builds(Supported, st.floats(-6.0, 6.0), st.just("seen")),
    st.just(RuledOut("cannot be")),
    st.just(NotAssessed(("validation_auc",))),
)
ALL_OUTCOMES = st.fixed_dictionaries(dict.fromkeys(CODES, OUTCOMES))


@given(ALL_OUTCOMES)
def test_probabilities_are_a_distribution(outcomes: dict[str, Outcome]) -> None:
    """They add up to 1, lie in [0, 1], come in falling order, and unknown is always among them."""
    ranked = rank(Verdict.STALLED, outcomes, RULES)
    values = [cause.probability for cause in ranked]
    assert math.fsum(values) == pytest.approx(1.0)
    assert all(0.0 <= value <= 1.0 for value in values)
    assert values == sorted(values, reverse=True)
    supported = {code for code, outcome in outcomes.items() if isinstance(outcome, Supported)}
    assert {cause.cause for cause in ranked} == supported | {UNKNOWN}


@given(ALL_OUTCOMES, st.sampled_from(CODES), st.floats(-5.0, 5.0), st.floats(0.01, 3.0))
def test_stronger_evidence_makes_a_cause_more_probable(
    outcomes: dict[str, Outcome], code: str, weight: float, more: float
) -> None:
    """A larger weight raises its cause and lowers every other."""
    before = probabilities({**outcomes, code: Supported(weight, "seen")})
    after = probabilities({**outcomes, code: Supported(weight + more, "seen")})
    assert after[code] > before[code]
    assert all(after[other] <= before[other] + 1e-12 for other in before if other != code)


@given(ALL_OUTCOMES, st.sampled_from(CODES))
def test_a_missing_fact_makes_no_other_cause_surer(outcomes: dict[str, Outcome], code: str) -> None:
    """A rule that can no longer be assessed gives its share to unknown: no other cause gains from it.

    Unless the evidence spoke for the cause that was lost: its rivals then rightly gain.
    """
    outcome = outcomes[code]
    if isinstance(outcome, Supported) and outcome.weight > 0:
        return
    before = probabilities(outcomes)
    after = probabilities({**outcomes, code: NotAssessed(("auc",))})
    assert after[UNKNOWN] >= before[UNKNOWN] - 1e-12
    assert all(after[other] <= before[other] + 1e-12 for other in after if other not in (code, UNKNOWN))


@given(ALL_OUTCOMES, st.floats(0.1, 1.0))
def test_what_a_ceiling_takes_goes_to_unknown(outcomes: dict[str, Outcome], most: float) -> None:
    """No named cause exceeds it, their odds and their order stay, and unknown gets the rest."""
    free = {one.cause: one.probability for one in rank(Verdict.STALLED, outcomes, RULES)}
    held = {one.cause: one.probability for one in rank(Verdict.STALLED, outcomes, RULES, most=most)}
    named = [cause for cause in free if cause != UNKNOWN]
    assert all(held[cause] <= most * (1.0 + 1e-12) for cause in named)
    assert held[UNKNOWN] >= free[UNKNOWN] - 1e-12
    scale = min(1.0, most / max((free[cause] for cause in named), default=most))
    assert all(held[cause] == pytest.approx(scale * free[cause]) for cause in named)


def test_nothing_assessed_is_unknown_alone() -> None:
    """When no rule could be assessed the cause is unknown, with certainty."""
    assert probabilities(all_but(NotAssessed(("auc",)))) == {UNKNOWN: 1.0}
    assert probabilities(all_but(RuledOut("cannot be"))) == {UNKNOWN: 1.0}


def test_evidence_that_says_nothing_leaves_the_priors() -> None:
    """With all weights zero the causes stand in the proportion of their priors, and none leads clearly."""
    outcomes = all_but(Supported(0.0, "nothing seen"))
    ranked = rank(Verdict.STALLED, outcomes, RULES, HAND_SET)
    found = {cause.cause: cause.probability for cause in ranked}
    codes = [code for code in CODES if code in found]
    first = codes[0]
    for code in codes:
        expected = BY_CODE[code].prior / BY_CODE[first].prior
        assert found[code] / found[first] == pytest.approx(expected)
    assert max(found.values()) < 0.5


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - FLAGGED - {Verdict.BENIGN}))
def test_a_run_without_trouble_has_no_cause(verdict: Verdict) -> None:
    """Verdicts that ask nobody to act are not explained."""
    assert rank(verdict, all_but(Supported(5.0, "seen")), RULES) == ()


@pytest.mark.parametrize("verdict", sorted(FLAGGED))
def test_every_flagged_run_has_a_cause(verdict: Verdict) -> None:
    """Each verdict that asks a person to act names at least unknown."""
    assert rank(verdict, all_but(NotAssessed(("auc",))), RULES)


def test_equal_probabilities_come_in_the_order_of_their_names() -> None:
    """The answer does not depend on the order of the rules."""
    outcomes = all_but(
        RuledOut("cannot be"), no_signal=Supported(0.0, "a"), learning_rate_too_low=Supported(0.0, "b")
    )
    forward = [cause.cause for cause in rank(Verdict.STALLED, outcomes, RULES)]
    backward = [cause.cause for cause in rank(Verdict.STALLED, outcomes, tuple(reversed(RULES)))]
    assert forward == backward


def test_a_rule_is_not_asked_without_its_facts() -> None:
    """The engine says what is missing and calls no rule that lacks a needed fact."""
    outcomes = consult(NOTHING, RULES, LIMITS)
    for rule in RULES:
        assert outcomes[rule.code] == NotAssessed(rule.needs)


def measurements(causes: tuple[RankedCause, ...], outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Return what is said to be missing when nothing is known."""
    return next_measurements(causes, NOTHING, outcomes, RULES)


def test_what_separates_the_first_causes_comes_first() -> None:
    """Two causes that contend are followed by the measurements that would tell them apart."""
    outcomes = all_but(
        RuledOut("cannot be"), no_signal=Supported(4.0, "a"), learning_rate_too_low=Supported(4.0, "b")
    )
    ranked = rank(Verdict.STALLED, outcomes, RULES)
    found = measurements(ranked, outcomes)
    separating = {BY_CODE["no_signal"].separated_by, BY_CODE["learning_rate_too_low"].separated_by}
    assert set(found[:2]) == separating


def test_the_measurement_with_the_greatest_expected_gain_comes_first() -> None:
    """A question that is open tells more than one whose answer is nearly known, whatever their order."""
    outcomes = all_but(
        RuledOut("cannot be"),
        no_signal=Supported(0.0, "a"),
        learning_rate_too_low=Supported(3.0, "b"),
        class_imbalance=Supported(2.5, "c"),
    )
    ranked = rank(Verdict.STALLED, outcomes, RULES, HAND_SET)
    found = measurements(ranked, outcomes)
    by_openness = sorted(ranked, key=lambda cause: abs(cause.probability - 0.5))
    expected = [BY_CODE[cause.cause].separated_by for cause in by_openness if cause.cause in BY_CODE]
    assert [text for text in found if text in expected] == expected


def test_a_settled_cause_needs_no_measurement() -> None:
    """A cause that is as good as certain asks for nothing to confirm it."""
    outcomes = all_but(RuledOut("cannot be"), no_signal=Supported(9.0, "a"))
    ranked = rank(Verdict.STALLED, outcomes, RULES)
    assert BY_CODE["no_signal"].separated_by not in measurements(ranked, outcomes)


def test_missing_facts_are_asked_for_in_words() -> None:
    """Facts that rules did not get are named by how to log them, each once."""
    outcomes = consult(NOTHING, RULES, LIMITS)
    found = measurements(rank(Verdict.STALLED, outcomes, RULES), outcomes)
    assert found
    assert len(set(found)) == len(found)
    assert all(found)
    known = {kind.how_to_get for kind in CATALOGUE.values()}
    assert set(found) <= known


def test_no_causes_need_nothing() -> None:
    """A run without trouble is asked for nothing."""
    assert measurements((), all_but(NotAssessed(("auc",)))) == ()


def test_an_unknown_cause_advises_the_measurement_that_tells_most() -> None:
    """The tag's column then says what to do next; a cause that is known keeps its own advice."""
    unknown = RankedCause("unknown", 0.6, "", "Log more: see what is missing.")
    known = RankedCause("dead_relu", 0.4, "", "Start anew.")
    first = "the validation AUC: above 0.6 the signal is there"
    (told, kept) = advised((unknown, known), (first, "a second one"))
    assert told.advice == "What would tell most: the validation AUC."
    assert kept == known
    assert advised((known, unknown), (first,)) == (known, unknown)
    assert advised((unknown,), ()) == (unknown,)
    assert advised((), (first,)) == ()
