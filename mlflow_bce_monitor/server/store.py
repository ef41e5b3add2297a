"""The server's own store, reached as the server reaches it: no request, no port, no password."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.server.served import Served
from mlflow_bce_monitor.tracking.store.opening import Store, open_store

_PROXIED: Final = frozenset({"mlflow-artifacts", "http", "https"})
_ROUTE: Final = "/api/2.0/mlflow-artifacts/artifacts/"


class ServersClient(MlflowClient):
    """MLflow's client on the server's database.

    Artifacts that clients send through the server are put where the server puts them; a client on
    the database alone would not know where that is.
    """

    def __init__(self, served: Served) -> None:
        super().__init__(tracking_uri=served.store_uri)
        self._served = served

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        """Write a folder of files."""
        self._repository(run_id).log_artifacts(local_dir, artifact_path)  # type: ignore[no-untyped-call]

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[Any]:
        """List files."""
        found: list[Any] = self._repository(run_id).list_artifacts(path)
        return found

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Fetch a file, and return where it is now."""
        fetched: str = self._repository(run_id).download_artifacts(path, dst_path)  # type: ignore[no-untyped-call]
        return fetched

    def _repository(self, run_id: str) -> ArtifactRepository:
        address = self.get_run(run_id).info.artifact_uri
        if urlsplit(address).scheme in _PROXIED:
            address = _behind(self._served, address)
        return get_artifact_repository(address)


def open_servers_store(served: Served) -> Store:
    """Open the store; as :func:`~mlflow_bce_monitor.tracking.store.opening.open_store`."""
    return replace(open_store(served.store_uri), client=ServersClient(served))


def _behind(served: Served, address: str) -> str:
    """Return where the server keeps what it serves at an address."""
    if served.artifacts is None:
        raise StoreError(
            f"The artifacts at {address} go through a server, and this one has no --artifacts-destination."
        )
    path = urlsplit(address).path
    within = path.partition(_ROUTE)[2] or path
    if ".." in within.split("/"):
        raise StoreError(f"The artifact address {address} leads out of its folder.")
    return posixpath.join(served.artifacts, within.lstrip("/"))
