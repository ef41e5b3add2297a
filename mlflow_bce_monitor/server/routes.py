"""The routes: the page, and the same findings as JSON for a page that is open."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, jsonify, redirect, request
from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.contract import FLAGGED
from mlflow_bce_monitor.server import page
from mlflow_bce_monitor.server.findings import Findings, FindingsReader, Wanted
from mlflow_bce_monitor.tracking.store.reasons import reason

PATH: Final = "/bce-monitor"
FINDINGS_PATH: Final = f"{PATH}/findings"

State = Callable[[], Mapping[str, Any]]
"""Returns what the evaluating process said last of itself."""

# Seconds that an answer of the database is good for: however many pages are open, it is asked once a second.
_FRESH: Final = 1.0
_ANSWERS_KEPT: Final = 50
_LONGEST_TEXT: Final = 200  # characters of a search
_LAST_PAGE: Final = 10_000


@dataclass
class Monitor:
    """What the routes need.

    Attributes
    ----------
    reader
        Reads findings.
    state
        What the evaluating process says of itself; None when nothing is evaluated here.
    """

    reader: FindingsReader
    state: State | None
    _answers: OrderedDict[Wanted, tuple[float, Findings]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def findings(self, wanted: Wanted) -> Findings:
        """Return what is wanted, as it was at most a second ago; SQLAlchemyError when the database fails."""
        with self._lock:
            asked, found = self._answers.get(wanted, (float("-inf"), None))
            if found is not None and time.monotonic() - asked < _FRESH:
                return found
            # Under the lock: those who ask meanwhile get this answer instead of asking too.
            found = self.reader.read(wanted)
            self._answers[wanted] = (time.monotonic(), found)
            self._answers.move_to_end(wanted)
            if len(self._answers) > _ANSWERS_KEPT:
                self._answers.popitem(last=False)
            return found


def add_routes(app: Flask, prefix: str, monitor: Monitor) -> None:
    """Add the page, and its JSON."""

    def bce_monitor_page() -> Response:
        wanted = _wanted(request.args)
        return _html(page.render(_content(monitor, wanted)))

    def bce_monitor_findings() -> Response:
        response = jsonify(page.as_json(_content(monitor, _wanted(request.args))))
        response.headers["Cache-Control"] = "no-store"
        return response

    def bce_monitor_failed(error: Exception) -> Response:
        why = f"The findings cannot be read: {reason(error)}."
        return _html(page.render_failure(why), HTTPStatus.SERVICE_UNAVAILABLE)

    def guarded(view: Callable[[], Response]) -> Callable[[], Response]:
        def call() -> Response:
            try:
                return view()
            except SQLAlchemyError as error:
                return bce_monitor_failed(error)

        return call

    add = app.add_url_rule
    add(f"{prefix}{PATH}", "bce_monitor_page", guarded(bce_monitor_page), methods=["GET"])
    add(f"{prefix}{FINDINGS_PATH}", "bce_monitor_findings", guarded(bce_monitor_findings), methods=["GET"])
    _redirect(app, prefix)


def add_routes_of_off(app: Flask, prefix: str, why: str) -> None:
    """Add a page that says why there is nothing to see."""

    def bce_monitor_off() -> Response:
        return _html(page.render_failure(f"bce-monitor is off. {why}"), HTTPStatus.SERVICE_UNAVAILABLE)

    app.add_url_rule(f"{prefix}{PATH}", "bce_monitor_page", bce_monitor_off, methods=["GET"])
    _redirect(app, prefix)


def _redirect(app: Flask, prefix: str) -> None:
    """Lead from the page's address with a slash to the one without, from where its links start."""
    app.add_url_rule(f"{prefix}{PATH}/", "bce_monitor_slash", lambda: redirect(f"..{PATH}"), methods=["GET"])


def _content(monitor: Monitor, wanted: Wanted) -> page.Content:
    said = None if monitor.state is None else monitor.state()
    return page.content(monitor.findings(wanted), wanted, said, time.time())


def _wanted(arguments: Mapping[str, str]) -> Wanted:
    """Return what an address asks for; what it asks for in vain counts as not asked."""
    word, number = arguments.get("verdict", ""), arguments.get("page", "")
    flagged = {verdict.value: verdict for verdict in FLAGGED}
    return Wanted(
        verdict=flagged.get(word),
        text=" ".join(arguments.get("q", "")[:_LONGEST_TEXT].split()),
        page=min(int(number), _LAST_PAGE) if number.isascii() and number.isdigit() else 0,
    )


def _html(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    response = Response(text, status=status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response
