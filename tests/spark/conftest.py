"""One Spark for all tests: starting it costs more than they do."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Start a real Spark on two cores of this machine."""
    from mlflow_bce_monitor.spark import local_session  # noqa: PLC0415 - other tests need no Spark

    # Executors import this package from where the tests do.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.sql.shuffle.partitions": "3",
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        # A machine that works on other things for minutes is no failure; one that never answers is, and
        # the limit of the test itself is ten minutes.
        "spark.network.timeout": "500s",
        "spark.executor.heartbeatInterval": "240s",
        "spark.python.authenticate.socketTimeout": "300s",
        # Short programs: the quick compiler and the simplest collector are enough.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    with warnings.catch_warnings():
        # Whatever its own Python code warns of is Spark's affair.
        warnings.simplefilter("ignore")
        session = local_session(2, memory="1g", settings=settings)
        java = session.sparkContext._gateway.proc  # to be sure of its end
        try:
            yield session
            session.stop()
        finally:
            java.kill()
            java.wait(timeout=60)
