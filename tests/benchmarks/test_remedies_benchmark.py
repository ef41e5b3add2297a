"""The benchmark of the remedies: changes reach the plan, effects are judged, a training is a fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.remedies.apart import Told, read_told, summarise, summary
from benchmarks.remedies.arms import (
    AS_IT_WAS,
    FIRST,
    IF_KNOWN,
    PRESCRIBED,
    RATE_BY_10,
    RATE_TIMES_10,
    changes_of,
)
from benchmarks.remedies.cases import Case, read_cases, write_cases
from benchmarks.remedies.changed import with_changes
from benchmarks.remedies.effects import effect, effect_of
from benchmarks.remedies.generate import QUIET
from benchmarks.remedies.table import beyond, by_cause, missing_arms, repairable, tried
from benchmarks.remedies.trials import Measured, Trial, add_trial, key_of, read_trials
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan

ROOT = Path(__file__).parents[2]

PLAN = TrainingPlan(
    plan_id="a-plan",
    family="labels",
    fault="none",
    kind="healthy",
    severity="",
    block="development",
    experiment="a-plan",
    seed=7,
    data=DataPlan("linear_factors", seed=3, rows=350),
    network=NetworkPlan("mlp1", 16),
    optimiser=OptimiserPlan("adam", 1e-3, batch_size=32, epochs=20),
    logging=LoggingPlan(),
)

CASE = Case(
    plan_id="a-plan",
    block="development",
    cause="dead_relu",
    causes=("dead_relu",),
    verdict="stalled",
    repairable=True,
    learning_rate=1e-3,
    named="dead_relu",
    probability=0.6,
    jointly={"initializer": "he_normal", "learning_rate": 1e-3},
    prescribed=({"initializer": "he_normal"},),
    if_known=({"initializer": "he_normal"},),
)


@pytest.mark.parametrize(
    ("changes", "part", "field", "value"),
    [
        ({"learning_rate": 0.1}, "optimiser", "learning_rate", 0.1),
        ({"optimizer": "sgd"}, "optimiser", "name", "sgd"),
        ({"batch_size": 8, "epochs": 3}, "optimiser", "epochs", 3),
        ({"class_weight": [0.5, 4.0]}, "optimiser", "class_weight", (0.5, 4.0)),
        ({"hidden_units": 64}, "network", "width", 64),
        ({"hidden_units": [64, 32]}, "network", "width", 32),
        ({"activation": "leaky_relu"}, "network", "activation", "leaky_relu"),
        ({"initializer": "he_normal"}, "network", "kernel_initializer", "he_normal"),
        ({"bias_initializer": "zeros"}, "network", "bias", 0.0),
        ({"trainable": True}, "network", "frozen", ""),
        ({"l1": 0.0, "l2": 1e-4}, "network", "l2", 1e-4),
        ({"output_activation": "sigmoid", "from_logits": False}, "network", "head", "sigmoid"),
        ({"labels": "0/1"}, "data", "label_coding", (0, 1)),
    ],
)
def test_changes_reach_the_plan(changes: dict[str, object], part: str, field: str, value: object) -> None:
    """Each setting changes its own field of a plan that has another value there."""
    ill = replace(
        PLAN,
        network=replace(PLAN.network, bias=-10.0, frozen="all", head="relu", kernel_initializer="zeros"),
        data=replace(PLAN.data, label_coding=(-1, 1)),
    )
    before = getattr(getattr(ill, part), field)
    assert before != value
    assert getattr(getattr(with_changes(ill, changes).plan, part), field) == value


def test_a_change_that_no_training_knows_is_an_error() -> None:
    """A setting of other trainings is not passed over in silence."""
    with pytest.raises(KeyError, match="max_length"):
        with_changes(PLAN, {"max_length": 512})


def test_the_arms_change_what_they_say() -> None:
    """The baselines turn the rate alone, and a case without a prescription has no such arm."""
    assert changes_of(CASE, AS_IT_WAS) == {}
    assert changes_of(CASE, RATE_TIMES_10) == {"learning_rate": pytest.approx(1e-2)}
    assert changes_of(CASE, RATE_BY_10) == {"learning_rate": pytest.approx(1e-4)}
    assert changes_of(CASE, PRESCRIBED) == CASE.jointly
    assert changes_of(CASE, FIRST) == {"initializer": "he_normal"}
    without = replace(CASE, prescribed=(), jointly={})
    assert changes_of(without, PRESCRIBED) is changes_of(without, FIRST) is None
    assert changes_of(CASE, IF_KNOWN) == {"initializer": "he_normal"}


@pytest.mark.parametrize(
    ("before", "after", "works"),
    [
        ([0.0, 0.0, 0.0], [0.4, 0.5, 0.6], True),
        # The gain is sure, and too small for anyone to call the labels explained.
        ([0.0, 0.0, 0.0], [0.010, 0.011, 0.012], False),
        # One repetition in three learns: the interval reaches below 0.
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.9], False),
        # From far below chance to chance is nothing gained.
        ([-5.0, -3.0, float("nan")], [-0.001, 0.0, -0.002], False),
        ([0.3, 0.31, 0.32], [0.3, 0.31, 0.32], False),
    ],
)
def test_a_change_works_when_its_gain_is_sure_and_leaves_chance(
    before: list[float], after: list[float], *, works: bool
) -> None:
    """Skills of the repetitions, by hand."""
    assert effect(before, after).works is works


def test_the_interval_is_welchs() -> None:
    """Against scipy's confidence interval of the difference of two means with unequal variances."""
    before, after = [0.10, 0.12, 0.17, 0.11], [0.31, 0.52, 0.44]
    expected = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    found = effect(before, after)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_repetition_is_too_few() -> None:
    """It says how many were there."""
    with pytest.raises(ValueError, match="got 1 and 3"):
        effect([0.0], [0.1, 0.2, 0.3])


