"""Every way into a store gives the same curves, to the bit, whatever was logged."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from mlflow.entities import Run
from stores import START, FilledStore, learning

from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reading import bulk_reader
from mlflow_bce_monitor.tracking.reading.bulk_reader import BulkReader
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure, RunReader
from mlflow_bce_monitor.tracking.reading.sql_histories import RowSource
from mlflow_bce_monitor.tracking.reading.sql_reader import SqlReader
from mlflow_bce_monitor.tracking.reading.sqlite_columns import SqliteSource
from mlflow_bce_monitor.tracking.store.opening import open_store, read_only_engine

HOSTILE = {
    "train/loss": [0.7, math.nan, math.inf, -math.inf, 1.7976931348623157e308, 1e308, 5e-324, -0.0],
    "val loss": [(-5, START, 0.7), (-1, START + 1, 0.6), (0, START + 2, 0.5)],
    "duplicate.step": [(0, START + 2, 0.3), (0, START, 0.1), (0, START + 1, 0.2), (0, START + 1, 0.25)],
    "all at step 0": [(0, START + i, 0.6) for i in range(4)],
    "one time": [(step, START, 0.1 * step) for step in (3, 1, 2, 0)],
    "backwards": [(3, START, 0.1), (2, START + 1, 0.2), (1, START + 2, 0.3)],
    "NaN ties": [(1, START, math.nan), (1, START, 0.5), (1, START, -0.5)],
    "constant": [0.25] * 3,
    "whole numbers": [1.0, 2.0, 3.0],
    "überraschung-损失": [0.5, 0.4],
    "a/b c.d-e:f": [0.5],
    "huge_step": [(-(2**62), START, 2.0), (2**53 + 1, START, 1.0)],
}
# Databases that take "Loss" and "loss" for equal refuse to hold both in one run.
TWO_CASES = {"Loss": [0.1], "loss": [0.2, 0.3]}
N_METRICS = 5_000

Ways = Callable[[FilledStore], list[RunReader]]


def _of_sqlite(filled: FilledStore) -> list[RunReader]:
    assert filled.database is not None
    return [
        SqlReader(SqliteSource(filled.database, with_adbc=True)),
        SqlReader(SqliteSource(filled.database, with_adbc=False)),
        SqlReader(SqliteSource(filled.database), points_at_once=7),
        *_of_database(filled),
    ]


def _of_database(filled: FilledStore) -> list[RunReader]:
    return [SqlReader(RowSource(read_only_engine(filled.uri))), reader_of(open_store(filled.uri))]


def _of_server(filled: FilledStore) -> list[RunReader]:
    opened = open_store(filled.uri)
    # The last one: answers that are cut, and runs that do not fit an answer at all.
    return [reader_of(opened), BulkReader(opened, rows_a_request=9)]


def read(reader: RunReader, runs: list[Run]) -> list[RunRecord]:
    """Return what a reader makes of runs, none of which may fail."""
    with ThreadPoolExecutor(2) as pool:
        records = list(reader.read(runs, pool, 2))
    reader.close()
    assert not [record for record in records if isinstance(record, ReadFailure)]
    return [record for record in records if isinstance(record, RunRecord)]


def comparable(record: RunRecord) -> dict[str, object]:
    """Return a record so that NaN equals NaN and -0.0 differs from 0.0."""
    fields = {name: value for name, value in vars(record).items() if name != "histories"}
    return fields | {"histories": [_comparable(history) for history in record.histories.values()]}


def _comparable(history: MetricHistory) -> tuple[object, ...]:
    return history.name, history.steps.tolist(), history.timestamps.tolist(), history.values.tobytes()


@pytest.mark.server
@pytest.mark.parametrize(
    ("kind", "ways", "n_ways"),
    [
        ("store", _of_sqlite, 5),
        ("postgresql", _of_database, 2),
        ("mysql", _of_database, 2),
        ("server", _of_server, 2),
    ],
)
def test_every_reader_gives_what_the_client_gives(
    request: pytest.FixtureRequest, kind: str, ways: Ways, n_ways: int
) -> None:
    """NaN, infinities, repeated, negative, huge and disordered steps and odd names are read alike."""
    filled: FilledStore = request.getfixturevalue(kind)
    experiment = filled.experiment()
    filled.run(experiment, HOSTILE, name="über <b>Name</b>", params={"opt_name": "Adam", "b": ""})
    filled.run(experiment, {} if kind == "mysql" else TWO_CASES, name="two cases or empty")
    filled.run(experiment, {}, name="empty", tags={"note": "a\nb"})
    for n_points in (30, 3):
        filled.run(experiment, {"loss": learning(n_points), "val_loss": learning(n_points)}, status="FAILED")
    runs = list(filled.client.search_runs([experiment]))
    expected = [comparable(record) for record in read(ClientReader(filled.client), runs)]
    readers = ways(filled)
    assert len(readers) == n_ways
    for reader in readers:
        assert not isinstance(reader, ClientReader)
        assert [comparable(record) for record in read(reader, runs)] == expected


def test_a_run_with_thousands_of_metrics_is_read_at_once(store: FilledStore) -> None:
    """Of five thousand metrics each has its own points, whichever way the file is read."""
    metrics = {f"metric {n}": [0.5, float(n)] for n in range(N_METRICS)}
    run = store.client.get_run(store.run(store.experiment(), metrics))
    for reader in _of_sqlite(store):
        (record,) = read(reader, [run])
        assert list(record.histories) == sorted(metrics)
        assert {name: history.values.tolist() for name, history in record.histories.items()} == metrics


@pytest.mark.server
def test_a_server_reads_what_its_database_holds(server: FilledStore) -> None:
    """What a server sends is what its database holds."""
    experiment = server.experiment()
    server.run(experiment, HOSTILE)
    direct = open_store(f"sqlite:///{server.database}")
    (local,) = read(reader_of(direct), list(direct.client.search_runs([experiment])))
    (remote,) = read(reader_of(open_store(server.uri)), list(server.client.search_runs([experiment])))
    assert [_comparable(one) for one in remote.histories.values()] == [
        _comparable(one) for one in local.histories.values()
    ]


@pytest.mark.server
def test_the_servers_limits_are_those_that_are_kept(
    server: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More runs than a request may name, and more rows than an answer may hold, come out complete."""
    experiment = server.experiment()
    assert server.database is not None
    server.many_runs(experiment, 103, learning(250))
    # More rows in one answer than the server sends: the reader has to notice that it was cut.
    monkeypatch.setattr(bulk_reader, "_ROWS_HOPED_FOR", 4 * bulk_reader._ROWS_A_REQUEST)
    runs = list(server.client.search_runs([experiment]))
    records = read(BulkReader(open_store(server.uri)), runs)
    assert [record.run_id for record in records] == [run.info.run_id for run in runs]
    assert {len(record.histories["loss"]) for record in records} == {250}
    experiment = server.experiment()
    server.many_runs(experiment, 1, learning(25_010))
    (long,) = server.client.search_runs([experiment])
    (record,) = read(BulkReader(open_store(server.uri)), [long])
    assert len(record.histories["loss"]) == 25_010
