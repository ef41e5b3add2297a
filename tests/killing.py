"""Scans that are killed at a chosen moment, as an operator or the kernel would."""

from __future__ import annotations

import signal
import subprocess
import sys

CLIENT = "mlflow:MlflowClient"
SQL_STORE = "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore"

_PATIENCE = 300.0  # seconds: a scan of some runs takes three, and a minute on a busy machine

_KILLED = """
import importlib, os, signal, sys
import mlflow_bce_monitor
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking._tracking_service.utils import _tracking_store_registry

def kill_before(place, name, wanted=None):
    module, kind = place.split(":")
    owner = getattr(importlib.import_module(module), kind)
    original = getattr(owner, name)
    def call(self, *arguments, **named):
        each = [one for some in arguments for one in (some if isinstance(some, list) else [some])]
        if wanted is None or wanted in [getattr(one, "key", one) for one in each]:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, *arguments, **named)
    setattr(owner, name, call)

# A store that a plugin brings, of which nobody knows in which order it writes a batch.
_tracking_store_registry.register(
    "plugin", lambda store_uri, artifact_uri: SqlAlchemyStore(store_uri.replace("plugin", "sqlite", 1), ".")
)
uri, force, experiment, *where = sys.argv[1:]
kill_before(*where)
mlflow_bce_monitor.scan(uri, [experiment] if experiment else (), force=force == "force")
"""


def killed(uri: str, force: str, *where: str, experiment: str = "") -> None:
    """Scan in a process that is killed in front of a call.

    Parameters
    ----------
    uri
        The store.
    force
        "force" to write runs that are current, too.
    where
        ``module:class``, the method, and an argument (or its key) that the call must have, if any.
    experiment
        Scan this one alone.
    """
    command = [sys.executable, "-c", _KILLED, uri, force, experiment, *where]
    done = subprocess.run(command, check=False, timeout=_PATIENCE)
    assert done.returncode == -signal.SIGKILL
