"""Which runs get a report: artifacts and a block in the description."""

from __future__ import annotations

from enum import Enum

from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.errors import UsageError


class Reports(str, Enum):
    """The choices of ``--reports``."""

    FLAGGED = "flagged"
    ALL = "all"
    NONE = "none"

    def __str__(self) -> str:
        return self.value

    def wanted_for(self, verdict: Verdict) -> bool:
        """Return whether a run with this verdict gets a report."""
        if self is Reports.FLAGGED:
            return verdict in FLAGGED
        return self is Reports.ALL


def parse_reports(word: str) -> Reports:
    """Return the choice that a caller wrote; UsageError when it is none."""
    try:
        return Reports(word)
    except ValueError:
        choices = ", ".join(repr(choice.value) for choice in Reports)
        raise UsageError(f"reports={word!r} is not one of {choices}") from None
