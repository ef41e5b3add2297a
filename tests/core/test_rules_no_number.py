"""What is said of a run whose loss was NaN from its first point on."""

from __future__ import annotations

import math

import pytest
from made_runs import LIMITS, run
from test_rules_contract import Watched, evidence_of

from mlflow_bce_monitor.contract import UNKNOWN, Verdict
from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.ranking import consult
from mlflow_bce_monitor.rules import RULES, NotAssessed, Outcome, RuledOut, Supported

NEVER: dict[str, FactValue] = {"n_points": 0, "had_non_finite": True}
OVERFLOWS = {"learning_rate_too_high", "unscaled_inputs", "output_loss_mismatch"}


def said(**facts: FactValue) -> dict[str, Outcome]:
    """Return what every rule says of such a run."""
    return consult(evidence_of(NEVER | facts), RULES, LIMITS)


def weight(code: str, **facts: FactValue) -> float:
    """Return the weight that a rule gives its cause."""
    outcome = said(**facts)[code]
    assert isinstance(outcome, Supported)
    return outcome.weight


def test_only_causes_that_overflow_are_weighed() -> None:
    """Dead units or labels without signal leave a number behind; three causes do not."""
    outcomes = said(rate_ratio=1.0, inside_labels="0 1")
    assert {code for code, outcome in outcomes.items() if isinstance(outcome, Supported)} == OVERFLOWS
    assert all(isinstance(outcome, RuledOut) for code, outcome in outcomes.items() if code not in OVERFLOWS)


def test_without_rate_and_labels_nothing_is_suspected() -> None:
    """What is missing is named, and the cause stays unknown."""
    outcomes = said()
    assert {
        code: outcome.missing for code, outcome in outcomes.items() if isinstance(outcome, NotAssessed)
    } == {
        "learning_rate_too_high": ("rate_ratio",),
        "unscaled_inputs": ("rate_ratio",),
        "output_loss_mismatch": ("inside_labels",),
    }
    assert diagnose(run({"loss": [math.nan] * 10})).cause == UNKNOWN


def test_a_loss_that_had_numbers_is_judged_by_them() -> None:
    """One finite point is enough to ask the rules as ever, and so is a run without any loss."""
    for facts in ({"n_points": 1, "had_non_finite": True}, {"n_points": 0, "had_non_finite": False}):
        assert not any(
            isinstance(one, RuledOut) for one in consult(evidence_of(facts), RULES, LIMITS).values()
        )


def test_a_rate_far_above_the_usual_one_is_suspected_first() -> None:
    """The rate speaks for itself and against the inputs, a usual one the other way round."""
    assert weight("learning_rate_too_high", rate_ratio=100.0) > 4.0
    assert weight("unscaled_inputs", rate_ratio=100.0) < 0.0
    assert weight("unscaled_inputs", rate_ratio=1.0) > 1.0
    assert weight("learning_rate_too_high", rate_ratio=1.0) < 0.0


def test_what_the_callback_saw_decides() -> None:
    """Inputs of a million, labels 1 and 2; small inputs and a fitting head rule their causes out."""
    assert weight("unscaled_inputs", rate_ratio=1.0, inside_arriving_max=1e6) > 5.0
    assert weight("output_loss_mismatch", inside_labels="1 2", inside_loss="binary_crossentropy") > 8.0
    assert isinstance(said(rate_ratio=1.0, inside_arriving_max=3.0)["unscaled_inputs"], RuledOut)
    fitting = {"inside_labels": "0 1", "inside_from_logits": False, "inside_activation": "sigmoid"}
    assert isinstance(said(**fitting)["output_loss_mismatch"], RuledOut)


def test_nan_among_the_inputs_explains_everything() -> None:
    """Then no other cause is needed, and the reason says how many values it are."""
    outcomes = said(rate_ratio=100.0, inside_arriving_max=1e6, inside_non_finite_inputs=0.0125)
    assert all(isinstance(outcome, RuledOut) for outcome in outcomes.values())
    assert "1.25% of the input values are NaN or infinite" in outcomes["learning_rate_too_high"].because


def test_rules_read_only_what_they_declare() -> None:
    """What is looked at beside the loss itself is among the rule's facts, so "missing" can name it."""
    for rule in RULES:
        if rule.no_number is not None:
            facts: dict[str, FactValue] = {
                "rate_ratio": 1.0,
                "inside_arriving_max": 1e6,
                "inside_labels": "0 1",
            }
            watched = Watched(evidence_of(NEVER | facts).facts())
            rule.no_number.assess(watched, LIMITS)
            assert set(rule.no_number.needs) <= {*rule.needs, *rule.uses}
            assert watched.asked <= {*rule.needs, *rule.uses}, rule.code


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_such_a_run_names_its_suspects(value: float) -> None:
    """It has diverged; rate and inputs share what unknown leaves, and neither is called sure."""
    diagnosis = diagnose(run({"loss": [value] * 10}, params={"learning_rate": "0.001", "optimizer": "adam"}))
    assert diagnosis.verdict is Verdict.DIVERGED
    assert {cause.cause for cause in diagnosis.causes} == {*OVERFLOWS, UNKNOWN} - {"output_loss_mismatch"}
    assert all(cause.probability < 0.8 for cause in diagnosis.causes)
    assert diagnosis.missing[0].startswith("whether any input or label is NaN")


def test_the_callback_tells_of_nan_among_the_inputs() -> None:
    """The verdict's reason says what to do first."""
    histories = {"loss": [math.nan] * 5, "bce/non_finite_inputs": [0.02] * 5}
    diagnosis = diagnose(run(histories))
    assert not any(one.startswith("whether any input") for one in diagnosis.missing)
    judgement = diagnosis.judgement
    assert judgement.verdict is Verdict.DIVERGED
    assert "and so are 2.00% of the input values: fill or drop them first" in judgement.because
