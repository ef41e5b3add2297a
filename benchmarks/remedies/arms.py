"""What is done to every case: the prescribed change, and what it is compared with."""

from __future__ import annotations

from typing import Final

from benchmarks.remedies.cases import Case, Changes

AS_IT_WAS: Final = "as it was, other seeds"
PRESCRIBED: Final = "the prescribed change"
FIRST: Final = "the change for the first cause"
RATE_TIMES_10: Final = "learning rate x 10"
RATE_BY_10: Final = "learning rate / 10"
IF_KNOWN: Final = "the change for the true cause"
SECOND: Final = "the second change"

FACTOR: Final = 10.0

ARMS: Final = (AS_IT_WAS, PRESCRIBED, FIRST, RATE_TIMES_10, RATE_BY_10, IF_KNOWN)
"""In the order in which they are trained and shown."""


def changes_of(case: Case, arm: str) -> Changes | None:
    """Return what an arm changes; None where it prescribes nothing."""
    made: dict[str, Changes | None] = {
        AS_IT_WAS: {},
        PRESCRIBED: case.jointly or None,
        FIRST: case.prescribed[0] if case.prescribed else None,
        SECOND: case.prescribed[1] if len(case.prescribed) > 1 else None,
        RATE_TIMES_10: {"learning_rate": FACTOR * case.learning_rate},
        RATE_BY_10: {"learning_rate": case.learning_rate / FACTOR},
        IF_KNOWN: case.if_known[0] if case.if_known else None,
    }
    return made[arm]
