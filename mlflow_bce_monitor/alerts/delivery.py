"""One delivery: posted, and posted again when the other side is only busy or away."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import requests

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.alerts.message import HEADER_ID, HEADER_SIGNATURE, HEADER_TIME, signature
from mlflow_bce_monitor.alerts.webhook import Webhook

# Answers after which the same message may well be taken a little later.
_BUSY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_READ_AT_MOST: Final = 64 * 1024  # bytes of an answer, which nobody needs


@dataclass(frozen=True)
class Persistence:
    """How long to try.

    Attributes
    ----------
    tries
        Posts of one message at most: with the pauses below they last about four minutes.
    first_pause, longest_pause
        Seconds before the second try, doubled each time, and the limit of that; a
        ``Retry-After`` counts if it is longer, up to the same limit.
    timeout
        Seconds to connect, and again to wait for the answer.
    """

    tries: int = 8
    first_pause: float = 1.0
    longest_pause: float = 60.0
    timeout: float = 10.0


@dataclass(frozen=True)
class Delivered:
    """What came of a delivery: done, or why not."""

    done: bool
    why: str = ""


def deliver(
    webhook: Webhook,
    identity: str,
    body: bytes,
    stop: threading.Event,
    persistence: Persistence = Persistence(),
) -> Delivered:
    """Post a message until it is taken, refused for good, or enough was tried.

    Setting ``stop`` ends the pauses: the try that is due is made at once, and is the last.
    """
    why = ""
    for number in range(persistence.tries):
        last = number + 1 == persistence.tries or stop.is_set()
        asked_to_wait = 0.0
        try:
            answer = _post(webhook, identity, body, persistence.timeout)
        except requests.RequestException as error:
            why = f"no answer ({type(error).__name__})"
        else:
            status = answer.status
            if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                return Delivered(done=True)
            why = f"it answered {status}"
            if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _BUSY:
                return Delivered(done=False, why=why)
            asked_to_wait = answer.retry_after
        if last:
            break
        stop.wait(_pause(number, asked_to_wait, persistence))
    return Delivered(done=False, why=f"{why}, after {number + 1} tries")


@dataclass(frozen=True)
class _Answer:
    status: int
    retry_after: float


def _post(webhook: Webhook, identity: str, body: bytes, timeout: float) -> _Answer:
    # No redirects: a signed message goes to the address that was configured, or nowhere.
    with requests.post(
        webhook.url,
        data=body,
        headers=_headers(webhook, identity, body),
        timeout=(timeout, timeout),
        allow_redirects=False,
        stream=True,
    ) as response:
        response.raw.read(_READ_AT_MOST)
        return _Answer(response.status_code, _seconds(response.headers.get("Retry-After", "")))


def _headers(webhook: Webhook, identity: str, body: bytes) -> Mapping[str, str]:
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"bce-monitor/{__version__}",
        HEADER_ID: identity,
        HEADER_TIME: str(now),
    }
    if webhook.secret is not None:
        # Signed anew for each try: the receiver may refuse a message whose time is long past.
        headers[HEADER_SIGNATURE] = signature(webhook.secret, now, body)
    return headers


def _seconds(retry_after: str) -> float:
    """Return the seconds of a ``Retry-After``; a date, the rarer form, counts as nothing said."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def _pause(number: int, asked_to_wait: float, persistence: Persistence) -> float:
    doubled = persistence.first_pause * 2.0**number
    # Not in step with others who were refused at the same moment.
    wanted = max(doubled * random.uniform(0.8, 1.2), asked_to_wait)  # noqa: S311 - no secret
    return min(wanted, persistence.longest_pause)
