"""The example of the callback, run as a user runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.training

EXAMPLE = Path(__file__).parents[2] / "examples" / "keras_callback.py"


def test_the_example_ends_a_dead_training_and_names_its_cause(tmp_path: Path, empty_database: Path) -> None:
    """The training ends early, the cause is printed, and the scan of the store agrees."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")  # what MLflow would make there, in some seconds
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Most probable cause: Dead ReLU units" in done.stdout
    assert "of 100 epochs; dead units: 100%" in done.stdout
    assert "ended after 100" not in done.stdout
    last = done.stdout.splitlines()[-1]
    assert "stalled" in last
    assert "dead_relu" in last
