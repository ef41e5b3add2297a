"""The server plugin: ``mlflow server --app-name bce-monitor``.

MLflow's server processes call :func:`create_app`. It adds the page ``/bce-monitor`` and a hook that
sees runs end. What ended is handed to *one* process of lower priority beside the server, which
evaluates it; no request ever waits for an evaluation. In this order:

    ended -> handover -> rendezvous == socket ==> process -> waiting -> tracking/evaluation.py
    findings -> page

See ``docs/server.md`` and ``docs/decisions/0040-server-plugin.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from flask import Flask


def create_app() -> Flask | FastAPI:
    """Return MLflow's own application with the page and the hook, for uvicorn, gunicorn or waitress."""
    # `mlflow server` imports this module only to see whether this is a function.
    from mlflow_bce_monitor.server.plugin import with_monitor  # noqa: PLC0415 - loads the server

    return with_monitor()
