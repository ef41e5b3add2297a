"""Real trainings of every kind get their whole answer: tags, metrics, report, picture, description."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rivals.store import write_store
from benchmarks.zoo import traces
from mlflow_bce_monitor.pipeline import diagnose_many
from mlflow_bce_monitor.report.page import render
from mlflow_bce_monitor.tracking.scan import scan

EVERY = 12
"""One in so many runs is scanned into a store; a page is made of all."""

SPIKED = "melodic-foal-832"
"""A run whose page marks a spike."""

LARGEST = 200_000  # bytes


def test_every_training_of_the_zoo_has_a_page() -> None:
    """Spikes inside the frame, gaps, huge losses, one point: whatever a curve holds can be shown."""
    pages = [render(found) for found in diagnose_many([record for record, _ in traces.load()])]
    assert max(len(page.encode()) for page in pages) < LARGEST
    assert sum(">spike<" in page for page in pages) >= 20, "the zoo has such curves"


def test_trainings_of_every_kind_are_answered_in_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan with a report for each run meets no mistake, and leaves every file."""
    monkeypatch.chdir(tmp_path)
    records = [record for record, _ in traces.load()]
    chosen = [*records[::EVERY], *(one for one in records if one.run_name == SPIKED)]
    write_store(list({one.run_id: one for one in chosen}.values()), tmp_path / "mlflow.db")
    found = scan(f"sqlite:///{tmp_path}/mlflow.db", reports="all")
    assert found["error"].isna().all(), found["error"].dropna().tolist()
    judged = found[found["verdict"] != "not_applicable"]
    assert len(list(tmp_path.rglob("report.html"))) >= len(judged) > 100
