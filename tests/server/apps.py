"""Servers with the plugin, also where the package was installed before it had one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

from servers import Server
from stores import FilledStore

ROOT = Path(__file__).parents[2]
ENTRY = "[mlflow.app]\nbce-monitor = mlflow_bce_monitor.server:create_app\n"


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
def serving(
    database: Path,
    folder: Path,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    prefix: str = "",
) -> Iterator[FilledStore]:
    """Serve a copy of a database with the plugin, and yield the store behind the server."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = Path(shutil.copy(database, folder / "mlflow.db"))
    wanted = ["--app-name", "bce-monitor", *options, *(["--static-prefix", prefix] if prefix else [])]
    server = Server(
        copy, wanted, environment(folder) | {"TMPDIR": str(folder)} | dict(settings or {}), prefix
    )
    try:
        server.start()
        yield FilledStore(server.uri + prefix, folder / "artifacts", copy)
    finally:
        server.kill()


Serve = Callable[..., FilledStore]
