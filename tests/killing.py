"""Scans that are killed at a chosen moment, as an operator or the kernel would."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys

CLIENT = "mlflow:MlflowClient"
SQL_STORE = "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore"

_PATIENCE = 300  # seconds: a scan of some runs takes three, and a minute on a busy machine

_KILLED = """
import importlib, json, os, signal, sys
import mlflow_bce_monitor
import mlflow_bce_monitor.report.figure
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
mlflow_bce_monitor.scan  # what an import puts off, too

def scan(uri, force, experiment, *where):
    kill_before(*where)
    mlflow_bce_monitor.scan(uri, [experiment] if experiment else (), force=force == "force")

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(asked["seconds"])
            os.dup2(2, 1)
            os.chdir(asked["folder"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            scan(*asked["scan"])
            status = 0
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Has loaded everything, and gives every scan a process of its own: fresh ones would spend theirs loading."""


@functools.cache
def _scans() -> subprocess.Popen[str]:
    """Return the process that starts the scans; it ends with this one, which holds its input open."""
    return subprocess.Popen(
        [sys.executable, "-c", _KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


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
    asked = {
        "scan": [uri, force, experiment, *where],
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109 - a string is what is sent
        "seconds": _PATIENCE,
    }
    scans = _scans()
    assert scans.stdin is not None
    assert scans.stdout is not None
    scans.stdin.write(f"{json.dumps(asked)}\n")
    scans.stdin.flush()
    assert int(scans.stdout.readline()) == -signal.SIGKILL
