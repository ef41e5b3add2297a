"""A tracking server on a new SQLite store, with or without the plugin."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START = 180.0  # seconds
_EVALUATING = b"mlflow_bce_monitor.server.aside"
_SESSION, _USER, _SYSTEM = 3, 11, 12  # fields of /proc/<id>/stat after the name


@dataclass(frozen=True)
class Serving:
    """A server that runs."""

    address: str
    database: Path
    session: int

    def said(self) -> dict[str, Any]:
        """Return what the evaluating process says of itself, {} when there is none."""
        for path in self.database.parent.glob("bce-monitor-*/*.json"):
            with contextlib.suppress(OSError, ValueError):
                said: dict[str, Any] = json.loads(path.read_text())
                return said
        return {}

    def n_evaluated(self) -> int:
        """Return how many runs the evaluating process has evaluated."""
        return int(self.said().get("evaluated", 0))

    def processor_time(self) -> tuple[float, float]:
        """Return the seconds that the server's processes, and the evaluating one, have used so far."""
        serving, evaluating = 0.0, 0.0
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                # After the name, which may hold anything, in brackets: `man 5 proc`.
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                if int(fields[_SESSION]) != self.session:
                    continue
                seconds = (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
                if _EVALUATING in (path / "cmdline").read_bytes():
                    evaluating += seconds
                else:
                    serving += seconds
        return serving, evaluating

    @contextmanager
    def evaluating_nothing(self) -> Iterator[None]:
        """Let the evaluating process stand still."""
        process = self._evaluating()
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def _evaluating(self) -> int:
        """Return the id of the process that evaluates; RuntimeError when there is none."""
        folder = str(self.database.parent).encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                command = path.read_bytes()
                if _EVALUATING in command and folder in command:
                    return int(path.parent.name)
        raise RuntimeError(f"nothing evaluates for {self.address}")

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until nothing waits to be evaluated, and nothing was for two seconds."""
        deadline = time.monotonic() + seconds
        before: dict[str, Any] = {}
        while time.monotonic() < deadline:
            time.sleep(2.0)
            said = self.said()
            if said.get("now") == 0 and said.get("evaluated") == before.get("evaluated"):
                return
            before = said
        raise RuntimeError(f"the queue was not empty after {seconds:.0f} s: {before}")


@contextmanager
def serving(folder: Path, *, plugin: bool) -> Iterator[Serving]:
    """Serve a new store."""
    folder.mkdir()
    database = folder / "mlflow.db"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{database}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    # Logging a line a request costs both the same, and is not what is measured.
    command += ["--uvicorn-opts", "--no-access-log"]
    if plugin:
        command += ["--app-name", "bce-monitor"]
    environment = os.environ | {
        "TMPDIR": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # MLflow's own job runners ask their queues all the time.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/health", timeout=1).close()  # noqa: S310 - our own
                yield Serving(address, database, process.pid)
                return
            time.sleep(0.2)
        raise RuntimeError((folder / "log").read_text(errors="replace")[-2_000:])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
