"""One store for the folder: every training is run once, when the first test asks for it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # makes ``benchmarks`` importable

from shelf import Shelf


@pytest.fixture(scope="session")
def shelf(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Return the trainings of this folder in a real SQLite store."""
    folder = tmp_path_factory.mktemp("other_losses")
    database = Path(shutil.copy(empty_database, folder / "mlflow.db"))
    return Shelf(f"sqlite:///{database}", folder / "artifacts")
