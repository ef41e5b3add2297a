"""The fingerprint: the same for the same inputs, another for anything that may change the answer."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Callable

import pytest
from mlflow.entities import Dataset, DatasetInput
from stores import START, FilledStore, stalled

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.tracking.writing.fingerprint import digest, is_current, tag_value
from mlflow_bce_monitor.tracking.writing.reports import Reports

ASKED = Question()

_DIGEST_IN_A_NEW_PROCESS = """
import sys
from mlflow import MlflowClient
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.tracking.writing.fingerprint import digest
print(digest(MlflowClient(sys.argv[1]).get_run(sys.argv[2]), Question(), LIMITS))
"""


def of(store: FilledStore, run_id: str) -> str:
    """Return the digest of a run as its store has it now."""
    return digest(store.client.get_run(run_id), ASKED, LIMITS)


@pytest.fixture
def run_id(store: FilledStore) -> str:
    """Return a run with a loss curve, params, tags and NaN in a metric."""
    metrics = {"loss": stalled(), "auc": [0.5, math.nan], "big": [1e308, math.inf]}
    return store.run(store.experiment(), metrics, params={"b": "2", "a": "1"}, tags={"owner": "me"})


CHANGES: dict[str, Callable[[FilledStore, str], object]] = {
    "a point with the same value": lambda s, r: s.client.log_metric(
        r, "loss", stalled()[-1], START + 10**6, 40
    ),
    "a point of a further metric": lambda s, r: s.client.log_metric(r, "val_loss", 0.7, START, 0),
    "a param": lambda s, r: s.client.log_param(r, "c", "3"),
    "a user's tag": lambda s, r: s.client.set_tag(r, "owner", "you"),
    "a data set": lambda s, r: s.client.log_inputs(r, [DatasetInput(Dataset("d", "1", "local", "{}"))]),
    "the status": lambda s, r: s.client.set_terminated(r, "FAILED", end_time=START),
    "the name": lambda s, r: s.client.update_run(r, name="renamed"),
    "a measurement of the training callback": lambda s, r: s.client.log_metric(
        r, "bce/output_spread", 0.1, START
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_when_the_run_changes(
    store: FilledStore, run_id: str, change: Callable[[FilledStore, str], object]
) -> None:
    """Everything that may change an answer changes the fingerprint."""
    before = of(store, run_id)
    change(store, run_id)
    assert of(store, run_id) != before


OWN: dict[str, Callable[[FilledStore, str], object]] = {
    "its own tag": lambda s, r: s.client.set_tag(r, "bce.verdict", "stalled"),
    "its own metric": lambda s, r: s.client.log_metric(r, "bce/skill", 0.1, START, 3),
    "the description": lambda s, r: s.client.set_tag(r, "mlflow.note.content", "a note"),
    "an artifact": lambda s, r: s.client.log_text(r, "text", "notes.txt"),
}


@pytest.mark.parametrize("change", OWN.values(), ids=OWN.keys())
def test_stays_when_only_the_answer_is_written(
    store: FilledStore, run_id: str, change: Callable[[FilledStore, str], object]
) -> None:
    """Writing an answer, or a note, does not make the answer stale."""
    before = of(store, run_id)
    change(store, run_id)
    assert of(store, run_id) == before


@pytest.mark.parametrize(
    ("question", "limits"),
    [
        (Question(metrics=("loss",)), LIMITS),
        (Question(base_rate=0.1), LIMITS),
        (ASKED, dataclasses.replace(LIMITS, min_points=LIMITS.min_points + 1)),
    ],
    ids=["metrics", "base rate", "limits"],
)
def test_changes_with_the_question(
    store: FilledStore, run_id: str, question: Question, limits: object
) -> None:
    """Another question or other limits make another answer."""
    run = store.client.get_run(run_id)
    assert digest(run, question, limits) != digest(run, ASKED, LIMITS)


def test_is_the_same_in_another_process(store: FilledStore, run_id: str) -> None:
    """No order of a set and no hash seed of a process gets into the fingerprint."""
    command = [sys.executable, "-c", _DIGEST_IN_A_NEW_PROCESS, store.uri, run_id]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert other == of(store, run_id)


@pytest.mark.server
def test_is_the_same_over_http_and_from_search(server: FilledStore) -> None:
    """A run answered through the server is current for who reads the database, and the other way round."""
    experiment = server.experiment()
    metrics = {"loss": [0.1, math.nan], "big": [math.inf], "small": [5e-324, -0.0], "third": [1 / 3]}
    run_id = server.run(experiment, metrics, params={"a": "ü"}, tags={"t": "<b>"})
    server.client.log_inputs(run_id, [DatasetInput(Dataset("d", "1", "local", "{}", profile="{}"))])
    direct = FilledStore(f"sqlite:///{server.database}", server.folder)
    (searched,) = server.client.search_runs([experiment])
    assert of(server, run_id) == of(direct, run_id) == digest(searched, ASKED, LIMITS)


@pytest.mark.parametrize(
    ("verdict", "written_report", "wanted", "expected"),
    [
        (Verdict.STALLED, True, Reports.FLAGGED, True),
        (Verdict.STALLED, True, Reports.NONE, True),
        (Verdict.STALLED, False, Reports.FLAGGED, False),
        (Verdict.STALLED, False, Reports.NONE, True),
        (Verdict.LEARNING, False, Reports.FLAGGED, True),
        (Verdict.LEARNING, False, Reports.ALL, False),
        (Verdict.LEARNING, True, Reports.ALL, True),
    ],
)
def test_a_missing_report_makes_an_answer_stale(
    store: FilledStore,
    run_id: str,
    verdict: Verdict,
    *,
    written_report: bool,
    wanted: Reports,
    expected: bool,
) -> None:
    """An answer is current only when the report that is wanted now was written with it."""
    store.client.set_tag(run_id, "bce.verdict", verdict.value)
    store.client.set_tag(run_id, "bce.fingerprint", tag_value(of(store, run_id), has_report=written_report))
    run = store.client.get_run(run_id)
    assert is_current(run, of(store, run_id), wanted) is expected


def test_a_mark_without_an_answer_is_not_current(store: FilledStore, run_id: str) -> None:
    """When somebody deletes the verdict and leaves the fingerprint, the run is evaluated again."""
    store.client.set_tag(run_id, "bce.fingerprint", of(store, run_id))
    assert not is_current(store.client.get_run(run_id), of(store, run_id), Reports.NONE)
