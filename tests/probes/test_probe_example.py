"""The example of the probes, run as a user runs it: a logged model from the command line, and a live one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.training

EXAMPLE = Path(__file__).parents[2] / "examples" / "probe_a_model.py"


def test_the_example_tells_the_two_trainings_apart(tmp_path: Path, empty_database: Path) -> None:
    """The rate is named where the labels can be learned, and the labels where they cannot."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")  # what MLflow would make there, in some seconds
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    slow, shuffled = done.stdout.split("learning rate 0.001:", maxsplit=1)
    assert "cause: learning_rate_too_low" in slow
    assert "decided by rates" in slow
    assert "cause: no_signal" in shuffled
    assert "decided by signal" in shuffled
    assert "with AUC" in shuffled
    assert "p = " in shuffled

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("probe-a-model-example")
    assert experiment is not None
    probed = client.search_runs(
        [experiment.experiment_id], "tags.`bce.cause` = 'learning_rate_too_low'", order_by=["start_time"]
    )
    assert len(probed) == 1
    tags, status = probed[0].data.tags, probed[0].info.status
    assert tags["bce.tier"] == "model"
    assert status == "FINISHED"
    kept = client.download_artifacts(probed[0].info.run_id, "bce_monitor/probe.json", str(tmp_path))
    answer = json.loads(Path(kept).read_text(encoding="utf-8"))
    assert answer["cause"] == "learning_rate_too_low"
    assert {"predictions", "inputs", "signal", "rates"} <= {one["name"] for one in answer["results"]}
