"""A Spark on one machine, with a clear sentence where Java is missing or too old."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from pyspark import __version__ as spark_version
from pyspark.sql import SparkSession

from mlflow_bce_monitor.errors import UsageError

# The oldest Java of each line of Spark: https://spark.apache.org/docs/latest/#downloading
_OLDEST_JAVA: Final = {"3": 8, "4": 17}
_LATEST_NEED: Final = 17
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')
_INSTALL: Final = (
    "Install one, such as 'apt-get install openjdk-17-jre-headless' on Debian 12 and Ubuntu or "
    "'brew install openjdk@17' on macOS, and set JAVA_HOME if it is not on the PATH."
)


def local_session(
    cores: int, memory: str = "1g", settings: dict[str, str] | None = None, name: str = "bce-monitor"
) -> SparkSession:
    """Start a Spark on this machine, or return the one that runs.

    Parameters
    ----------
    cores
        Tasks that run at once.
    memory
        Of the Java process; Python's workers come on top of it.
    settings
        Spark's own settings, which win over ours.
    name
        Shown in Spark's logs.

    Raises
    ------
    UsageError
        There is no Java, or none that is recent enough.
    """
    check_java()
    ours = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Nothing here needs Hive, and its catalogue would make folders where it is started.
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local[{cores}]").appName(name)
    for key, value in {**ours, **(settings or {})}.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    return session


def check_java() -> None:
    """Raise UsageError with what to install when there is no Java that this Spark runs on."""
    needed = _OLDEST_JAVA.get(spark_version.partition(".")[0], _LATEST_NEED)
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"in JAVA_HOME={home}" if home else "on the PATH"
        raise UsageError(f"{_needs(needed)}, and there is none {where}. {_INSTALL}")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - the user's own Java
    version = _VERSION.search(told.stderr + told.stdout)
    if version is not None and int(version[1]) < needed:
        raise UsageError(f"{_needs(needed)}, and {found} is Java {version[1]}. {_INSTALL}")


def _needs(oldest: int) -> str:
    return f"Spark {spark_version} needs Java {oldest} or newer"
