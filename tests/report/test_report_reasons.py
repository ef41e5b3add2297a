"""Candidate causes, what was ruled out, and what to do next, in words."""

from __future__ import annotations

import dataclasses
import math

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.report import reasons
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import NotAssessed, Piece, Rule, RuledOut, Supported


def test_causes_come_with_the_evidence_for_and_against_them() -> None:
    """The leading cause tells what speaks against it, too, and each lists the facts it looked at."""
    causes = reasons.causes(handmade.stalled())
    assert [(cause.code, cause.percent) for cause in causes] == [
        ("class_imbalance", "55%"),
        ("no_signal", "26%"),
        ("insufficient_capacity", "12%"),
    ]
    assert causes[0].evidence_for == "Recall is 0; 90% of the labels are negative."
    assert causes[0].evidence_against == "The AUC is 0.51."
    assert ("recall", "0%") in [(fact.name, fact.value) for fact in causes[0].facts]
    assert "effective minority share" in causes[0].unseen
    assert causes[2].evidence_for == ""
    assert causes[2].evidence_against == "64 hidden units are ample for 10 features."


def test_unlikely_causes_are_named_without_a_paragraph() -> None:
    """A candidate of one in ten or less is listed with its probability and its strongest evidence."""
    (unlikely,) = reasons.less_likely(handmade.stalled())
    assert unlikely == (
        "unknown",
        "Unknown cause",
        "7%. Something that no rule here covers, or a cause that could not be checked (Dead ReLU units).",
    )
    made = _made(("no_signal", 0.9), ("dead_relu", 0.05), ("too_few_steps", 0.05))
    assert [one.reason for one in reasons.less_likely(made)] == ["5%. A; b. Against it: x.", "5%. X; y."]


def test_causes_below_one_percent_say_what_speaks_against_them() -> None:
    """What is as good as ruled out gives its reason; where none was seen, others explain more."""
    made = _made(
        *(("no_signal", 0.99), ("dead_relu", 0.004), ("too_few_steps", 0.003)),
        *(("zero_initialization", 0.002), ("constant_inputs", 0.0005), ("unknown", 0.0005)),
    )
    assert reasons.less_likely(made) == ()
    assert [(one.code, one.reason) for one in reasons.next_to_impossible(made)] == [
        ("dead_relu", "Under 1%. X."),
        ("too_few_steps", "Under 1%. X; y."),
        ("zero_initialization", "Under 1%. A, but other causes fit far better."),
        ("constant_inputs", "Under 1%. Nothing seen speaks for it, and other causes fit far better."),
    ]


def _made(*probabilities: tuple[str, float]) -> Diagnosis:
    """Return a stalled run with these causes, and with evidence of every kind for them."""
    return handmade.diagnosis(
        Verdict.STALLED,
        handmade.curve([0.7] * 9),
        causes=tuple(RankedCause(cause, share, "because", "advice") for cause, share in probabilities),
        outcomes={
            "no_signal": Supported(2.0, "a", ("a",), ()),
            "dead_relu": Supported(1.0, "a, b, c", ("a", "b", "c"), ("x",)),
            "too_few_steps": Supported(-1.0, "x, y, z", (), ("x", "y", "z")),
            "zero_initialization": Supported(1.0, "a", ("a",), ()),
            "constant_inputs": Supported(0.0, "nothing seen"),
        },
    )


def test_a_cause_that_leads_without_evidence_says_so() -> None:
    """A probability that is only the prior is called that."""
    (first, *_) = reasons.causes(_made(("constant_inputs", 0.6), ("unknown", 0.4)))
    assert first.evidence_for == (
        "Nothing seen speaks for or against it: the number only says how common it is."
    )


def test_observations_without_words_are_left_out() -> None:
    """What is too weak to mention leaves no empty clause behind."""
    weak = Supported(0.1, "nothing seen", ("",), ("",), (Piece("verdict", 0.1, ""), Piece("x", -0.1, "")))
    some = Supported(1.0, "a", ("", "a"), ("",), (Piece("a", 1.0, "a"),))
    made = dataclasses.replace(
        _made(("no_signal", 0.6), ("dead_relu", 0.4)), outcomes={"no_signal": weak, "dead_relu": some}
    )
    first, second = reasons.causes(made)
    assert first.evidence_for.startswith("Nothing seen speaks for or against it")
    assert (second.evidence_for, second.evidence_against) == ("A.", "")


