"""Candidate causes, what was ruled out, and what to do next, in words."""

from __future__ import annotations

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.report import reasons
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Rule


def test_causes_come_with_the_evidence_for_and_against_them() -> None:
    """A cause whose evidence weighs against it says so, and each lists the facts it looked at."""
    causes = reasons.causes(handmade.stalled())
    assert [(cause.code, cause.percent) for cause in causes] == [
        ("class_imbalance", "55%"),
        ("no_signal", "26%"),
        ("insufficient_capacity", "12%"),
    ]
    assert causes[0].evidence_for == "Recall is 0 and 90% of the labels are negative."
    assert causes[0].evidence_against == ""
    assert ("recall", "0%") in [(fact.name, fact.value) for fact in causes[0].facts]
    assert "effective minority share" in causes[0].unseen
    assert causes[2].evidence_for == ""
    assert causes[2].evidence_against == "64 hidden units are ample for 10 features."


def test_unlikely_causes_are_named_without_a_paragraph() -> None:
    """A candidate of one in ten or less is listed with its probability and its evidence."""
    (unlikely,) = reasons.less_likely(handmade.stalled())
    assert unlikely == ("unknown", "Unknown cause", "7%. What the rules do not cover or could not assess.")


def test_dismissed_causes_come_with_the_reason() -> None:
    """What was ruled out says why; what was not assessed says what is missing and how to log it."""
    diagnosis = handmade.stalled()
    assert [cause.code for cause in reasons.ruled_out(diagnosis)] == [
        "learning_rate_too_high",
        "learning_rate_too_low",
    ]
    assert reasons.ruled_out(diagnosis)[0].reason == "The loss never rose above its first value."
    (unassessed,) = reasons.not_assessed(diagnosis)
    assert (unassessed.code, unassessed.reason) == (
        "dead_relu",
        "Not known: gradient norm (log the gradient norm).",
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_causes_are_titled_by_their_rule(rule: Rule) -> None:
    """Every cause with a rule is called by the rule's title, others by their word."""
    assert reasons.cause_title(rule.code) == rule.title
    assert reasons.cause_title("not_yet_known") == "Not yet known"
    assert reasons.cause_title("unknown") == "Unknown cause"


@pytest.mark.parametrize(
    ("probabilities", "action"),
    [
        ((("learning_rate_too_high", 0.55), ("unknown", 0.45)), "What to change: Lower the rate."),
        ((("unknown", 0.55), ("learning_rate_too_high", 0.45)), "What to measure next: Log the recall."),
        ((("learning_rate_too_high", 0.4), ("unknown", 0.35)), "What to measure next: Log the recall."),
    ],
)
def test_while_no_cause_is_settled_the_next_step_is_to_measure(
    probabilities: tuple[tuple[str, float], ...], action: str
) -> None:
    """A change is proposed first only for a named cause that is likelier than all others together."""
    causes = tuple(RankedCause(cause, share, "seen", "lower the rate") for cause, share in probabilities)
    made = handmade.diagnosis(
        Verdict.STALLED, handmade.curve([0.7] * 9), causes=causes, missing=("log the recall",)
    )
    assert str(reasons.action(made)) == action


def test_nothing_to_do_is_said_by_nothing() -> None:
    """A run that learns has no next step."""
    assert reasons.action(handmade.learning()) is None
