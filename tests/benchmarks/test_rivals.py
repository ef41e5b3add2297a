"""The rivals: their rules on curves written by hand, and runmedic as it is on a real store."""

from __future__ import annotations

import inspect
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from runmedic import checks

from benchmarks.diagnosis.cases import Case
from benchmarks.diagnosis.comparison import COLUMNS, compare, rivals_ahead, standings
from benchmarks.diagnosis.report import ask_rivals
from benchmarks.diagnosis.shares import Share
from benchmarks.rivals import autotrainer, deepdiagnosis, runmedic
from benchmarks.rivals.answer import RivalAnswer, no_answer, quiet
from benchmarks.rivals.store import write_store
from mlflow_bce_monitor.contract import CAUSES, Verdict
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reading.reader import ClientReader

START = 1_700_000_000_000  # milliseconds since the epoch
LN2 = math.log(2)


def run(run_id: str = "a" * 32, **curves: Sequence[float]) -> RunRecord:
    """Return a run with the curves of these names, one point a step."""
    histories = {
        name: MetricHistory(
            name,
            steps=np.arange(len(values)),
            timestamps=START + 1000 * np.arange(len(values)),
            values=np.array(values, dtype=np.float64),
        )
        for name, values in curves.items()
    }
    return RunRecord(
        run_id,
        run_name="a run",
        start_time=START,
        end_time=START + 60_000,
        params={"learning_rate": "0.001"},
        tags={"team": "vision", "mlflow.runName": "a run"},
        histories=histories,
    )


def falling(n: int) -> list[float]:
    """Return a loss that falls from ln 2 towards 0.2."""
    return list(0.2 + (LN2 - 0.2) * np.exp(-np.arange(n) / 8))


# --- the published rules -------------------------------------------------------------


@pytest.mark.parametrize(
    ("accuracy", "flagged"),
    [
        ([0.5] * 10, True),
        ([0.5, 0.505, 0.51, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], True),  # it learns after 30 %
        ([0.5, 0.52, 0.52] + [0.52] * 7, False),  # a gain of 0.02
        ([0.9] * 10, False),  # the larger class: the rule knows no base rate
        ([0.5, 0.6, 0.5] + [0.5] * 7, False),
        ([0.5, 0.5], True),
    ],
)
def test_autotrainers_rule(accuracy: list[float], *, flagged: bool) -> None:
    """Best accuracy below 0.6 and no gain of 0.01, once 30 % of the epochs are over."""
    answer = autotrainer.answer(run(accuracy=accuracy))
    assert answer.flagged is flagged
    assert answer.could_answer
    assert answer.causes == (("learning_rate_too_low",) if flagged else ())


@pytest.mark.parametrize("curves", [{"loss": [0.69] * 10}, {"accuracy": [0.5]}])
def test_autotrainers_rule_needs_two_accuracies(curves: dict[str, list[float]]) -> None:
    """Without an accuracy, or with one epoch, it says nothing."""
    answer = autotrainer.answer(run(**curves))
    assert not answer.could_answer
    assert not answer.found


@pytest.mark.parametrize(
    ("curves", "flagged"),
    [
        ({"loss": [0.9, 0.8, *[0.1] * 5]}, True),  # five times 0.1 does not average to 0.1 in floats
        ({"loss": [0.1] * 5 + [0.05]}, False),  # it was left
        ({"loss": [0.693, 0.693, 0.693, 0.693, 0.6931]}, False),
        ({"loss": falling(9), "accuracy": [0.5] * 9}, True),
        ({"loss": falling(9), "accuracy": [1.0] * 9}, False),
        ({"loss": [math.nan] * 9}, False),
    ],
)
def test_deepdiagnosis_rule(curves: dict[str, list[float]], *, flagged: bool) -> None:
    """The last five losses, or accuracies, are one number."""
    answer = deepdiagnosis.answer(run(**curves))
    assert answer.flagged is flagged
    assert bool(answer.causes) is flagged
    assert set(answer.causes) <= set(CAUSES)


def test_deepdiagnosis_rule_needs_five_points() -> None:
    """With four it says nothing."""
    assert not deepdiagnosis.answer(run(loss=[0.69] * 4)).could_answer


# --- runmedic, its words into ours ---------------------------------------------------


