"""Two servers with the plugin: one of each kind that MLflow knows on this system."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from receivers import Receiver, receiving

if TYPE_CHECKING:
    from apps import Monitored


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """Take messages for all tests; the first is refused."""
    with receiving([503]) as taking:
        yield taking


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def monitored(
    request: pytest.FixtureRequest,
    empty_database: Path,
    tmp_path_factory: pytest.TempPathFactory,
    receiver: Receiver,
) -> Iterator[Monitored]:
    """Start a server: MLflow's default one, and gunicorn with two workers behind a prefix.

    Its queue is short, so that a few runs that end together do not fit.
    """
    import apps  # noqa: PLC0415 - loads MLflow

    database = Path(shutil.copy(empty_database, tmp_path_factory.mktemp(request.param) / "mlflow.db"))
    settings = {
        "BCE_MONITOR_QUEUE": "2",
        # These servers are asked all the time; what a pause is for is tested apart (test_courtesy.py).
        "BCE_MONITOR_SHARE": "1",
        "BCE_MONITOR_WEBHOOK": receiver.url,
        "BCE_MONITOR_WEBHOOK_SECRET": "geheim",
        "BCE_MONITOR_URL": "https://mlflow.example/tracking/",
    }
    if request.param == "uvicorn":
        # With its processes for jobs beside ours, as a server has them that is started without a setting.
        settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "true"
        with apps.monitored(database, settings=settings) as server:
            yield server
    else:
        options = ["--gunicorn-opts", "--timeout 300", "--workers", "2"]
        with apps.monitored(database, options, settings, prefix="/tracking") as server:
            yield server
