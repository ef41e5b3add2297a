"""The same trainings on JAX, in a process of their own: a process has one backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.training

PROGRAM = Path(__file__).parent / "backend_program.py"

_QUICKLY_COMPILED = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
"""XLA takes longer to optimise these trainings than they take."""


def test_jax_trains_to_the_same_weights_and_is_measured() -> None:
    """On JAX, without TensorFlow, the weights are the same to the bit, and everything is measured.

    MLflow, which takes a second to import, is left alone where nothing is written.
    """
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "class_weights", "two_outputs"],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", **_QUICKLY_COMPILED},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("backend") == "jax"
    assert found.pop("loaded") == []
    for kind, one in found.items():
        assert one["same"], kind
        assert one["not_measured"] == {}, kind
        assert "bce/gradient_norm" in one["facts"], kind
    facts = found["class_weights"]["facts"]
    assert facts["heads"][0]["class_weight"] == [1.0, 4.0]
    assert facts["backend"].startswith("jax")
    assert {"bce/click/roc_auc", "bce/buy/roc_auc"} <= found["two_outputs"]["facts"].keys()


def test_without_keras_the_error_says_what_to_install() -> None:
    """Importing the callback where Keras is missing names the extra; the package itself imports."""
    program = (
        "import sys; sys.modules['keras'] = None\n"
        "import mlflow_bce_monitor\n"
        "try:\n    import mlflow_bce_monitor.keras\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'mlflow-bce-monitor[tensorflow]'" in done.stdout
