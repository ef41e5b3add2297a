"""The example of the evaluator, run as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "evaluate_a_model.py"


def test_the_example_tells_the_two_models_apart(tmp_path: Path) -> None:
    """One model has learned, the other is said to be at chance, and the runs in the store agree."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    learned, constant = done.stdout.split("DummyClassifier, accuracy", maxsplit=1)
    assert "The model has learned something" in learned
    assert "The model is at chance on the 1,000 evaluated rows" in constant
    verdicts = [line.split()[:2] for line in done.stdout.splitlines()[-2:]]
    assert verdicts == [["DummyClassifier", "stalled"], ["LogisticRegression", "learning"]]
