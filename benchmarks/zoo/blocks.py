"""The blocks of the zoo: which trainings may be fitted on, and which only measure what was fitted.

``development`` was fitted and tuned on from the beginning. ``validation`` was held back until its
result was reported on 2026-11-23, and has been fitted and tuned on since. ``test`` is never fitted
on, only reported.
"""

from __future__ import annotations

from typing import Final

DEVELOPMENT: Final = "development"
VALIDATION: Final = "validation"
TEST: Final = "test"

BLOCKS: Final = (DEVELOPMENT, VALIDATION, TEST)
"""Every block that holds trainings. A block's place is part of the seed of its plans: add at the end only."""

FITTED_BLOCKS: Final = (DEVELOPMENT, VALIDATION)
"""What anything may be fitted or tuned on."""
