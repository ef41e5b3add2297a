"""``--since``: a time that a person writes, as a condition of MLflow's search."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}
_BACK: Final = re.compile(r"(\d{1,6})([dhm])")
_MILLISECONDS: Final = 1_000  # in a second


def filter_since(since: str | None, filter_string: str | None) -> str | None:
    """Return a search filter for runs that started at a time or later and match ``filter_string``.

    Raises
    ------
    UsageError
        ``since`` is neither a time back from now nor a date.
    """
    if since is None:
        return filter_string
    started = f"attributes.start_time >= {time_back(since)}"
    return f"{started} AND {filter_string}" if filter_string else started


def time_back(since: str) -> int:
    """Return a time that a person wrote, in milliseconds since the epoch; UsageError when it is none."""
    return int(_time(since).timestamp() * _MILLISECONDS)


def _time(since: str) -> datetime:
    back = _BACK.fullmatch(since)
    now = datetime.now().astimezone()
    try:
        if back:
            return now - timedelta(**{_UNITS[back[2]]: int(back[1])})
        # A time without a zone is local time.
        return datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {plain(since)!r} is no time: write 7d, 12h or 30m, or a date such as 2026-11-01T08:30."
        ) from error
