"""Servers with the plugin, also where the package was installed before it had one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from servers import Server
from stores import FilledStore

ROOT = Path(__file__).parents[1]
ENTRY = "[mlflow.app]\nbce-monitor = mlflow_bce_monitor.server:create_app\n"
PATIENCE = 180.0  # seconds: what takes one here may take a minute on a busy machine


@dataclass(frozen=True)
class Monitored:
    """A server with the plugin.

    Attributes
    ----------
    store
        What is behind the server, reached through it.
    folder
        Where its database, artifacts and log are.
    temporary
        Where its processes meet; a short path, because the address of a socket is at most a hundred letters.
    """

    store: FilledStore
    folder: Path
    temporary: Path
    server: Server

    @property
    def address(self) -> str:
        """Of the page."""
        return f"{self.store.uri}/bce-monitor"

    def page(self) -> str:
        """Return the page as HTML."""
        with urlopen(self.address, timeout=PATIENCE) as answer:  # noqa: S310 - our own address
            return str(answer.read().decode("utf-8"))

    def findings(self, **asked: str) -> dict[str, Any]:
        """Return what an open page is told."""
        query = f"?{urlencode(asked)}" if asked else ""
        with urlopen(f"{self.address}/findings{query}", timeout=PATIENCE) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found

    def finding(self, run_id: str) -> dict[str, str]:
        """Return what an open page is told of a run, as soon as there is something to tell."""

        def look() -> dict[str, str] | None:
            rows = self.findings(q=run_id)["rows"]
            return rows[0] if rows else None

        return until(look, "no such finding")

    def said(self) -> dict[str, Any]:
        """Return what the evaluating process says of itself, {} when there is none."""
        states = list(self.temporary.glob("bce-monitor-*/*.json"))
        return json.loads(states[0].read_text()) if states else {}

    def end(self, experiment: str, losses: Sequence[float], status: str = "FINISHED", **named: Any) -> str:
        """Log a run that ends now, as any client does, and return its id."""
        run_id = self.store.run(experiment, {"loss": losses}, status="RUNNING", **named)
        self.store.client.set_terminated(run_id, status)
        return run_id

    def answered(self, run_id: str) -> dict[str, str]:
        """Return the tags of a run as soon as it carries its answer."""

        def look() -> dict[str, str] | None:
            tags: dict[str, str] = self.store.client.get_run(run_id).data.tags
            return tags if "bce.fingerprint" in tags else None

        return until(look, f"run {run_id} was not evaluated: {self.said()}")


def until(look: Callable[[], Any], why: str) -> Any:
    """Return the first answer of ``look`` that is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(why)


def environment(folder: Path) -> dict[str, str]:
    """Return what makes the entry point visible to a server, {} where the package is installed with it."""
    if any(entry.name == "bce-monitor" for entry in entry_points(group="mlflow.app")):
        return {}
    described = folder / "packages" / "bce_monitor_of_tests-0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: bce-monitor-of-tests\nVersion: 0\n")
    (described / "entry_points.txt").write_text(ENTRY)
    paths = [str(ROOT), str(described.parent), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


@contextmanager
def monitored(
    database: Path, options: Sequence[str] = (), settings: Mapping[str, str] | None = None, prefix: str = ""
) -> Iterator[Monitored]:
    """Serve a database with the plugin; everything it writes goes into the folder of the database."""
    folder = database.parent
    wanted = ["--app-name", "bce-monitor", *options, *(["--static-prefix", prefix] if prefix else [])]
    with TemporaryDirectory(prefix="bce-") as temporary:
        # Almost as important as the tests, whose machine is busy with other tests.
        around = environment(folder) | {"TMPDIR": temporary, "BCE_MONITOR_NICE": "1"} | dict(settings or {})
        server = Server(database, wanted, around, prefix)
        try:
            server.start()
            store = FilledStore(server.uri + prefix, folder / "artifacts", database)
            yield Monitored(store, folder, Path(temporary), server)
        finally:
            server.kill()
