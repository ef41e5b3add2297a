"""Real MLflow servers for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from databases import free_port

_FAREWELL = 60.0  # seconds: what is killed is gone as soon as the kernel gets to it
_START = 300.0  # seconds: a server takes five, and minutes where many processes share the processors
# A server starts eight more processes for jobs that judge generated texts, each with all of MLflow's imports.
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


class Server:
    """An MLflow server on a SQLite store, with its artifacts in the folder ``artifacts`` beside it.

    It runs no jobs, unless its environment says so.
    """

    def __init__(
        self,
        database: Path,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> None:
        self._folder = database.parent
        self._port = free_port()
        self.uri = f"http://127.0.0.1:{self._port}"
        self._health = f"{self.uri}{prefix}/health"
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self._port)]
        command += ["--backend-store-uri", f"sqlite:///{database}", "--workers", "1"]
        self._command = [*command, "--artifacts-destination", str(self._folder / "artifacts"), *options]
        self._environment = dict(os.environ) | NO_JOBS | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, always on the same port, and wait until it answers."""
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self._health, timeout=1).close()  # noqa: S310 - our own address
                return
            time.sleep(0.2)
        raise RuntimeError(f"No MLflow server at {self.uri}:\n{log.read_text(errors='replace')[-2000:]}")

    def kill(self) -> None:
        """Kill it and all its workers: it would take ten seconds to say goodbye."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_FAREWELL)
            self._process = None


@contextlib.contextmanager
def serving(database: Path) -> Iterator[str]:
    """Serve a store and yield its address."""
    server = Server(database)
    try:
        server.start()
        yield server.uri
    finally:
        server.kill()
