"""Diagnoses on a real Spark are those of one machine, field by field."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tables
from click.testing import CliRunner
from stores import START, FilledStore, learning, stalled

from benchmarks.rivals.store import write_store
from benchmarks.zoo.traces import load, with_siblings
from mlflow_bce_monitor import scan
from mlflow_bce_monitor.cli import main
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.judging import judge_together
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.siblings import FINISHED, PARENT_TAG, Neighbour, neighbourhood
from mlflow_bce_monitor.spark import DATABRICKS, MLFLOW_SQL, Columns, diagnose, mlflow_runs
from mlflow_bce_monitor.spark.session import check_java

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

Answers = dict[str, dict[str, Any]]


def frame(spark: SparkSession, table: pa.Table, path: Path) -> DataFrame:
    """Return a table as Spark reads it from a file."""
    pq.write_table(table, path)
    return spark.read.parquet(str(path))


def answers(frame: DataFrame) -> Answers:
    """Return the contract's objects by run id; no run comes twice."""
    rows = [row.asDict(recursive=True) for row in frame.drop("writing").collect()]
    found = {row["run_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def as_in_memory(records: Sequence[RunRecord]) -> Answers:
    """Return the contract's objects of runs that no store and no table stands before."""
    return {one.run_id: dict(one.row or {}) for one in judge_together(records, Question(), LIMITS)}


def sqlite_frames(spark: SparkSession, database: Path, folder: Path, *names: str) -> dict[str, DataFrame]:
    """Return tables of MLflow's schema as a warehouse would hold them."""
    frames = {}
    with closing(sqlite3.connect(database)) as connection:
        for name in names:
            found = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - ours
            columns = [str(column[0]) for column in found.description]
            values = list(zip(*found, strict=True)) or [[""][:0] for _ in columns]
            arrays = [pa.array(of_column, None if of_column else pa.string()) for of_column in values]
            frames[name] = frame(spark, pa.table(arrays, columns), folder / f"{name}.parquet")
    return frames


def test_the_whole_zoo_is_diagnosed_as_a_scan_does(spark: SparkSession, tmp_path: Path) -> None:
    """From MLflow's own tables, with all runs in one experiment, so that blocks have edges."""
    zoo = [record for record, _ in load()]
    write_store(zoo, tmp_path / "mlflow.db")
    result = CliRunner().invoke(
        main,
        ["scan", "--tracking-uri", f"sqlite:///{tmp_path / 'mlflow.db'}", "--dry-run", "--format", "json"],
    )
    expected = {row["run_id"]: row for row in json.loads(result.stdout)}
    assert len(expected) == len(zoo)
    names = ("runs", "params", "tags", "latest_metrics", "metrics")
    of_mlflow = sqlite_frames(spark, tmp_path / "mlflow.db", tmp_path, *names)
    runs = mlflow_runs(*(of_mlflow[name] for name in names[:4]))
    found = answers(diagnose(of_mlflow["metrics"], runs, columns=MLFLOW_SQL))
    assert {run_id: found[run_id] == row for run_id, row in expected.items()} == dict.fromkeys(expected, True)
    assert found.keys() == expected.keys()


def test_whatever_a_record_holds_is_diagnosed_as_in_memory(spark: SparkSession, tmp_path: Path) -> None:
    """Data sets, model summaries and siblings included, whatever the order of the points."""
    some = with_siblings([record for record, _ in load()][::12])
    history = frame(spark, tables.points_table(some, "shuffled"), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(some), tmp_path / "runs.parquet")
    assert answers(diagnose(history, runs)) == as_in_memory(some)


def hostile(n_runs: int) -> list[RunRecord]:
    """Return runs of two experiments with many equal starts, parents, and runs that came to no good end."""
    rng = np.random.default_rng(5)
    records = []
    for n in range(n_runs):
        stuck = rng.random() < 0.5
        loss = np.array(stalled(25, n) if stuck else learning(25, n))
        steps = np.arange(25)
        history = MetricHistory("loss", steps, START + steps, loss)
        tags = {PARENT_TAG: "f" * 32} if rng.random() < 0.3 else {}
        params = {"learning_rate": f"{10.0 ** rng.integers(-7, 0):g}", "positive_share": "0.5"}
        records.append(
            RunRecord(
                run_id=rng.bytes(16).hex(),
                run_name=f"run {n}",
                experiment_id="7" if n % 9 else "8",
                status=FINISHED if rng.random() < 0.8 else "FAILED",
                # A quarter of all in one instant, the rest in few.
                start_time=None
                if n == 3
                else START + (100 if rng.random() < 0.25 else int(rng.integers(0, 200))),
                params=params,
                tags=tags,
                histories={"loss": history} if n % 50 else {},
            )
        )
    return records


def by_the_rule(records: list[RunRecord]) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of each run's siblings, found in one stretch of its whole experiment."""
    from mlflow_bce_monitor.columnar.runs import neighbour_of  # noqa: PLC0415 - the one thing shared

    of_experiment: dict[str, list[Neighbour]] = {}
    rows = dict(zip((one.run_id for one in records), tables.runs_table(records).to_pylist(), strict=True))
    for record in records:
        one = neighbour_of(rows[record.run_id])
        if one is not None:
            of_experiment.setdefault(record.experiment_id, []).append(one)
    stretches = {experiment: neighbourhood(runs) for experiment, runs in of_experiment.items()}
    return {
        one.run_id: tuple(
            sibling.run_id
            for sibling in stretches[one.experiment_id].siblings_of(
                one.run_id, one.start_time, one.tags.get(PARENT_TAG)
            )
        )
        if one.start_time is not None
        else ()
        for one in records
    }


def siblings_seen(batches: Any) -> Any:
    """Return, for each asking run, the ids of the siblings that its block gives it."""
    from mlflow_bce_monitor.spark.worker import records  # noqa: PLC0415 - runs on executors

    for _, record in records(batches):
        seen = {"run_id": record.run_id, "siblings": [one.run_id for one in record.siblings]}
        yield pa.RecordBatch.from_pylist([seen], schema=SEEN)


SEEN = pa.schema({"run_id": pa.string(), "siblings": pa.list_(pa.string())})


@pytest.mark.parametrize("runs_a_block", [100, 130])
def test_blocks_give_the_siblings_of_the_rule(spark: SparkSession, tmp_path: Path, runs_a_block: int) -> None:
    """Ties, edges, parents and unknown starts: what a run sees in its block is what its experiment holds."""
    from mlflow_bce_monitor.spark.frames import in_blocks  # noqa: PLC0415 - needs Spark

    records = hostile(500)
    history = frame(spark, tables.points_table(records), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(records), tmp_path / "runs.parquet")
    sent = in_blocks(history, runs, runs_a_block=runs_a_block)
    seen = sent.mapInArrow(siblings_seen, "run_id string, siblings array<string>").collect()
    assert {row["run_id"]: tuple(row["siblings"]) for row in seen} == by_the_rule(records)


def test_some_runs_are_diagnosed_with_siblings_among_all(spark: SparkSession, tmp_path: Path) -> None:
    """A condition picks the runs that are answered, not those that they are compared with."""
    records = hostile(90)
    history = frame(spark, tables.points_table(records), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(records), tmp_path / "runs.parquet")
    everything = answers(diagnose(history, runs))
    assert len(everything) == 90
    some = answers(diagnose(history, runs, only="status = 'FAILED'"))
    assert some == {one.run_id: everything[one.run_id] for one in records if one.status == "FAILED"}
    # Latest values that the table of runs does not hold are found in the histories.
    assert answers(diagnose(history, runs.drop("latest"))) == everything


def test_a_long_run_among_short_ones(spark: SparkSession, tmp_path: Path) -> None:
    """One run with a hundred thousand points in any order, and many with a few, are answered alike."""
    rng = np.random.default_rng(1)
    n_points = 100_000
    steps = rng.permutation(n_points)
    falling = 0.2 + 0.5 * np.exp(-steps / 15_000) + 0.01 * rng.standard_normal(n_points)
    long = RunRecord(
        "long", histories={"loss": MetricHistory("loss", steps, START + steps, falling)}, start_time=START
    )
    short = [
        RunRecord(
            f"short {n}",
            experiment_id=str(n % 70),
            start_time=START + n,
            histories={
                "loss": MetricHistory("loss", np.arange(9), START + np.arange(9), np.array(stalled(9, n)))
            },
        )
        for n in range(200)
    ]
    records = [long, *short]
    history = frame(spark, tables.points_table(records), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(records), tmp_path / "runs.parquet")
    found = answers(diagnose(history, runs))
    order = np.argsort(steps)
    in_order = MetricHistory("loss", steps[order], START + steps[order], falling[order])
    sorted_long = RunRecord("long", histories={"loss": in_order}, start_time=START)
    assert found == as_in_memory(with_siblings([sorted_long, *short]))


def test_databricks_system_tables(spark: SparkSession, tmp_path: Path) -> None:
    """Under Databricks' names and types, deleted runs are left out and the rest is answered the same."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 - as everybody calls it; needs Spark

    records = hostile(60)
    history = frame(spark, tables.points_table(records), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(records), tmp_path / "runs.parquet")
    expected = answers(diagnose(history, runs.drop("datasets")))
    system_history = history.select(
        F.lit("account").alias("account_id"),
        "run_id",
        F.col("key").alias("metric_name"),
        F.timestamp_millis("timestamp").alias("metric_time"),
        F.col("step").alias("metric_step"),
        F.col("value").alias("metric_value"),
    )

    def system(runs: DataFrame, deleted: Column) -> DataFrame:
        return runs.select(
            *("run_id", "experiment_id", "run_name", "status", "params", "tags"),
            F.timestamp_millis("start_time").alias("start_time"),
            F.timestamp_millis("end_time").alias("end_time"),
            deleted.cast("timestamp").alias("delete_time"),
        )

    system_runs = system(runs, F.lit(None))
    deleted = dataclasses.replace(records[0], run_id="deleted", start_time=START + 500)
    gone = frame(spark, tables.runs_table([deleted]), tmp_path / "gone.parquet")
    one_more = system_runs.unionByName(system(gone, F.current_timestamp()))
    assert answers(diagnose(system_history, one_more, columns=DATABRICKS)) == expected


def test_a_table_from_spark_is_applied_to_its_store(
    spark: SparkSession, store: FilledStore, tmp_path: Path
) -> None:
    """Export, Spark, apply: the runs carry what a scan would have written, odd points and inputs included."""
    experiment = store.experiment()
    for n in range(6):
        store.run(experiment, {"loss": stalled(seed=n) if n % 2 else learning(seed=n)}, params={"lr": str(n)})
    store.run(
        experiment, {"loss": [(2, START, float("nan")), (1, START, float("inf")), (1, START, 0.3)]}, name=""
    )
    invoke = CliRunner().invoke
    assert invoke(main, ["export", str(tmp_path / "histories"), "--tracking-uri", store.uri]).exit_code == 0
    history = spark.read.parquet(str(tmp_path / "histories" / "points"))
    runs = spark.read.parquet(str(tmp_path / "histories" / "runs"))
    diagnose(history, runs).write.parquet(str(tmp_path / "diagnoses"))
    result = invoke(main, ["apply", str(tmp_path / "diagnoses"), "--tracking-uri", store.uri])
    assert "7 runs: 7 written." in result.stdout
    written = store.tables()
    scan(store.uri, reports="none", force=True)
    assert store.tables() == written
    # A warehouse without data set inputs: its answers are not taken for more than they are.
    diagnose(history, runs.drop("datasets")).write.parquet(str(tmp_path / "fewer"))
    assert (
        "7 unchanged" in invoke(main, ["apply", str(tmp_path / "fewer"), "--tracking-uri", store.uri]).stdout
    )


def test_questions_and_failures_are_those_of_a_scan(spark: SparkSession, tmp_path: Path) -> None:
    """A metric that some runs lack fails these alone, with the reason in their row."""
    records = hostile(60)
    history = frame(spark, tables.points_table(records), tmp_path / "points.parquet")
    runs = frame(spark, tables.runs_table(records), tmp_path / "runs.parquet")
    found = answers(diagnose(history, runs, question=Question(("bce",), 0.3)))
    with_points = [one.run_id for one in records if one.histories]
    assert all("has no metric 'bce'; it has 'loss'" in found[run_id]["error"] for run_id in with_points)


def test_columns_that_are_missing_are_told(spark: SparkSession) -> None:
    """The message names the column, those that are there, and the ready maps."""
    history = spark.createDataFrame([("a", 1.0)], "run_id string, metric_value double")
    with pytest.raises(
        UsageError, match=r"metric points has no column 'metric_name' or 'metric_time'.*DATABRICKS"
    ):
        diagnose(history, history, columns=DATABRICKS)
    points = spark.createDataFrame(
        [("a", "loss", 1, 1, 1.0)], "id string, key string, timestamp long, step long, value double"
    )
    with pytest.raises(UsageError, match="runs has no column 'experiment_id'"):
        diagnose(points, history, columns=Columns(history={"run_id": "id"}))


def test_executors_load_neither_mlflow_nor_spark() -> None:
    """The package, NumPy and pyarrow are all that a cluster has to hold."""
    program = (
        "import sys, mlflow_bce_monitor.spark.worker\n"
        "print(sorted({'mlflow', 'pyspark', 'sqlalchemy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.strip() == "[]"


def test_without_pyspark_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of the room are there without Spark; asking for one that needs it says what is missing."""
    import mlflow_bce_monitor.spark as room  # noqa: PLC0415 - as a user without Spark would

    monkeypatch.setitem(sys.modules, "pyspark", None)
    for name in ("mlflow_bce_monitor.spark.frames", "mlflow_bce_monitor.spark.session"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(
        UsageError, match=r"needs pyspark, which is not installed.*mlflow-bce-monitor\[spark\]"
    ):
        room.diagnose  # noqa: B018 - reading the attribute is the test
    with pytest.raises(AttributeError, match=r"no attribute 'diagnos'; it offers .*diagnose"):
        room.diagnos  # noqa: B018 - as above


def test_without_java_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No Java, a JAVA_HOME without one, and one that is too old each end in one line."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(
        UsageError, match=r"needs Java 17 or newer, and there is none on the PATH\..*openjdk-17-jre"
    ):
        check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"there is none in JAVA_HOME="):
        check_java()
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(UsageError, match=r"bin/java is Java 8\."):
        check_java()
