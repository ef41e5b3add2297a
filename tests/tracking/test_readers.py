"""The readers: the same records from every way into a store."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from stores import START, FilledStore, learning, stalled

from mlflow_bce_monitor.contract import TAG_MONITOR
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reader import ClientReader, ReadFailure, RunReader
from mlflow_bce_monitor.tracking.sql_reader import SqlReader, sql_reader
from mlflow_bce_monitor.tracking.store import Store, StoreKind, open_store, read_only_engine

HOSTILE = {
    "train/loss": [0.7, math.nan, math.inf, -math.inf, 1.7976931348623157e308, 5e-324, -0.0],
    "val loss": [(-5, START, 0.7), (-1, START + 1, 0.6), (0, START + 2, 0.5)],
    "duplicate.step": [(0, START + 2, 0.3), (0, START, 0.1), (0, START + 1, 0.2), (0, START + 1, 0.25)],
    "all at step 0": [(0, START + i, 0.6) for i in range(4)],
    "backwards": [(3, START, 0.1), (2, START + 1, 0.2), (1, START + 2, 0.3)],
    "NaN ties": [(1, START, math.nan), (1, START, 0.5), (1, START, -0.5)],
    "Loss": [0.1],
    "loss": [0.2, 0.3],
    "überraschung-损失": [0.5, 0.4],
    "huge_step": [(2**53 + 1, START, 1.0)],
}


def read(reader: RunReader, runs: Sequence[Run]) -> list[RunRecord]:
    """Return what a reader makes of runs, none of which may fail."""
    with ThreadPoolExecutor(2) as pool:
        records = list(reader.read(runs, pool, 2))
    assert not [record for record in records if isinstance(record, ReadFailure)]
    return [record for record in records if isinstance(record, RunRecord)]


def comparable(history: MetricHistory) -> tuple[object, ...]:
    """Return a history so that NaN equals NaN and -0.0 differs from 0.0."""
    return history.name, history.steps.tolist(), history.timestamps.tolist(), history.values.tobytes()


def assert_same(one: RunRecord, other: RunRecord) -> None:
    """Compare two records, histories to the bit."""
    assert list(one.histories) == list(other.histories)
    for name, history in one.histories.items():
        assert comparable(history) == comparable(other.histories[name])
    for field in ("run_id", "run_name", "experiment_id", "status", "start_time", "end_time"):
        assert getattr(one, field) == getattr(other, field)
    assert one.params == other.params
    assert one.tags == other.tags
    assert one.datasets == other.datasets
    assert one.model_summary == other.model_summary


@pytest.fixture
def hostile(store: FilledStore) -> tuple[Store, list[Run]]:
    """Return a store with runs that hold everything a metric can hold."""
    experiment = store.experiment()
    store.run(experiment, HOSTILE, name="hostile", params={"lr": "fast", "b": ""}, tags={"note": "a\nb"})
    store.run(experiment, {}, name="empty")
    store.run(experiment, {"loss": stalled(300)}, name="plain", status="FAILED")
    opened = open_store(store.uri)
    return opened, list(store.client.search_runs([experiment]))


def test_sql_and_client_read_the_same_hostile_histories(hostile: tuple[Store, list[Run]]) -> None:
    """NaN, infinities, repeated, negative and disordered steps and odd names are read alike."""
    store, runs = hostile
    fast = sql_reader(store)
    assert fast is not None
    for one, other in zip(read(fast, runs), read(ClientReader(store.client), runs), strict=True):
        assert_same(one, other)


@pytest.mark.server
def test_server_and_database_read_the_same_hostile_histories(server: FilledStore) -> None:
    """What a server sends is what its database holds."""
    experiment = server.experiment()
    server.run(experiment, HOSTILE, name="über <b>Name</b>", params={"opt_name": "Adam"})
    over_http = open_store(server.uri)
    direct = open_store(f"sqlite:///{server.database}")
    fast = sql_reader(direct)
    assert fast is not None
    (remote,) = read(ClientReader(over_http.client), list(over_http.client.search_runs([experiment])))
    (local,) = read(fast, list(direct.client.search_runs([experiment])))
    assert_same(remote, local)


def test_a_server_has_no_sql_reader(server: FilledStore) -> None:
    """The fast reader is for databases only."""
    assert sql_reader(Store(server.uri, StoreKind.SERVER, server.client)) is None


def test_values_survive_reading(store: FilledStore) -> None:
    """Steps, timestamps and values are what was logged; SQL holds infinity as the largest float."""
    run_id = store.run(store.experiment(), {"loss": [0.5, math.nan, math.inf, -math.inf]})
    fast = sql_reader(open_store(store.uri))
    assert fast is not None
    (record,) = read(fast, [store.client.get_run(run_id)])
    history = record.histories["loss"]
    np.testing.assert_array_equal(history.steps, [0, 1, 2, 3])
    np.testing.assert_array_equal(history.timestamps, START + 1_000 * np.arange(4))
    largest = np.finfo(np.float64).max
    np.testing.assert_array_equal(history.values, [0.5, np.nan, largest, -largest])


@pytest.mark.parametrize("points_at_once", [1, 50, 1_000])
def test_runs_come_in_the_order_asked_for(store: FilledStore, points_at_once: int) -> None:
    """Cutting a page into batches by their number of points neither loses nor reorders a run."""
    experiment = store.experiment()
    for n in (5, 40, 0, 7, 90, 3):
        store.run(experiment, {"loss": learning(n)} if n else {}, name=f"{n} points")
    runs = list(store.client.search_runs([experiment]))[::-1]
    records = read(SqlReader(read_only_engine(store.uri), points_at_once), runs)
    assert [record.run_id for record in records] == [run.info.run_id for run in runs]
    lengths = [len(record.histories["loss"]) if record.histories else 0 for record in records]
    assert lengths == [5, 40, 0, 7, 90, 3]


def test_own_answers_are_not_read(store: FilledStore) -> None:
    """The evaluator's tags, metrics and description block are no part of a record; the callback's are."""
    run_id = store.run(store.experiment(), {"loss": learning(), "bce/output_spread": [0.1]})
    block = f"<!-- bce-monitor:begin run={run_id} newlines=2 -->\nours\n<!-- bce-monitor:end run={run_id} -->"
    store.client.set_tag(run_id, "mlflow.note.content", f"theirs\n\n{block}")
    store.client.set_tag(run_id, "bce.verdict", "stalled")
    store.client.set_tag(run_id, TAG_MONITOR, '{"heads": []}')
    store.client.log_metric(run_id, "bce/skill", 0.5)
    store.client.log_metric(run_id, "bce/plateau_fraction", 0.5)
    opened = open_store(store.uri)
    fast = sql_reader(opened)
    assert fast is not None
    for reader in (fast, ClientReader(opened.client)):
        (record,) = read(reader, [store.client.get_run(run_id)])
        assert set(record.histories) == {"loss", "bce/output_spread"}
        assert record.tags["mlflow.note.content"] == "theirs"
        assert {tag for tag in record.tags if tag.startswith("bce.")} == {TAG_MONITOR}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (json.dumps({"num_rows": 1000}), {"num_rows": 1000}),
        ("not JSON", {}),
        ("[1, 2]", {}),
        (None, {}),
    ],
)
def test_data_set_inputs_are_read(store: FilledStore, profile: str | None, expected: dict[str, int]) -> None:
    """A data set's profile is parsed; what is no JSON object is an empty profile, not an error."""
    run_id = store.run(store.experiment(), {"loss": learning()})
    dataset = Dataset("rows", "abc123", "local", json.dumps({"uri": "x"}), profile=profile)
    tags = [InputTag("mlflow.data.context", "training")]
    store.client.log_inputs(run_id, [DatasetInput(dataset, tags)])
    (record,) = read(ClientReader(store.client), [store.client.get_run(run_id)])
    (logged,) = record.datasets
    assert (logged.name, logged.digest, logged.source_type) == ("rows", "abc123", "local")
    assert logged.context == "training"
    assert logged.profile == expected