def _trials(skills: dict[str, list[float]]) -> dict[Trial, Measured]:
    return {
        Trial("a-plan", key_of(changes_of(CASE, arm) or {}), number): Measured(skill, skill, skill, 0.5, 1.0)
        for arm, values in skills.items()
        for number, skill in enumerate(values)
    }


def test_rows_count_cases_by_their_true_cause() -> None:
    """A case that is put right by the prescription, and one to which nothing was prescribed."""
    skills = {
        AS_IT_WAS: [0.0] * 3,
        PRESCRIBED: [0.4, 0.5, 0.45],
        FIRST: [0.0, 0.0, 0.001],
        RATE_TIMES_10: [0.0] * 3,
        RATE_BY_10: [0.0] * 3,
    }
    trials = _trials(skills)
    without = replace(CASE, prescribed=(), jointly={}, named="no_signal", cause="no_signal", repairable=False)
    every = tried([CASE, without], trials)
    assert [one.case.cause for one in repairable(every)] == ["dead_relu"]
    row = by_cause(every).rows[0]
    assert row[0] == "`dead_relu`"
    assert row[3] == "1 of 1 (100.0 %)"
    assert row[5:10] == ("0 of 1", "0 of 1", "0 of 1", "0 of 1", "0 of 1")
    assert beyond(every).rows == (("`no_signal`", "1", "1 of 1", "0 of 1", "0 of 1"),)


def test_missing_trainings_are_named() -> None:
    """What was not trained is said, and not taken for a failure."""
    trials = _trials({AS_IT_WAS: [0.0] * 3, PRESCRIBED: [0.4, 0.5, 0.45]})
    assert missing_arms(CASE, trials) == [FIRST, RATE_TIMES_10, RATE_BY_10]
    with pytest.raises(ValueError, match="at least 2 repetitions"):
        effect_of(CASE, RATE_BY_10, trials)


def test_the_files_keep_what_was_measured(tmp_path: Path) -> None:
    """Cases and trials come back as they were, and a number that is none stays none."""
    trials, cases = tmp_path / "trials.jsonl", tmp_path / "cases.jsonl"
    add_trial(Trial("a-plan", key_of({"l2": 0.1}), 2), Measured(float("nan"), 0.25, 0.125, 0.5, 1.0), trials)
    ((trial, measured),) = read_trials(trials).items()
    assert trial == Trial("a-plan", key_of({"l2": 0.1}), 2)
    assert np.isnan(measured.skill)
    assert measured.train_skill == 0.25
    write_cases([CASE], cases)
    assert read_cases(cases) == [CASE]


def test_reruns_that_tell_causes_apart_are_counted(tmp_path: Path) -> None:
    """Two runs: one is put right and sure of it, the other stays wrong; any true cause will do."""
    right = Told(
        "a", "test", ["dead_relu", "learning_rate_too_high"], "unknown", 0.4, "dead_relu", 0.95, 3, []
    )
    wrong = Told("b", "test", ["no_signal"], "no_signal", 0.4, "dead_relu", 0.6, 8, ["32 rows: it fits"])
    file = tmp_path / "apart.jsonl"
    file.write_text("".join(json.dumps(asdict(one)) + "\n" for one in (right, wrong)), encoding="utf-8")
    told = read_told(file)
    assert told == [right, wrong]
    found = summarise(told)
    assert (found.before.count, found.after.count, found.after.n) == (1, 1, 2)
    assert (found.settled.count, found.settled.n) == (1, 1)
    assert found.reruns == pytest.approx(5.5)
    assert summary(told)[-1].startswith("Reruns: 5.5 in the mean")
    assert summary([]) == ["No ambiguous run has been rerun yet."]


@pytest.mark.training
def test_the_compiled_training_is_a_fit() -> None:
    """A sound plan learns, weights are divided out, and a frozen one stays where it started.

    In a process of its own: Keras takes its backend from the environment when it is first imported.
    """
    program = Path(__file__).with_name("compiled_training.py")
    done = subprocess.run(
        [sys.executable, program],
        env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert min(found["sound"]) > 0.2
    assert found["sound"] != found["other seeds"]
    assert found["again"] == found["sound"]
    assert min(found["weighted"]) > 0.2
    assert found["frozen"] == found["frozen, rate x 100"]
    assert max(found["shuffled"]) < 0.02
    # Keras' own losses of the same scores, where TensorFlow would find the logits and where it would not.
    assert found["losses"] == pytest.approx(found["losses of keras"], abs=1e-5)
