"""The hook that sees runs end: it reads the answers to ``runs/update`` and nothing else.

MLflow has no event for it. The client ends a run, with whatever status, by this one request, and
the answer holds the run as it is now. Runs that end by any other way are found by looking at the
store from time to time (``process.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from flask import Response, request

_log = logging.getLogger(__name__)

# The same under `api/2.0` and `ajax-api/2.0`, and behind any static prefix.
_UPDATES: Final = "/mlflow/runs/update"
ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
"""Statuses of runs that are over."""


class EndedRuns:
    """Flask's ``after_request``: hands on the ids of runs that ended, and leaves every answer as it is."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._has_warned = False

    def __call__(self, response: Response) -> Response:
        """Look at one answer."""
        if not request.path.endswith(_UPDATES):
            return response
        try:
            run_id = ended_run(response.status_code, response.get_json(silent=True))
            if run_id is not None:
                self._take(run_id)
        except Exception:  # noqa: BLE001 - whatever goes wrong here, the client gets its answer
            if not self._has_warned:
                self._has_warned = True
                _log.exception("bce-monitor could not note that a run ended; this is said once")
        return response


def ended_run(status_code: int, body: Any) -> str | None:
    """Return the id of the run that has ended, as an answer to ``runs/update`` says; None when none has."""
    info = body.get("run_info") if status_code == HTTPStatus.OK and isinstance(body, dict) else None
    if not isinstance(info, dict) or info.get("status") not in ENDED:
        return None
    run_id = info.get("run_id")
    return run_id if isinstance(run_id, str) and run_id else None