def test_every_phrase_and_check_is_still_in_runmedic() -> None:
    """The mapping quotes the installed version; joined string literals count as one text."""
    source = " ".join(inspect.getsource(checks).split()).lower().replace('" "', "")
    assert [phrase for phrase in runmedic.CAUSES if phrase not in source] == []
    assert [name for name in runmedic.ON_LEARNING if f'"{name}"' not in source] == []


def test_every_cause_it_can_name_is_a_word_of_ours() -> None:
    """The mapping uses the contract's vocabulary."""
    assert {cause for causes in runmedic.CAUSES.values() for cause in causes} <= set(CAUSES)


def finding(check: str, severity: str, *causes: str) -> dict[str, object]:
    """Return one finding as runmedic writes it."""
    return {"check": check, "severity": severity, "title": check, "likely_causes": list(causes)}


def test_a_note_finds_a_stall_but_is_no_alarm() -> None:
    """Only warnings and worse are alarms."""
    answer = runmedic.answer_of([finding("constant_lr_plateau", "info")], n_points=40)
    assert answer.found
    assert not answer.flagged


def test_findings_that_are_not_on_the_learning_say_nothing() -> None:
    """Slow steps and a validation loss below the training loss are no trouble of this kind."""
    told = [finding("slow_steps", "warning"), finding("val_below_train", "info")]
    assert runmedic.answer_of(told, n_points=40) == quiet("no finding on the learning")
    assert not runmedic.answer_of(told, n_points=19).could_answer


def test_causes_come_in_its_order_and_once() -> None:
    """The most severe finding comes first, as in its report."""
    told = [
        finding("divergence", "critical", "Learning rate too high for the later phase of training"),
        finding(
            "loss_spikes", "info", "Individual bad batches: extreme outliers", "Learning rate too high, so"
        ),
    ]
    answer = runmedic.answer_of(told, n_points=40)
    assert answer.causes == ("learning_rate_too_high", "unscaled_inputs")
    assert answer.flagged
    assert not answer.hinted


# --- a real store --------------------------------------------------------------------


@pytest.fixture(scope="module")
def records() -> list[RunRecord]:
    """Return runs that are flat, short, learning, not a number, and without any metric."""
    flat = [LN2 - 1e-5 * step for step in range(30)]
    return [
        run("1" * 32, loss=flat, accuracy=[0.5] * 30),
        run("2" * 32, loss=flat[:19]),
        run("3" * 32, loss=falling(40), val_loss=falling(40)),
        run("4" * 32, loss=[*falling(15), *[math.nan] * 10], grad_norm=[*[1.0] * 24, math.inf]),
        run("5" * 32),
    ]


