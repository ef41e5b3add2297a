"""Keeping other software's talk away from the answer."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def answer_alone() -> Iterator[TextIO]:
    """Give standard output to the answer alone: whatever else is printed inside goes to standard error."""
    answer = sys.stdout
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
