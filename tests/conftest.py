"""Stores and servers for every test: real ones, in temporary folders."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stores import FilledStore

# The user's own settings must not decide what a test sees, and tests report to nobody.
for _name in [name for name in os.environ if name.startswith("MLFLOW_")]:
    del os.environ[_name]
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


@pytest.fixture(autouse=True)
def mlflow_as_found() -> Iterator[None]:
    """Undo what a test sets in MLflow's process-wide state: address, experiment, active runs."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    yield
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    if "mlflow.tracking.fluent" in sys.modules:
        import mlflow  # noqa: PLC0415 - only where a test has loaded it

        while mlflow.active_run() is not None:
            mlflow.end_run("KILLED")
        mlflow.set_tracking_uri(None)
        mlflow.tracking.fluent._active_experiment_id = None
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    os.environ.update(settings)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite store without runs: MLflow's migrations take two seconds, a copy takes none."""
    from mlflow import MlflowClient  # noqa: PLC0415 - tests of the pure core need not wait for MLflow

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}")
    return path


@pytest.fixture
def make_store(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], FilledStore]:
    """Return a maker of SQLite stores with a folder for artifacts."""
    from stores import FilledStore  # noqa: PLC0415 - loads MLflow

    def make() -> FilledStore:
        folder = tmp_path_factory.mktemp("store")
        database = Path(shutil.copy(empty_database, folder / "mlflow.db"))
        return FilledStore(f"sqlite:///{database}", folder / "artifacts", database)

    return make


@pytest.fixture
def store(make_store: Callable[[], FilledStore]) -> FilledStore:
    """Return one SQLite store."""
    return make_store()


@pytest.fixture(scope="session")
def server(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledStore]:
    """Start one MLflow server for the session; it serves artifacts as well."""
    import servers  # noqa: PLC0415 - beside this file
    from stores import FilledStore  # noqa: PLC0415 - loads MLflow

    folder = tmp_path_factory.mktemp("server")
    database = Path(shutil.copy(empty_database, folder / "mlflow.db"))
    with servers.serving(database) as uri:
        yield FilledStore(uri, folder / "artifacts", database)
