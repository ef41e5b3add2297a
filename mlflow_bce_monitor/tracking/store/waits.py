"""Bounded waits for a tracking server.

MLflow retries a request seven times with a timeout of two minutes each: a wrong address
answers after a quarter of an hour. Its limits are environment variables that it reads at
every request, so they are set here for as long as we talk to a server, and only where the
user has not set them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Patience:
    """How long one request may take.

    Attributes
    ----------
    timeout
        Seconds for one try, connecting and reading alike.
    retries
        Further tries after the first.
    backoff
        Seconds before the second retry (the first comes at once), doubled each time.
    """

    timeout: int
    retries: int
    backoff: int


# One try: a server that cannot list one experiment in this time is reported, not waited for.
PROBING: Final = Patience(timeout=5, retries=0, backoff=0)
# The server has answered before, so an overload (429, 5xx) or a restart is worth sitting out: five retries
# wait 2 + 4 + 8 + 16 s, each with MLflow's own jitter of up to a second, or as long as Retry-After says.
WORKING: Final = Patience(timeout=20, retries=5, backoff=1)

_TIMEOUT: Final = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_RETRIES: Final = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_BACKOFF: Final = "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"


@contextmanager
def bounded_waits(patience: Patience) -> Iterator[None]:
    """Limit how long MLflow waits for a server inside this block.

    What the user set stays, and so does what an enclosing block set.
    """
    wanted = {
        _TIMEOUT: patience.timeout,
        _RETRIES: patience.retries,
        _BACKOFF: patience.backoff,
    }
    ours = {name: str(value) for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def seconds_waited() -> str:
    """Return the timeout in force inside a block of :func:`bounded_waits`, in words, for a message."""
    return f"{os.environ[_TIMEOUT]} s"
