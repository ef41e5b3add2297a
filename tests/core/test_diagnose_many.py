"""Runs that are diagnosed together: each gets the answer it gets alone."""

from __future__ import annotations

import gc

import pytest
from hostile_runs import hostile_runs, questions
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import LN_2, run

from benchmarks.core.answers import digest_of
from benchmarks.core.made import made_runs
from mlflow_bce_monitor.collecting import without_collecting
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.pipeline import Question, diagnose, diagnose_many
from mlflow_bce_monitor.records import RunRecord


def said(answer: Diagnosis | RunError) -> str:
    """Return everything in an answer."""
    return str(answer) if isinstance(answer, RunError) else digest_of(answer)


def alone(record: RunRecord, question: Question) -> Diagnosis | RunError:
    """Return the answer of one run."""
    try:
        return diagnose(record, question)
    except RunError as error:
        return error


@settings(max_examples=40)
@given(st.lists(hostile_runs(), max_size=4), questions())
def test_hostile_runs_together_are_what_they_are_alone(records: list[RunRecord], question: Question) -> None:
    """Whatever else is diagnosed with them, to the last bit of every field, in any order."""
    expected = [said(alone(record, question)) for record in records]
    assert list(map(said, diagnose_many(records, question))) == expected
    assert list(map(said, diagnose_many(records[::-1], question))) == expected[::-1]


def test_made_runs_together_are_what_they_are_alone() -> None:
    """Runs of all kinds, more than one stack of curves holds."""
    records = [made.record for made in made_runs(200)]
    together = diagnose_many(records)
    for at in range(0, len(records), 11):
        assert said(together[at]) == said(alone(records[at], Question()))


def test_a_run_without_the_metric_concerns_no_other() -> None:
    """Its error stands in its place."""
    flat = {"my_loss": [LN_2] * 9}
    first, second, third = diagnose_many(
        [run(flat), run({"loss": [LN_2] * 9}), run(flat)], Question(metrics=("my_loss",))
    )
    assert isinstance(second, RunError)
    assert "no metric named 'my_loss'" in str(second)
    assert said(first) == said(third)
    assert isinstance(first, Diagnosis)


def test_no_runs_have_no_answers() -> None:
    """Nothing is asked, nothing is said."""
    assert diagnose_many([]) == []


@pytest.mark.parametrize("question", [Question(), Question(base_rate=0.3)])
def test_a_run_twice_is_answered_twice(question: Question) -> None:
    """The same record may stand in a list more than once."""
    record = made_runs(1)[0].record
    first, second = diagnose_many([record, record], question)
    assert said(first) == said(second) == said(alone(record, question))


def test_the_search_for_garbage_is_as_it_was_afterwards() -> None:
    """It is held while a page is diagnosed; whoever had switched it off keeps it off."""
    assert gc.isenabled()
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with without_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
