"""The blocks of the zoo: which trainings may be fitted on, and which only measure what was fitted.

``development`` was fitted and tuned on from the beginning. ``validation`` was held back until its
result was reported on 2026-11-23, and has been fitted and tuned on since. ``test`` is never fitted
on, only reported. ``practice`` was made on 2026-11-27, judged once by what was fitted before (see
``README.md``), and has been learned from since; it has networks on labels only. ``rehearsal`` was made
after it in the same way, judged once, and learned from since. ``exercise`` was made on 2026-11-28 in the same
way, judged once, and learned from since. ``proof`` was made on 2026-11-28 too, to be held
out for good: like ``test`` it is only reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

DEVELOPMENT: Final = "development"
VALIDATION: Final = "validation"
TEST: Final = "test"
PRACTICE: Final = "practice"
REHEARSAL: Final = "rehearsal"
EXERCISE: Final = "exercise"
PROOF: Final = "proof"

BLOCKS: Final = (DEVELOPMENT, VALIDATION, TEST, PRACTICE, REHEARSAL, EXERCISE, PROOF)
"""Every block that holds trainings. A block's place is part of the seed of its plans: add at the end only."""

FITTED_BLOCKS: Final = (DEVELOPMENT, VALIDATION, PRACTICE, REHEARSAL, EXERCISE)
"""What anything may be fitted or tuned on."""

HELD_OUT_BLOCKS: Final = (TEST, PROOF)
"""What nothing is ever fitted, tuned or chosen on."""

FITTED_IN_WORDS: Final = f"{', '.join(FITTED_BLOCKS[:-1])} and {FITTED_BLOCKS[-1]}"

HELD_OUT: Final = "held-out"
"""Asks for all blocks that are."""


def asked_for(name: str) -> tuple[str, ...]:
    """Return the blocks that are meant by a block's name or by :data:`HELD_OUT`."""
    return HELD_OUT_BLOCKS if name == HELD_OUT else (name,)


def apart(items: Iterable[T], block_of: Callable[[T], str]) -> dict[str, list[T]]:
    """Return what there is of each block; {} where all is of one."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(block_of(item), []).append(item)
    return found if len(found) > 1 else {}
