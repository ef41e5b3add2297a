"""Reading and scanning beside the peers, in one process on the same store.

pip install -e '.[test]' connectorx polars
python -m benchmarks.scan                    # some minutes, most of them the client loop's
python -m benchmarks.scan --part sqlite --runs 500
python -m benchmarks.scan --growth           # 1,000 to 100,000 runs and their peak memory: half an hour
python -m benchmarks.scan --growth --sizes 30000 --stores FOLDER --write    # in pieces, beside what is kept
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Run

import mlflow_bce_monitor
from benchmarks.performance import kept, kept_before
from benchmarks.scan import columns, growth
from benchmarks.scan.filling import Shape, fill
from benchmarks.scan.measuring import measure, ratio
from benchmarks.scan.serving import serving
from mlflow_bce_monitor import scan
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.judges import Asked, JudgesBeside, judges_of
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, RunReader
from mlflow_bce_monitor.tracking.reading.sql_reader import SqlReader
from mlflow_bce_monitor.tracking.reading.sqlite_columns import SqliteSource, adbc_is_installed
from mlflow_bce_monitor.tracking.store.opening import Store, open_store

_PAGE: Final = 500
_WORKERS: Final = 4
# The client's loop is slow, so it gets fewer runs; its rate does not depend on their number.
_LOOPED: Final = 100
_LOOPED_HTTP: Final = 30
_OVER_HTTP: Final = 300
_WRITTEN: Final = 100


def main() -> None:
    """Measure, and print every number and every ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--store", type=Path, help="a SQLite file to keep and to use again")
    parser.add_argument("--part", choices=list(PARTS), help="only this part")
    parser.add_argument("--growth", action="store_true", help="only the growth from 1,000 to 100,000 runs")
    parser.add_argument("--sizes", type=int, nargs="+", default=growth.SIZES, help="of --growth, only these")
    parser.add_argument("--stores", type=Path, help="a folder to keep the growth's stores in")
    parser.add_argument("--write", action="store_true", help="keep the numbers for docs/performance.md")
    arguments = parser.parse_args()
    if arguments.growth:
        with kept("growth", "python -m benchmarks.scan --growth", write=arguments.write) as further:
            # What was measured before stays, so that a long measurement can be made in pieces.
            before = kept_before("growth").get("sizes", []) if arguments.write else []
            sizes = growth.main(arguments.sizes, arguments.stores, before)
            further |= {"points": growth.POINTS, "sizes": sizes}
        return
    # As pip does for whoever installs it: a checkout may be compiled anew by every process.
    compileall.compile_dir(Path(mlflow_bce_monitor.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        database = arguments.store or Path(folder) / "mlflow.db"
        parts = [arguments.part] if arguments.part else list(PARTS)
        if parts != ["start"] and not database.exists():
            fill(database, Shape(arguments.runs))
        for part in parts:
            command = f"python -m benchmarks.scan --part {part} --runs {arguments.runs}"
            with kept(f"scan-{part}", command, write=arguments.write):
                PARTS[part](database)


def _on_sqlite(database: Path) -> None:
    uri = f"sqlite:///{database}"
    print("\nSQLite, reading alone")
    with closing(sqlite3.connect(database)) as connection:
        run_ids = [
            run_id for (run_id,) in connection.execute("SELECT run_uuid FROM runs ORDER BY start_time")
        ]
    bare = [measure(name, len(run_ids), work) for name, work in columns.ways(database, run_ids)]
    floor = max(bare, key=lambda one: one.rate)
    store = open_store(uri)
    runs = _runs(store)
    ours = measure("bce-monitor, as beside a scan", len(runs), lambda: _read(_second(database), runs))
    measure("bce-monitor, in MLflow's process", len(runs), lambda: _read(reader_of(store), runs))
    looped = runs[:_LOOPED]
    loop = measure("client loop", len(looped), lambda: _read(ClientReader(store.client), looped), tries=1)
    print("\nSQLite, reading and diagnosing")
    measure("bce-monitor, in MLflow's process alone", len(runs), lambda: _judged(store, runs, "here"))
    both = measure("bce-monitor, with processes beside it", len(runs), lambda: _judged(store, runs, "beside"))
    whole = measure(
        "bce-monitor scan --dry-run, with its search", len(runs), lambda: scan(uri, dry_run=True), 1
    )
    rival = measure("runmedic, reading and its checks", len(runs), lambda: _runmedic(database), tries=1)
    print()
    ratio("reading, to the client loop", ours, loop, 200)
    ratio("reading, to the floor", ours, floor, 0.4)
    ratio("reading and diagnosing, to the floor", both, floor, 0.4)
    ratio("reading and diagnosing, to runmedic", both, rival, 3)
    ratio("the whole scan, to runmedic", whole, rival, 3)


def _over_http(database: Path) -> None:
    print("\nhttp, a server as MLflow starts it")
    copy = Path(shutil.copy(database, database.with_name("served.db")))
    with serving(copy, copy.with_suffix(".artifacts")) as address:
        store = open_store(address)
        runs = _runs(store, _OVER_HTTP)
        ours = measure(
            "bce-monitor, all histories", len(runs), lambda: _read(reader_of(store), runs), tries=1
        )
        looped = runs[:_LOOPED_HTTP]
        loop = measure(
            "client loop", len(looped), lambda: _read(ClientReader(store.client), looped, 1), tries=1
        )
        looped = runs[_LOOPED_HTTP : 3 * _LOOPED_HTTP]
        measure(
            "client loop in 4 threads",
            len(looped),
            lambda: _read(ClientReader(store.client), looped),
            tries=1,
        )
        ratio("all histories, to the client loop", ours, loop, 12)
        ids = [run.info.run_id for run in runs[:_WRITTEN]]
        measure("bce-monitor, answers written over http", len(ids), lambda: scan(address, run_ids=ids), 1)


def _writing(database: Path) -> None:
    print("\nSQLite, writing")
    copy = Path(shutil.copy(database, database.with_name("written.db")))
    uri = f"sqlite:///{copy}"
    ids = [run.info.run_id for run in _runs(open_store(uri), _WRITTEN)]
    measure(
        "bce-monitor, reading, diagnosing and writing answers", len(ids), lambda: scan(uri, run_ids=ids), 1
    )
    measure("the same runs again, unchanged", len(ids), lambda: scan(uri, run_ids=ids), 1)


def _starting(_database: Path) -> None:
    print("\nStarting, the best of three")
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        MlflowClient(uri).create_experiment("empty")
        scanning = [sys.executable, "-m", "mlflow_bce_monitor", "scan", "--tracking-uri", uri]
        ours = min(_seconds(scanning) for _ in range(3))
    mlflow = min(_seconds([sys.executable, "-c", "import mlflow"]) for _ in range(3))
    print(
        f"  bce-monitor scan of an empty store {ours:.2f} s, import mlflow {mlflow:.2f} s: "
        f"{ours / mlflow:.2f} (goal at most 2)"
    )


PARTS: Final = {"sqlite": _on_sqlite, "http": _over_http, "writing": _writing, "start": _starting}
"""What is measured, each part by itself."""


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def _runs(store: Store, n_runs: int | None = None) -> list[Run]:
    """Return runs of the only experiment that has any, oldest first."""
    ids = [experiment.experiment_id for experiment in store.client.search_experiments()]
    found: list[Run] = []
    token = None
    while n_runs is None or len(found) < n_runs:
        page = store.client.search_runs(
            ids, max_results=_PAGE, order_by=["attributes.start_time ASC"], page_token=token
        )
        found += page
        token = page.token
        if not token:
            break
    return found[:n_runs]


def _records(reader: RunReader, runs: list[Run], workers: int) -> list[RunRecord]:
    records = []
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(runs), _PAGE):
            records += list(reader.read(runs[start : start + _PAGE], pool, workers))
    reader.close()
    failed = [record for record in records if not isinstance(record, RunRecord)]
    if failed:
        raise RuntimeError(f"not read: {failed[0]}")
    return [record for record in records if isinstance(record, RunRecord)]


def _read(reader: RunReader, runs: list[Run], workers: int = _WORKERS) -> None:
    _records(reader, runs, workers)


def _second(database: Path) -> RunReader:
    return SqlReader(SqliteSource(database, with_adbc=adbc_is_installed()))


def _judged(store: Store, runs: list[Run], where: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        judges = judges_of(store, pool, 1, Question(), LIMITS, paced=False)
        if where == "here" and isinstance(judges, JudgesBeside):
            judges = judges.here
        asked = [Asked(run, lambda _run: (), written=False) for run in runs]
        for start in range(0, len(runs), _PAGE):
            for judged, _ in judges.judge(asked[start : start + _PAGE]):
                if judged.row is None:
                    raise RuntimeError(judged.error)
        judges.close()


def _runmedic(database: Path) -> None:
    from benchmarks.rivals.runmedic import answers  # noqa: PLC0415 - an optional rival

    answers(database)


if __name__ == "__main__":
    main()
