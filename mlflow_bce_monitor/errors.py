"""One root exception, so that callers can catch everything this package raises on purpose.

Every message says what was received, what was expected, and what to do.
"""

from __future__ import annotations


class BCEMonitorError(Exception):
    """Root of all errors raised on purpose by this package."""


class UsageError(BCEMonitorError):
    """The caller asked for something that cannot be: a wrong option, an unknown name."""


class StoreError(BCEMonitorError):
    """The tracking store is missing, does not answer, or refuses."""


class RunError(BCEMonitorError):
    """One run cannot be evaluated; the other runs go on."""