@pytest.mark.parametrize(
    ("clauses", "said"),
    [
        ("abcde", "A; b; c; d; e."),
        ("abcdef", "A; b; c; d; e; f."),
        ("abcdefg", "A; b; c; d; e; 2 weaker signs."),
    ],
)
def test_a_long_list_ends_with_the_number_of_weaker_signs(clauses: str, said: str) -> None:
    """A reader takes in five clauses; the rest is counted, and stands in the JSON."""
    outcome = Supported(3.0, "a", tuple(clauses), tuple(clauses))
    made = dataclasses.replace(_made(("no_signal", 0.6), ("unknown", 0.4)), outcomes={"no_signal": outcome})
    first = reasons.causes(made)[0]
    assert (first.evidence_for, first.evidence_against) == (said, said)


def test_unknown_tells_what_could_not_be_checked_and_asks_for_no_change() -> None:
    """Unknown is what no rule covers and what no rule could check; there is nothing to change about it."""
    made = dataclasses.replace(
        _made(("unknown", 0.6), ("no_signal", 0.4)),
        outcomes={"class_imbalance": NotAssessed(("positive_share",))},
    )
    unknown = reasons.causes(made)[0]
    assert unknown.evidence_for == (
        "Something that no rule here covers, or a cause that could not be checked (Class imbalance)."
    )
    assert unknown.advice == ""
    assert (reasons.best_guess(made) or unknown).code == "no_signal"
    assert reasons.best_guess(_made(("unknown", 1.0))) is None


def test_causes_that_look_alike_are_said_to() -> None:
    """Leading causes that are confused with the first share a sentence; causes of other marks have none."""
    causes = ("constant_inputs", 0.4), ("unknown", 0.2), ("zero_initialization", 0.2), ("too_few_steps", 0.2)
    assert reasons.look_alikes(_made(*causes)) == (
        "'Constant inputs' and 'Weights that start at zero' leave much the same marks on what was logged."
    )
    assert reasons.look_alikes(_made(("constant_inputs", 0.6), ("too_few_steps", 0.4))) == ""
    assert reasons.look_alikes(handmade.learning()) == ""


def test_causes_of_another_kind_of_training_share_a_line() -> None:
    """That a classifier has no generator and no reference model is worth one line, not one each."""
    kinds = {*reasons.KINDS_OF_TRAINING}
    facts = (Fact(name, value=False, source="names of the metrics", tier=Tier.CURVE) for name in kinds)
    elsewhere = {rule.code: RuledOut("not so") for rule in RULES if kinds & {*rule.needs}}
    made = handmade.diagnosis(
        Verdict.STALLED,
        handmade.curve([0.7] * 9),
        evidence=Evidence(tuple(facts)),
        outcomes={**elsewhere, "no_signal": RuledOut("the AUC is 0.9")},
    )
    assert len(elsewhere) > 1
    assert reasons.ruled_out(made) == (("no_signal", "Labels carry no signal", "The AUC is 0.9."),)
    assert reasons.other_trainings(made) == f"{', '.join(map(reasons.cause_title, elsewhere))}."
    assert reasons.other_trainings(handmade.stalled()) == ""


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
        "To check it, log the gradient norm.",
    )


def test_of_a_normal_state_only_causes_that_can_be_normal_are_spoken_of() -> None:
    """Nobody asks why a GAN at its equilibrium has not too few rows."""
    outcomes = {
        "too_few_rows": NotAssessed(("validation_skill",)),
        "class_imbalance": RuledOut("the classes are balanced"),
        "policy_equals_reference": RuledOut("the margin is 0.4"),
    }
    made = handmade.diagnosis(Verdict.BENIGN, handmade.curve([0.7] * 9), outcomes=outcomes)
    assert reasons.not_assessed(made) == ()
    assert [one.code for one in reasons.ruled_out(made)] == ["policy_equals_reference"]


def test_what_no_logging_would_tell_is_named() -> None:
    """After a loss of only NaN the facts that are missing are said, each way to get others once."""
    outcomes = {
        "too_few_rows": NotAssessed(("end_skill", "validation_skill", "best_validation_skill")),
        "no_signal": NotAssessed(("end_skill",)),
    }
    made = handmade.diagnosis(Verdict.DIVERGED, handmade.curve([math.nan] * 9), outcomes=outcomes)
    assert [one.reason for one in reasons.not_assessed(made)] == [
        "To check it, pass validation data and log its loss.",
        "Not known: 1 - end level / chance level.",
    ]


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
