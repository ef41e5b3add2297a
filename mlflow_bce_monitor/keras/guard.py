"""Nothing that goes wrong in the measuring may reach the training."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

log: Final = logging.getLogger("mlflow_bce_monitor.keras")

_LONGEST_REASON: Final = 300


class Guard:
    """Runs the parts of the measuring. A part that raises is named once and not tried again.

    Attributes
    ----------
    broken
        Part to reason, of all parts that failed.
    """

    def __init__(self) -> None:
        self.broken: dict[str, str] = {}

    def run(self, part: str, do: Callable[[], T]) -> T | None:
        """Return what ``do`` returns; None when it fails or has failed before.

        ``KeyboardInterrupt`` and ``SystemExit`` pass.
        """
        if part in self.broken:
            return None
        try:
            return do()
        except Exception as error:  # noqa: BLE001 - the one place that must catch everything: see decision 15
            self.failed(part, error)
            return None

    def failed(self, part: str, error: Exception) -> None:
        """Note a failure and say it, once for each part."""
        if part in self.broken:
            return
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_REASON]
        self.broken[part] = reason
        # Logging and not warnings.warn: under "-W error" a warning would end the training.
        log.warning("bce-monitor could not measure: %s (%s). The training goes on.", part, reason)
        log.debug("Where bce-monitor failed", exc_info=error)
