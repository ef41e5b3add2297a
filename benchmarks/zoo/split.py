"""Which data sets and architectures belong to which block.

Decided by a seed before any training was looked at: of every stratum of data sets and of
architectures (see their tables) one half goes to either block. A training combines a data
set and an architecture of one block, so the blocks share neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.blocks import BLOCKS
from benchmarks.zoo.datasets import DATA_SETS

SPLIT_SEED: Final = 20_270_318


class _Stratified(Protocol):
    @property
    def stratum(self) -> str: ...


def halves(members: Mapping[str, _Stratified], seed: int) -> dict[str, frozenset[str]]:
    """Deal the members of each stratum to the blocks in turn, in an order drawn from the seed."""
    rng = np.random.default_rng(seed)
    dealt: dict[str, set[str]] = {block: set() for block in BLOCKS}
    for stratum in sorted({member.stratum for member in members.values()}):
        names = sorted(name for name, member in members.items() if member.stratum == stratum)
        for place, position in enumerate(rng.permutation(len(names))):
            dealt[BLOCKS[place % len(BLOCKS)]].add(names[position])
    return {block: frozenset(names) for block, names in dealt.items()}


DATA_SETS_OF: Final = halves(DATA_SETS, SPLIT_SEED)
"""Block to the names of its data sets."""

ARCHITECTURES_OF: Final = halves(ARCHITECTURES, SPLIT_SEED)
"""Block to the names of its architectures."""
