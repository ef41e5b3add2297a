"""The benchmark of Spark: its folders are those of an export, and its page holds what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.scan.filling import Shape
from benchmarks.spark import page
from benchmarks.spark.filling import fill
from benchmarks.spark.memory import Peak
from mlflow_bce_monitor.cli import main

NUMBERS = {
    "stored": {
        "n_runs": 2,
        "n_points": 3,
        "sql": 1.0,
        "parquet": 2.0,
        "sql_whole": 3.0,
        "parquet_whole": 4.0,
    },
    "small": {"n_runs": 5, "n_metrics": 2, "n_points": 50, "one": 100.0, "two": 170.0, "alone": 120.0},
    "million": {
        "n_runs": 600,
        "n_points": 50,
        "bytes": 2e6,
        "seconds": 120.0,
        "processor_seconds": 60.0,
        "megabytes": 3000.0,
    },
}


def test_a_filled_folder_is_diagnosed_like_an_exported_one(tmp_path: Path) -> None:
    """All runs are there over the edges of parts and experiments: some stuck, the others learning."""
    shape = Shape(n_runs=1_010, n_points=12, stuck=0.5)
    folder = fill(tmp_path / "filled", shape, n_metrics=2)
    lost, *kept = sorted((folder / "runs").rglob("*.parquet"))
    before = lost.read_bytes(), [path.stat().st_mtime_ns for path in kept]
    lost.unlink()
    fill(folder, shape, n_metrics=2)  # goes on after an interruption, and comes to the same
    assert (lost.read_bytes(), [path.stat().st_mtime_ns for path in kept]) == before
    result = CliRunner().invoke(main, ["scan", "--histories", str(folder), "--format", "json"])
    rows = json.loads(result.stdout)
    assert len(rows) == 1_010
    assert {row["experiment_id"] for row in rows} == {"0", "1"}
    assert all(row["error"] is None and row["metric"] == "loss" for row in rows)


def test_the_page_holds_what_was_measured() -> None:
    """Each part has its lines, a part that was not measured says so, and the plan follows from one core."""
    text = page.block(NUMBERS)
    assert "| reading | 1 | 2 |" in text
    assert "| 5 x 2 metrics x 50 points | 100 | 170 | 1.70 | 120 |" in text
    assert "took two cores 2 minutes, 5 runs a second, with at most 3,000 MB" in text
    assert "That is 100.0 ms of processor time a run" in text
    assert "the job had 25% of both cores" in text
    assert "| 2 metrics x 50 points | 10.0 ms | 28 | 33 min |" in text
    assert "have not been measured yet" in page.block({"small": NUMBERS["small"]})


def test_writing_the_page_twice_is_writing_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands between the two comments is replaced."""
    copy = tmp_path / "spark.md"
    copy.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)
    page.write(NUMBERS)
    once = copy.read_text(encoding="utf-8")
    page.write(NUMBERS)
    assert copy.read_text(encoding="utf-8") == once
    assert "3,000 MB" in once
    assert once.startswith("# Beyond one machine")


def test_memory_is_that_of_all_processes() -> None:
    """The peak is no less than what this process holds."""
    held = bytearray(50_000_000)
    with Peak() as peak:
        held[::4096] = b"x" * len(held[::4096])
    assert peak.megabytes > 50
