"""The decision table of the docs is that of the code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mlflow_bce_monitor.probes.run import EXPERIMENTS
from mlflow_bce_monitor.rules.probed import OBSERVATIONS

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "docs" / "probes.py"
PAGE = ROOT / "docs" / "probes.md"


def test_the_page_is_current(tmp_path: Path) -> None:
    """docs/probes.md shows the weights that the code declares."""
    anew = Path(shutil.copy(PAGE, tmp_path))
    subprocess.run(
        [sys.executable, GENERATOR, "--page", anew],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert anew.read_bytes() == PAGE.read_bytes()


def test_every_observation_belongs_to_an_experiment() -> None:
    """No observation waits for a probe that does not exist, and every experiment says something."""
    assert {one.probe for one in OBSERVATIONS} == {one.name for one in EXPERIMENTS}
