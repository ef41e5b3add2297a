"""What importing loads, proven in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlflow_bce_monitor

HEAVY = (
    "mlflow",
    "tensorflow",
    "keras",
    "torch",
    "matplotlib",
    "click",
    "rich",
    "jinja2",
    "pandas",
    "sqlalchemy",
)


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after a statement."""
    listing = "import json, sys\nprint(json.dumps(sorted(name.split('.')[0] for name in sys.modules)))"
    program = f"{statement}\n{listing}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import mlflow_bce_monitor",
        "from mlflow_bce_monitor import __version__; import mlflow_bce_monitor; dir(mlflow_bce_monitor)",
        "import mlflow_bce_monitor.pipeline",
        "import mlflow_bce_monitor.rules, mlflow_bce_monitor.contract, mlflow_bce_monitor.errors",
    ],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    """Neither the package nor its core loads MLflow, TensorFlow or anything for terminals and pictures."""
    assert loaded_by(statement) & set(HEAVY) == set()


def test_a_diagnosis_loads_nothing_heavy() -> None:
    """A run is diagnosed from beginning to end with NumPy alone."""
    statement = (
        "import numpy as np\n"
        "from mlflow_bce_monitor.pipeline import diagnose\n"
        "from mlflow_bce_monitor.records import MetricHistory, RunRecord\n"
        "history = MetricHistory('loss', np.arange(9), np.arange(9), np.full(9, 0.6931))\n"
        "assert diagnose(RunRecord('r', histories={'loss': history})).verdict == 'stalled'"
    )
    assert loaded_by(statement) & set(HEAVY) == set()


def test_every_core_module_can_be_imported_first() -> None:
    """No module works only because another was imported before it."""
    parts = ("curves", "chance", "findings", "evidence", "rules")
    package = Path(mlflow_bce_monitor.__file__).parent
    files = [*package.glob("*.py"), *(file for part in parts for file in (package / part).glob("*.py"))]
    names = [
        ".".join(("mlflow_bce_monitor", *file.relative_to(package).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for file in files
        if file.stem != "__main__"
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    for loaded in [m for m in sys.modules if m.startswith('mlflow_bce_monitor')]:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
        "print('all')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "all", done.stderr


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    """A misspelt function is answered with what the package offers."""
    with pytest.raises(AttributeError, match=r"no attribute 'scam'; it offers .*scan"):
        mlflow_bce_monitor.scam  # noqa: B018 - reading the attribute is the test
