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
from stores import START, FilledStore, learning

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.contract import TAG_MONITOR
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure, RunReader
from mlflow_bce_monitor.tracking.reading.sql_reader import SqlReader, sql_reader
from mlflow_bce_monitor.tracking.reading.sqlite_columns import SqliteSource
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind, open_store


def read(reader: RunReader, runs: Sequence[Run]) -> list[RunRecord]:
    """Return what a reader makes of runs, none of which may fail."""
    with ThreadPoolExecutor(2) as pool:
        records = list(reader.read(runs, pool, 2))
    assert not [record for record in records if isinstance(record, ReadFailure)]
    return [record for record in records if isinstance(record, RunRecord)]


@pytest.mark.server
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
    assert store.database is not None
    records = read(SqlReader(SqliteSource(store.database), points_at_once), runs)
    assert [record.run_id for record in records] == [run.info.run_id for run in runs]
    lengths = [len(record.histories["loss"]) if record.histories else 0 for record in records]
    assert lengths == [5, 40, 0, 7, 90, 3]


def test_a_curve_of_a_million_points_is_scanned(store: FilledStore) -> None:
    """The longest curve is read and judged like any other, beside runs of a few points."""
    experiment = store.experiment()
    store.run(experiment, {"loss": learning()}, name="short")
    long = store.run(experiment, {"loss": [0.7]}, params={"positive_share": "0.5"}, name="long")
    assert store.database is not None
    connection = sqlite3.connect(store.database)
    with connection:
        connection.execute(
            """
            WITH RECURSIVE steps(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM steps WHERE step < 999999)
            INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
            SELECT 'loss', 0.693 + 0.001 * (step % 7), ? + step, ?, step, 0 FROM steps
            """,
            (START, long),
        )
    connection.close()
    fast = sql_reader(open_store(store.uri))
    assert fast is not None
    (record,) = read(fast, [store.client.get_run(long)])
    assert len(record.histories["loss"]) == 1_000_000
    assert scan(store.uri, dry_run=True)["verdict"].tolist() == ["learning", "stalled"]


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
