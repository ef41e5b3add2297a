"""Which data sets and architectures belong to which block.

The first two blocks were dealt by a seed before any training was looked at: of every stratum of data
sets and of architectures (see their tables) one half went to either block. What belongs to the third,
``test``, to the fourth, ``practice``, to the fifth, ``rehearsal``, to the sixth, ``exercise``, and to
the seventh, ``proof``, was written down later and before any of it was trained; all cover the same strata. A
training combines a data set and an architecture of one block, so the blocks share neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np

from benchmarks.zoo.architectures import (
    DEALT_ARCHITECTURES,
    EXERCISE_ARCHITECTURES,
    PRACTICE_ARCHITECTURES,
    PROOF_ARCHITECTURES,
    REHEARSAL_ARCHITECTURES,
    TEST_ARCHITECTURES,
)
from benchmarks.zoo.blocks import DEVELOPMENT, EXERCISE, PRACTICE, PROOF, REHEARSAL, TEST, VALIDATION
from benchmarks.zoo.data_sets_dealt import DEALT_DATA_SETS
from benchmarks.zoo.data_sets_of_exercise import EXERCISE_DATA_SETS
from benchmarks.zoo.data_sets_of_practice import PRACTICE_DATA_SETS
from benchmarks.zoo.data_sets_of_proof import PROOF_DATA_SETS
from benchmarks.zoo.data_sets_of_rehearsal import REHEARSAL_DATA_SETS
from benchmarks.zoo.data_sets_of_test import TEST_DATA_SETS

SPLIT_SEED: Final = 20_270_318

DEALT: Final = (DEVELOPMENT, VALIDATION)
"""The blocks that the seed deals to."""


class _Stratified(Protocol):
    @property
    def stratum(self) -> str: ...


def halves(members: Mapping[str, _Stratified], seed: int) -> dict[str, frozenset[str]]:
    """Deal the members of each stratum to the first two blocks in turn, in an order drawn from the seed."""
    rng = np.random.default_rng(seed)
    dealt: dict[str, set[str]] = {block: set() for block in DEALT}
    for stratum in sorted({member.stratum for member in members.values()}):
        names = sorted(name for name, member in members.items() if member.stratum == stratum)
        for place, position in enumerate(rng.permutation(len(names))):
            dealt[DEALT[place % len(DEALT)]].add(names[position])
    return {block: frozenset(names) for block, names in dealt.items()}


DATA_SETS_OF: Final = halves(DEALT_DATA_SETS, SPLIT_SEED) | {
    TEST: frozenset(TEST_DATA_SETS),
    PRACTICE: frozenset(PRACTICE_DATA_SETS),
    REHEARSAL: frozenset(REHEARSAL_DATA_SETS),
    EXERCISE: frozenset(EXERCISE_DATA_SETS),
    PROOF: frozenset(PROOF_DATA_SETS),
}
"""Block to the names of its data sets."""

ARCHITECTURES_OF: Final = halves(DEALT_ARCHITECTURES, SPLIT_SEED) | {
    TEST: frozenset(TEST_ARCHITECTURES),
    PRACTICE: frozenset(PRACTICE_ARCHITECTURES),
    REHEARSAL: frozenset(REHEARSAL_ARCHITECTURES),
    EXERCISE: frozenset(EXERCISE_ARCHITECTURES),
    PROOF: frozenset(PROOF_ARCHITECTURES),
}
"""Block to the names of its architectures."""