def test_model_summary_is_read_from_a_local_folder(store: FilledStore) -> None:
    """A Keras model summary among local artifacts is part of the record."""
    run_id = store.run(store.experiment(), {"loss": learning()})
    store.client.log_text(run_id, "Total params: 42", "model_summary.txt")
    opened = open_store(store.uri)
    fast = sql_reader(opened)
    assert fast is not None
    for reader in (fast, ClientReader(opened.client)):
        (record,) = read(reader, [store.client.get_run(run_id)])
        assert record.model_summary == "Total params: 42"


@pytest.mark.server
def test_model_summary_is_read_from_a_server(server: FilledStore) -> None:
    """Over http the summary is fetched for runs that Keras autologging made, and for no others."""
    experiment = server.experiment()
    keras = server.run(experiment, {"loss": learning()}, params={"opt_name": "Adam"})
    other = server.run(experiment, {"loss": learning()})
    for run_id in (keras, other):
        server.client.log_text(run_id, "Total params: 42", "model_summary.txt")
    reader = ClientReader(server.client)
    runs = [server.client.get_run(run_id) for run_id in (keras, other)]
    assert [record.model_summary for record in read(reader, runs)] == ["Total params: 42", None]


def test_an_unknown_table_of_metrics_is_left_to_the_client(store: FilledStore, tmp_path: Path) -> None:
    """A database whose metrics table has other columns has no fast reader."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE metrics (run_uuid TEXT, key TEXT, packed_values BLOB)")
    connection.commit()
    connection.close()
    assert sql_reader(Store(f"sqlite:///{path}", StoreKind.DATABASE, store.client)) is None
