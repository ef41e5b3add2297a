"""Export to Parquet, diagnosis of the exported files, and writing the table back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from stores import FilledStore, learning, stalled

from mlflow_bce_monitor import scan
from mlflow_bce_monitor.cli import main
from mlflow_bce_monitor.columnar import points
from mlflow_bce_monitor.columnar.folder import experiments_of, part_of, parts_of
from mlflow_bce_monitor.columnar.layout import POINTS
from mlflow_bce_monitor.columnar.points import Stretch, history_of, latest_of, runs_of
from mlflow_bce_monitor.tracking import exporting


def run(*arguments: object) -> Result:
    """Run a command in this process; an exception that escapes it fails the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert "Traceback" not in result.stderr
    return result


def exported(store: FilledStore, folder: Path) -> Path:
    """Export a store and return the folder."""
    result = run("export", folder, "--tracking-uri", store.uri)
    assert result.exit_code == 0, result.stderr
    return folder


def by_id(text: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a JSON answer by run id."""
    return {row["run_id"]: row for row in json.loads(text)}


def scanned(store: FilledStore, *options: object) -> dict[str, dict[str, Any]]:
    """Return what a scan of the store says of each run."""
    return by_id(run("scan", "--tracking-uri", store.uri, "--format", "json", "--dry-run", *options).stdout)


def marks(store: FilledStore) -> dict[str, str]:
    """Return the fingerprint of each run that has one."""
    ids = [one.experiment_id for one in store.client.search_experiments()]
    found = store.client.search_runs(ids)
    return {
        one.info.run_id: one.data.tags["bce.fingerprint"]
        for one in found
        if "bce.fingerprint" in one.data.tags
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_exported_files_are_diagnosed_like_their_store(
    varied: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Without the store, every field of every run is what a scan of the store says; parts may be small."""
    monkeypatch.setattr(exporting, "RUNS_A_PART", 3)
    before = varied.tables()
    folder = exported(varied, tmp_path / "histories")
    assert varied.tables() == before
    expected = scanned(varied)
    assert len(expected) == 10
    result = run("scan", "--histories", folder, "--format", "json", "--workers", workers)
    assert by_id(result.stdout) == expected
    asked = ("--metric", "Loss", "--base-rate", "0.3")
    with_metric = run("scan", "--histories", folder, "--format", "json", *asked)
    assert by_id(with_metric.stdout) == scanned(varied, *asked)
    assert with_metric.exit_code == 3  # runs without that metric


def test_a_run_around_the_edge_of_a_part_has_its_siblings(
    store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs are judged with those of other parts of their experiment, as a scan does over pages."""
    monkeypatch.setattr(exporting, "RUNS_A_PART", 7)
    experiment = store.experiment()
    for n in range(30):
        params = {"learning_rate": f"{10.0 ** (n % 5 - 6):g}", "positive_share": "0.5"}
        store.run(experiment, {"loss": stalled(seed=n) if n % 3 else learning(seed=n)}, params=params)
    folder = exported(store, tmp_path)
    assert len(parts_of(folder, experiment)) == 5
    expected = scanned(store)
    assert by_id(run("scan", "--histories", folder, "--format", "json").stdout) == expected
    alone = by_id(run("scan", "--histories", folder, "--format", "json", "--experiment", experiment).stdout)
    assert alone == expected


def test_an_export_goes_on_and_writes_what_changed(
    store: FilledStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second export leaves whole parts alone, mends half ones, and follows changes and deletions."""
    monkeypatch.setattr(exporting, "RUNS_A_PART", 2)
    experiment = store.experiment()
    run_ids = [store.run(experiment, {"loss": stalled(seed=n)}) for n in range(6)]
    folder = exported(store, tmp_path)
    parts = parts_of(folder, experiment)
    written = [path.stat().st_mtime_ns for part in parts for path in (part.runs, part.points)]
    assert "0 written, 6 as they were" in run("export", folder, "--tracking-uri", store.uri).stdout
    assert [path.stat().st_mtime_ns for part in parts for path in (part.runs, part.points)] == written
    parts[0].runs.unlink()  # interrupted before the part was whole
    parts[1].runs.write_bytes(b"PAR1")  # or with a full disk
    assert "4 written, 2 as they were" in run("export", folder, "--tracking-uri", store.uri).stdout
    store.extend(run_ids[5], "loss", [0.1] * 20, first_step=100)
    assert "2 written, 4 as they were" in run("export", folder, "--tracking-uri", store.uri).stdout
    assert by_id(run("scan", "--histories", folder, "--format", "json").stdout) == scanned(store)
    for run_id in run_ids[:3]:
        store.client.delete_run(run_id)
    exported(store, folder)
    assert len(parts_of(folder, experiment)) == 2
    assert by_id(run("scan", "--histories", folder, "--format", "json").stdout) == scanned(store)
    assert not list(folder.rglob("*.tmp"))


def test_answers_of_earlier_scans_are_not_exported(store: FilledStore, tmp_path: Path) -> None:
    """What the evaluator wrote to a run is no part of the files, so files of a scanned store say the same."""
    experiment = store.experiment()
    run_id = store.run(experiment, {"loss": stalled()}, tags={"mlflow.note.content": "mine"})
    folder = exported(store, tmp_path)
    part = part_of(folder, experiment, 0)
    first = pq.ParquetFile(part.runs).read().to_pylist(), pq.ParquetFile(part.points).read().to_pylist()
    scan(store.uri)
    assert "bce.verdict" in store.client.get_run(run_id).data.tags
    part.runs.unlink()
    exported(store, folder)
    assert (
        pq.ParquetFile(part.runs).read().to_pylist(),
        pq.ParquetFile(part.points).read().to_pylist(),
    ) == first


def test_a_table_is_written_like_a_scan_writes(varied: FilledStore, tmp_path: Path) -> None:
    """Tags, metrics, description and fingerprint come out as a scan without reports writes them."""
    folder, table = exported(varied, tmp_path / "histories"), tmp_path / "out" / "diagnoses.parquet"
    result = run("scan", "--histories", folder, "--table", table)
    assert result.exit_code == 0, result.stderr
    assert f"bce-monitor apply {table}" in result.stdout
    dry = run("apply", table, "--tracking-uri", varied.uri, "--dry-run")
    assert "10 runs: 10 written (--dry-run: nothing was written)." in dry.stdout
    assert marks(varied) == {}
    assert "10 runs: 10 written." in run("apply", table, "--tracking-uri", varied.uri).stdout
    tables, files = varied.tables(), varied.files()
    assert len(marks(varied)) == 10
    # The scan finds every answer current; forced, it writes the same.
    scan(varied.uri, reports="none")
    assert (varied.tables(), varied.files()) == (tables, files)
    scan(varied.uri, reports="none", force=True)
    assert (varied.tables(), varied.files()) == (tables, files)
    assert "10 runs: 10 unchanged." in run("apply", table, "--tracking-uri", varied.uri).stdout
    assert varied.tables() == tables


def test_a_run_that_has_changed_since_is_not_written(store: FilledStore, tmp_path: Path) -> None:
    """The fingerprint never vouches for points that the table was not made from."""
    experiment = store.experiment()
    same, longer, gone, scanned_since = (store.run(experiment, {"loss": stalled(seed=n)}) for n in range(4))
    folder, table = exported(store, tmp_path / "histories"), tmp_path / "diagnoses.parquet"
    run("scan", "--histories", folder, "--table", table)
    store.extend(longer, "loss", [0.2] * 20, first_step=100)
    store.extend(scanned_since, "loss", [0.2] * 20, first_step=100)
    scan(store.uri, run_ids=[scanned_since], reports="none")
    store.client.delete_run(gone)
    result = run("apply", table, "--tracking-uri", store.uri, "--max-rate", "1000")
    assert result.exit_code == 3
    assert "1 written" in result.stdout
    assert "1 changed since the table was made" in result.stdout
    assert "1 unchanged" in result.stdout
    assert f"There is no active run {gone}" in result.stderr
    assert f"Run {longer} is not as it was" in result.stderr
    assert set(marks(store)) == {same, scanned_since}


def test_a_run_with_a_report_is_left_to_a_scan(store: FilledStore, tmp_path: Path) -> None:
    """A report never contradicts the tags beside it: such a run gets a new one."""
    run_id = store.run(store.experiment(), {"loss": stalled()})
    scan(store.uri)
    store.extend(run_id, "loss", stalled(), first_step=40)
    folder, table = exported(store, tmp_path / "histories"), tmp_path / "diagnoses.parquet"
    run("scan", "--histories", folder, "--table", table)
    before = store.files()
    assert "1 written" in run("apply", table, "--tracking-uri", store.uri).stdout
    assert store.files() != before
    assert marks(store)[run_id].endswith("+report")
    fresh = store.run(store.experiment(), {"loss": stalled()})
    exported(store, folder)
    run("scan", "--histories", folder, "--table", table)
    assert (
        "1 unchanged; 1 written"
        in run("apply", table, "--tracking-uri", store.uri, "--reports", "flagged").stdout
    )
    assert marks(store)[fresh].endswith("+report")


def test_a_failed_row_is_counted_and_not_written(store: FilledStore, tmp_path: Path) -> None:
    """A run without the metric that was asked for has no answer in the table, and apply says why."""
    store.run(store.experiment(), {"loss": stalled()})
    folder, table = exported(store, tmp_path / "histories"), tmp_path / "diagnoses.parquet"
    assert run("scan", "--histories", folder, "--table", table, "--metric", "bce").exit_code == 3
    result = run("apply", table, "--tracking-uri", store.uri, "--metric", "bce")
    assert "1 without an answer" in result.stdout
    assert "has no metric 'bce'; it has 'loss'" in result.stderr
    assert marks(store) == {}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("scan", "--histories", "{}/none"), "There is no folder"),
        (("scan", "--histories", "{}"), "is no folder of exported histories"),
        (
            ("scan", "--histories", "{}", "--force", "--since", "7d"),
            "--since and --force cannot be used with",
        ),
        (("scan", "--table", "{}/t"), "--table needs --histories"),
        (("apply", "{}/none", "--tracking-uri", "{}"), "There is no table at"),
        (("apply", "{}/other.parquet", "--tracking-uri", "{}"), "is no table of diagnoses"),
        (("export", "{}/other.parquet", "--tracking-uri", "{}"), "is a file"),
        (("export", "{}", "--tracking-uri", "{}"), "is no folder of exported histories"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    store: FilledStore, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Folders, tables and options that do not fit end with 2 and say what to do."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    given = [
        one if one != "{}" or last != "--tracking-uri" else store.uri
        for last, one in zip(("", *arguments), arguments, strict=False)
    ]
    result = run(*(one.replace("{}", str(tmp_path)) for one in given))
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_experiment_of_a_folder_is_told(store: FilledStore, tmp_path: Path) -> None:
    """Exported files know ids alone."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()})
    folder = exported(store, tmp_path / "histories")
    assert experiments_of(folder) == [experiment]
    result = run("scan", "--histories", folder, "--experiment", "mine")
    assert result.exit_code == 2
    assert f"such as {experiment}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("export", "folder"), "Writing Parquet files needs pyarrow"),
        (("scan", "--histories", "folder"), "Reading exported histories needs pyarrow"),
        (("apply", "table"), "Reading a table of diagnoses needs pyarrow"),
    ],
)
def test_without_pyarrow_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    """The command ends with 2 and names the extra."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "pip install 'mlflow-bce-monitor[fast]'" in result.stderr


def test_points_in_any_order_and_any_pieces_make_the_same_history() -> None:
    """Stretches of a curve are put together in the order of MLflow's client: time, step, stored value."""
    rng = np.random.default_rng(0)
    timestamps, steps = rng.integers(0, 4, 60), rng.integers(-2, 3, 60)
    values = np.where(rng.random(60) < 0.2, np.nan, rng.normal(size=60))
    order = np.lexsort((np.where(np.isnan(values), 0.0, values), steps, timestamps))
    for cuts in ([], [1], [10, 11, 50]):
        pieces = [
            Stretch(timestamps[part], steps[part], values[part]) for part in np.split(np.arange(60), cuts)
        ]
        history = history_of("loss", list(reversed(pieces)))
        assert np.array_equal(history.timestamps, timestamps[order])
        assert np.array_equal(history.steps, steps[order])
        assert np.array_equal(np.sort(history.values), np.sort(values[order]), equal_nan=True)
    latest = latest_of(Stretch(timestamps, steps, values))
    stored = np.where(np.isnan(values), 0.0, values)
    keys = list(zip(steps.tolist(), timestamps.tolist(), stored.tolist(), strict=True))
    assert keys[latest] == max(keys)


def test_rows_are_cut_into_runs_over_batches() -> None:
    """A run's points may lie in many batches; the evaluator's own metrics are left out; no rows, no runs."""
    table = pa.table(
        {
            "run_id": ["a"] * 4 + ["b"] * 3,
            "key": ["loss", "loss", "auc", "bce/skill", "loss", "loss", "loss"],
            "timestamp": range(7),
            "step": range(7),
            "value": [float(n) for n in range(7)],
        },
        schema=POINTS,
    )
    found = dict(runs_of(table.to_batches(max_chunksize=2)))
    assert {
        run_id: {name: one.values.tolist() for name, one in of_run.items()}
        for run_id, of_run in found.items()
    } == {
        "a": {"auc": [2.0], "loss": [0.0, 1.0]},
        "b": {"loss": [4.0, 5.0, 6.0]},
    }
    assert dict(runs_of([])) == {}
    assert points.cut(table.to_batches()[0].slice(0, 0), together=True).run_ids == []