@pytest.fixture(scope="module")
def database(records: list[RunRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with these runs."""
    path = tmp_path_factory.mktemp("rivals") / "mlflow.db"
    write_store(records, path)
    return path


def test_mlflow_reads_the_runs_as_they_were(records: list[RunRecord], database: Path) -> None:
    """The evaluator's own reader finds ids, params, tags and every point; an infinity as SQL keeps it."""
    client = MlflowClient(f"sqlite:///{database}")
    for record in records:
        stored = client.get_run(record.run_id)
        found = ClientReader(client).read_one(stored)
        assert isinstance(found, RunRecord)
        assert (found.params, found.tags, found.status) == (record.params, record.tags, "FINISHED")
        assert (found.start_time, found.end_time, found.run_name) == (START, START + 60_000, "a run")
        assert set(found.histories) == set(record.histories) == set(stored.data.metrics)
        for name, history in record.histories.items():
            largest = np.finfo(np.float64).max
            np.testing.assert_array_equal(found.histories[name].steps, history.steps)
            np.testing.assert_array_equal(
                found.histories[name].values, np.clip(history.values, -largest, largest)
            )
            np.testing.assert_equal(stored.data.metrics[name], found.histories[name].values[-1])


def test_a_store_is_not_mixed_with_another(database: Path) -> None:
    """A file that is there is left alone, and the message says so."""
    with pytest.raises(FileExistsError, match="is there already; give the path of a new file"):
        write_store([], database)


def test_runmedic_answers_as_its_command_does(database: Path) -> None:
    """The three calls give what `runmedic diagnose mlflow.db --json` prints."""
    command = [sys.executable, "-m", "runmedic", "diagnose", str(database), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    by_command = {
        runmedic.run_id_of(one["path"]): runmedic.answer_of(
            one["findings"],
            n_points=max(
                (one["series"][name]["points"] for name in one["roles"].get("train_loss", ())), default=0
            ),
        )
        for one in json.loads(printed)
    }
    assert runmedic.answers(database).by_run == by_command


def test_every_rival_answers_for_every_run(records: list[RunRecord]) -> None:
    """A flat run is found, 19 points are too few for runmedic, and a run without metrics is not answered."""
    answers, seconds = ask_rivals(records)
    assert seconds > 0
    assert {name: len(given) for name, given in answers.items()} == dict.fromkeys(answers, len(records))
    flat, short, learning, not_a_number, empty = answers[runmedic.NAME]
    assert flat.flagged
    assert flat.causes[:2] == ("dead_relu", "frozen_parameters")
    assert not short.could_answer
    assert learning == quiet("no finding on the learning")
    assert not_a_number.flagged
    assert empty == no_answer("it has no metric")
    assert [answers[name][0].flagged for name in (autotrainer.NAME, deepdiagnosis.NAME)] == [True, True]


# --- the comparison ------------------------------------------------------------------

STALL = Case(
    verdict=Verdict.STALLED,
    acceptable=frozenset({Verdict.STALLED}),
    causes=frozenset({"zero_initialization"}),
    kind="zero_initialization",
    fault="zero_initialization",
    n_points=8,
    said=Verdict.STALLED,
    stated=(("no_signal", 0.6), ("zero_initialization", 0.4)),
    rate_known=True,
)
HEALTHY = replace(
    STALL,
    verdict=Verdict.LEARNING,
    acceptable=frozenset({Verdict.LEARNING}),
    causes=frozenset({"none"}),
    fault="none",
    said=Verdict.LEARNING,
    stated=(),
)
LOUD = RivalAnswer(flagged=True, causes=("dead_relu", "no_signal"), why="always")
NOTE = RivalAnswer(flagged=False, causes=(), why="a note", hinted=True)


def test_columns_read_the_rival_in_its_favour() -> None:
    """A note finds a stall without a false alarm, and an inseparable cause is right."""
    ours, loud, noting = compare([STALL, HEALTHY], {"loud": [LOUD, LOUD], "noting": [NOTE, NOTE]})
    assert (ours.stalls, ours.false_alarms, ours.first_cause, ours.any_cause) == (
        *(Share(1, 1), Share(0, 1), Share(0, 1), Share(1, 1)),
    )
    assert (loud.short_stalls, loud.false_alarms, loud.first_cause) == (Share(1, 1), Share(1, 1), Share(1, 1))
    assert (noting.clear_stalls, noting.false_alarms, noting.any_cause) == (
        *(Share(1, 1), Share(0, 1), Share(0, 1)),
    )


def test_runs_near_a_boundary_raise_no_false_alarm() -> None:
    """An alarm is false only where every verdict in trouble is wrong."""
    near = replace(HEALTHY, acceptable=frozenset({Verdict.LEARNING, Verdict.SLOW}))
    _, loud = compare([near, HEALTHY], {"loud": [LOUD, LOUD]})
    assert loud.false_alarms == Share(1, 1)


def test_sentences_say_who_is_ahead_and_at_what_price() -> None:
    """Ahead, level and behind are told from the numbers, with the rival's alarms beside its lead."""
    contenders = compare([STALL, HEALTHY], {"loud": [LOUD, LOUD]})
    said = dict(zip((column.title for column in COLUMNS), standings(contenders), strict=True))
    assert said["all stalls found"] == (
        "All stalls found: mlflow-bce-monitor is level with every rival, 100.0 % (1 of 1) against "
        "100.0 % (1 of 1) of loud."
    )
    assert said["false alarms"] == (
        "False alarms: mlflow-bce-monitor is ahead of every rival, 0.0 % (0 of 1) against "
        "100.0 % (1 of 1) of loud."
    )
    assert said["first cause right"] == (
        "First cause right: loud is ahead with 100.0 % (1 of 1); its alarms on runs that learned: "
        "100.0 % (1 of 1), ours: 0.0 % (0 of 1). Ours: 0.0 % (0 of 1)."
    )
    assert [bool(rivals_ahead(contenders, column)) for column in COLUMNS] == [False] * 4 + [True, False]


def test_a_rival_answers_for_every_run_or_not_at_all() -> None:
    """Missing answers are refused by name and numbers."""
    with pytest.raises(ValueError, match="loud: every run needs one answer, got 1 for 2 runs"):
        compare([STALL, HEALTHY], {"loud": [LOUD]})
