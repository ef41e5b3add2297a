"""What the server at hand serves, as its command line said; MLflow passes that on in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.tracking.store.opening import StoreKind, kind_of

_WORKSPACES: Final = "MLFLOW_ENABLE_WORKSPACES"
_BOOT: Final = "_MLFLOW_SERVER_BOOT_ID"


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes
    ----------
    store_uri
        Of the tracking store, credentials included.
    artifacts
        Where the server keeps the artifacts it hands through; None when it hands none through.
    prefix
        ``--static-prefix`` without a slash at its end.
    generation
        The same in all processes of one start of a server, another at the next.
    """

    store_uri: str
    artifacts: str | None
    prefix: str
    generation: str


def served(environment: Mapping[str, str]) -> Served:
    """Return what this process serves; UsageError says why runs cannot be evaluated here."""
    from mlflow import server  # noqa: PLC0415 - loads the whole server, which its processes have done already

    # Older versions keep these names in the package itself, newer ones hand them on there.
    names: Any = server
    uri = environment.get(names.BACKEND_STORE_URI_ENV_VAR, "")
    if not uri or environment.get(names.ARTIFACTS_ONLY_ENV_VAR):
        raise UsageError(
            "This server keeps no runs (--artifacts-only): name the app where the runs are kept."
        )
    if environment.get(_WORKSPACES, "").lower() in ("1", "true"):
        raise UsageError(
            "Workspaces are on, and the page would show the runs of all of them to everybody. "
            "Run 'bce-monitor watch' for each workspace instead."
        )
    if kind_of(uri) is not StoreKind.DATABASE:
        raise UsageError(
            "The runs are not kept in a database. Migrate the store with 'mlflow migrate-filestore', "
            "or run 'bce-monitor watch' beside the server."
        )
    return Served(
        store_uri=uri,
        artifacts=environment.get(names.ARTIFACTS_DESTINATION_ENV_VAR) or None,
        prefix=prefix_of(environment),
        # The parent of a worker is its supervisor or `mlflow server` itself, in MLflow before 3.10 or so.
        generation=environment.get(_BOOT) or str(os.getppid()),
    )


def prefix_of(environment: Mapping[str, str]) -> str:
    """Return ``--static-prefix`` without a slash at its end."""
    from mlflow.server.handlers import STATIC_PREFIX_ENV_VAR  # noqa: PLC0415 - as above

    return environment.get(STATIC_PREFIX_ENV_VAR, "").rstrip("/")
