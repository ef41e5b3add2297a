"""Stores and servers for every test: real ones, in temporary folders."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stores import FilledStore

# The user's own settings must not decide what a test sees, and tests report to nobody.
for _name in [name for name in os.environ if name.startswith("MLFLOW_")]:
    del os.environ[_name]
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# Several workers share the processors: threads of one training that wait for each other take from the others.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Let ``-n`` without ``--dist`` share out the tests as ``sharing_out.py`` says."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
        config.option.loadscopereorder = False
        config.option.sharing_out = True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return who shares out the tests, None where the command line says it."""
    from sharing_out import Sharing  # noqa: PLC0415 - needs xdist

    return Sharing(config, log) if getattr(config.option, "sharing_out", False) else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass that on to a worker, which reads the command line by itself."""
    node.workerinput["sharing_out"] = getattr(node.config.option, "sharing_out", False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say in a worker which tests belong together, and which come first."""
    if getattr(config, "workerinput", {}).get("sharing_out"):
        from sharing_out import grouped  # noqa: PLC0415 - needs xdist

        config.option.loadgroup = True  # xdist puts the names of groups behind those of tests
        grouped(items)


def pytest_collection_finish() -> None:
    """Spare the collector what is imported by now and stays: Keras has it look through everything often."""
    gc.collect()
    gc.freeze()


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
