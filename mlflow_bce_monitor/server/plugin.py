"""Puts the page and the hook onto MLflow's application.

All routes are Flask's, registered before the application is wrapped: a route that is added to the FastAPI
application afterwards stands behind its mount of the Flask one and is never reached. So uvicorn
and gunicorn serve the same.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.errors import BCEMonitorError
from mlflow_bce_monitor.server.ended import EndedRuns
from mlflow_bce_monitor.server.findings import FindingsReader
from mlflow_bce_monitor.server.handover import Handover
from mlflow_bce_monitor.server.rendezvous import connected, place_of
from mlflow_bce_monitor.server.routes import Monitor, State, add_routes, add_routes_of_off
from mlflow_bce_monitor.server.served import Served, prefix_of, served
from mlflow_bce_monitor.server.settings import ENV_MODE, Mode, Settings, settings_of
from mlflow_bce_monitor.tracking.store.opening import read_only_engine

if TYPE_CHECKING:
    from fastapi import FastAPI
    from flask import Flask

_log = logging.getLogger(__name__)

# Under this name MLflow says which server runs its application.
_SERVER: Final = "_MLFLOW_SGI_NAME"


def with_monitor() -> Flask | FastAPI:
    """Return MLflow's application with the page and the hook on it, as the server at hand needs it."""
    from mlflow.server import app as flask_app  # noqa: PLC0415 - its import decides what it serves

    _set_up(flask_app)
    if os.environ.get(_SERVER) == "uvicorn":
        from mlflow.server.fastapi_app import create_fastapi_app  # noqa: PLC0415 - what gunicorn does not need

        application: FastAPI = create_fastapi_app(flask_app)
        return application
    return flask_app


def _set_up(app: Flask) -> None:
    """Add what is wanted; a wrong setting costs the page, never the tracking server."""
    try:
        settings = settings_of(os.environ)
        if settings.mode is Mode.OFF:
            _log.info("bce-monitor is off (%s)", ENV_MODE)
            return
        at = served(os.environ)
        engine = read_only_engine(at.store_uri)
        state = _evaluating(app, at, settings) if settings.mode is Mode.ON else None
    except (BCEMonitorError, SQLAlchemyError, OSError) as error:
        _log.error("bce-monitor is off: %s", error)
        add_routes_of_off(app, prefix_of(os.environ), str(error))
        return
    add_routes(app, at.prefix, Monitor(FindingsReader(engine), state))


def _evaluating(app: Flask, at: Served, settings: Settings) -> State:
    """Hand on the runs that end from now on, and return what the evaluating process says of itself."""
    place = place_of(at)
    handover = Handover(partial(connected, place, at), settings.queue)
    app.after_request(EndedRuns(handover.put))
    return place.said
