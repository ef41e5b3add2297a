"""Keeping other software's talk away from the answer."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def answer_alone() -> Iterator[TextIO]:
    """Give standard output to the answer alone: whatever else is printed inside goes to standard error.

    A name that the encoding of the terminal does not know is shown with escapes.
    """
    answer = sys.stdout
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with contextlib.redirect_stdout(sys.stderr):
        yield answer


def quiet_mlflow() -> None:
    """Silence MLflow's log: it prints a stack trace for each error that is then raised and told in one line.

    Call it after MLflow was imported, because importing it sets its loggers up.
    """
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.CRITICAL)
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", module=r"mlflow(\.|$)|sqlalchemy(\.|$)")
