"""Exceptions of MLflow and its stores as one line that a person can act on."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from mlflow_bce_monitor.report.plain_text import plain, shortened

STORE_FAILURES: Final = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)
"""What reading from and writing to a store raises when the store is at fault."""

_LONGEST: Final = 300  # characters: longer messages hold stack frames or HTML pages
_ERRNO: Final = re.compile(r"\[Errno -?\d+\] ([^'\")(]+)")
_TIMED_OUT: Final = re.compile(r"timed out|timeout", re.IGNORECASE)
_DRIVER_PREFIX: Final = re.compile(r"^\((?:\w+\.)+(\w+)\) ")
_CERTIFICATE: Final = re.compile(r"certificate verify failed[^)]*")
# Where MLflow and SQLAlchemy go on with statements, bodies and links.
_TAIL: Final = re.compile(r"\s*(?:\[SQL:|\(Background on|Response body:|Stack trace:).*", re.DOTALL)


def reason(error: BaseException) -> str:
    """Return why something failed, in one line without credentials, statements or stack frames."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return shortened(plain(f"{error.strerror}{where}"), _LONGEST)
    text = str(error) or type(error).__name__
    for pattern in (_ERRNO, _CERTIFICATE):
        found = pattern.search(text)
        if found:
            return shortened(plain(found.group(found.lastindex or 0)), _LONGEST)
    if isinstance(error, MlflowException) and text.startswith("API request") and _TIMED_OUT.search(text):
        return "the request timed out"
    text = _DRIVER_PREFIX.sub("", _TAIL.sub("", text))
    return shortened(plain(text), _LONGEST).rstrip(".")
