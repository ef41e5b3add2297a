"""Whatever a run holds, it is diagnosed without an error, and the answer is strict JSON."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hostile_runs import hostile_runs, questions
from hypothesis import given, settings
from made_runs import history, run

from mlflow_bce_monitor.contract import CAUSES, EXPLAINED, NO_CAUSE, Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis, SkillEstimate, failed_contract
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import RunRecord

CONTRACT_KEYS = {
    *("run_id", "run_name", "experiment_id", "verdict", "cause", "confidence", "causes", "metric"),
    *("chance_level", "final_loss", "skill", "plateau", "tier", "missing", "error"),
}


def strict_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return the contract's object after a way through strict JSON."""
    answer: dict[str, object] = json.loads(json.dumps(diagnosis.as_contract(), allow_nan=False))
    return answer


def check_promises(diagnosis: Diagnosis) -> None:
    """Assert what every diagnosis promises."""
    answer = strict_json(diagnosis)
    assert answer.keys() == CONTRACT_KEYS
    assert answer["verdict"] in set(Verdict)
    assert answer["tier"] in set(Tier)
    assert answer["cause"] in CAUSES
    assert 0.0 <= diagnosis.confidence <= 1.0
    assert 0.0 <= diagnosis.judgement.confidence <= 1.0
    assert 0.0 <= diagnosis.plateau_fraction <= 1.0
    assert (diagnosis.cause != NO_CAUSE) == (diagnosis.verdict in EXPLAINED)
    assert diagnosis.judgement.because
    if diagnosis.causes:
        assert math.fsum(cause.probability for cause in diagnosis.causes) == pytest.approx(1.0)
        assert all(cause.because and cause.advice for cause in diagnosis.causes)
    assert len(set(diagnosis.missing)) == len(diagnosis.missing)
    assert all(diagnosis.missing)
    if diagnosis.chance is not None:
        assert 0.0 < diagnosis.chance.value < math.inf
        assert diagnosis.chance.low <= diagnosis.chance.value <= diagnosis.chance.high
    if diagnosis.skill is not None:
        assert diagnosis.skill.low <= diagnosis.skill.value <= diagnosis.skill.high
    assert (diagnosis.verdict is Verdict.NOT_APPLICABLE) == (diagnosis.metric is None)


@settings(max_examples=400)
@given(hostile_runs(), questions())
def test_any_run_is_diagnosed(record: RunRecord, question: Question) -> None:
    """No run makes the diagnosis raise, but for a named metric that is not there; each promise holds."""
    try:
        diagnosis = diagnose(record, question)
    except RunError as error:
        assert question.metrics
        assert "no metric named" in str(error)  # noqa: PT017 - as above
        return
    check_promises(diagnosis)


@settings(max_examples=150)
@given(hostile_runs())
def test_only_known_facts_are_gathered(record: RunRecord) -> None:
    """Every gathered fact is in the catalogue, with a value of its unit, a source and a tier."""
    for fact in diagnose(record).evidence.facts():
        unit = CATALOGUE[fact.name].unit
        assert fact.source
        assert isinstance(fact.tier, Tier)
        if unit == "yes/no":
            assert isinstance(fact.value, bool), fact
        elif unit == "word":
            assert isinstance(fact.value, str), fact
        else:
            assert isinstance(fact.value, (int, float)), fact
            assert not isinstance(fact.value, bool), fact
            assert not math.isnan(fact.value), fact


@settings(max_examples=100)
@given(hostile_runs())
def test_a_diagnosis_is_repeatable_and_leaves_the_run_alone(record: RunRecord) -> None:
    """The same run gives the same answer, and nothing of it is changed."""
    before = {name: h.values.copy() for name, h in record.histories.items()}
    first, second = strict_json(diagnose(record)), strict_json(diagnose(record))
    assert first == second
    for name, values in before.items():
        assert np.array_equal(values, record.histories[name].values, equal_nan=True)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [math.nan] * 6,
        [math.inf] * 6,
        [1.7976931348623157e308] * 6,
        [0.0] * 6,
        [5e-324] * 6,
        [1e300, -1e300] * 3,
        [0.7],
        [0.7, math.nan, math.inf, -math.inf, 0.1, 1e99],
    ],
)
@pytest.mark.parametrize("base_rate", [None, 0.5, 1e-300])
def test_odd_losses_give_strict_json(values: list[float], base_rate: float | None) -> None:
    """NaN and infinities of the loss never reach the JSON, nor does a division by a tiny chance level."""
    check_promises(diagnose(run({"loss": values, "accuracy": [0.5] * 6}), Question(base_rate=base_rate)))


def test_a_loss_without_a_single_number_is_diverged_of_unknown_cause() -> None:
    """All NaN is trouble, so it has a cause, if only "unknown"; there is no loss and no skill to report."""
    answer = strict_json(diagnose(run({"loss": [math.nan] * 6, "accuracy": [0.5] * 6})))
    assert (answer["verdict"], answer["cause"]) == ("diverged", "unknown")
    assert (answer["final_loss"], answer["skill"], answer["plateau"]) == (None, None, None)


def test_an_infinite_skill_is_null() -> None:
    """Should a loss ever be divided to infinity, the JSON says null and not Infinity."""
    diagnosis = diagnose(run({"loss": [0.7] * 6}))
    infinite = dataclasses.replace(diagnosis, skill=SkillEstimate(-math.inf, -math.inf, -math.inf))
    assert strict_json(infinite)["skill"] is None


def test_a_plateau_is_reported_with_its_logged_steps() -> None:
    """The contract's plateau speaks of steps as they were logged."""
    logged = history("loss", [0.6931] * 10, steps=[100 * i for i in range(10)])
    answer = strict_json(diagnose(run({"loss": logged}), Question(base_rate=0.5)))
    assert answer["plateau"] == {"start_step": 0, "end_step": 900, "level": 0.6931}


def test_a_run_that_could_not_be_evaluated_has_the_same_shape() -> None:
    """An error answers with the contract's keys, everything null but the identity and the reason."""
    answer = failed_contract("abc", "name", "1", "it broke")
    assert answer.keys() == CONTRACT_KEYS
    assert json.loads(json.dumps(answer, allow_nan=False))["error"] == "it broke"
    assert answer["verdict"] is None


def test_the_limits_are_kept_with_the_diagnosis() -> None:
    """A diagnosis records the limits it was made with, and other limits give another answer."""
    record = run({"loss": [0.68] * 10})
    strict = dataclasses.replace(diagnose(record).limits, min_points=20)
    diagnosis = diagnose(record, limits=strict)
    assert diagnosis.limits.min_points == 20
    assert diagnosis.verdict is Verdict.INCONCLUSIVE
