"""Boosted trees over the facts, asked about runs that they were not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from lightgbm import LGBMClassifier
from sklearn.model_selection import GroupKFold

from benchmarks.ceiling.facts import FloatArray

FOLDS: Final = 5
"""More change the scores by less than the seed does, and take longer."""

_SETTINGS: Final[dict[str, Any]] = {
    # Small trees, many of them: hundreds of rows, dozens of facts, a dozen answers.
    "n_estimators": 100,
    "learning_rate": 0.07,
    "num_leaves": 15,
    "min_child_samples": 8,
    "colsample_bytree": 0.5,
    "random_state": 0,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbose": -1,
}


def across_groups(matrix: FloatArray, answers: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Return what trees that were fitted on other groups answer for every row."""
    found = np.empty(len(answers), dtype=object)
    folds = GroupKFold(min(FOLDS, len(set(groups)))).split(matrix, groups=np.array(groups))
    for fitted, asked in folds:
        found[asked] = _ask(matrix, answers, fitted, asked)
    return [str(answer) for answer in found]


def across_blocks(matrix: FloatArray, answers: Sequence[str], blocks: Sequence[str]) -> list[str]:
    """Return what trees that were fitted on the other blocks answer for every row."""
    found = np.empty(len(answers), dtype=object)
    of = np.array(blocks)
    for block in sorted(set(blocks)):
        asked = np.flatnonzero(of == block)
        found[asked] = _ask(matrix, answers, np.flatnonzero(of != block), asked)
    return [str(answer) for answer in found]


def _ask(
    matrix: FloatArray,
    answers: Sequence[str],
    fitted: npt.NDArray[np.int64],
    asked: npt.NDArray[np.int64],
) -> npt.NDArray[np.str_]:
    known = np.array(answers)[fitted]
    if len(set(known)) == 1:
        return np.full(asked.size, known[0])  # boosting needs two answers to choose from
    return np.asarray(LGBMClassifier(**_SETTINGS).fit(matrix[fitted], known).predict(matrix[asked]))
