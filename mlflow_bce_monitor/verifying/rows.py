"""The rows of a rerun in Python: split, and changed as a remedy or a control asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.probes.labelled import LabelledRows, labelled
from mlflow_bce_monitor.verifying.experiments import FEW_ROWS, PERMUTE_LABELS, ZERO_INPUTS

HELD_BACK: Final = 0.2
"""Share of the rows that are held back where the caller gives no validation rows of their own."""

_PAIR: Final = 2
_TABLE: Final = 2
_LABELS: Final = "labels"
_SCALE: Final = "scale_inputs"


@dataclass(frozen=True, eq=False)
class Given:
    """What the caller gave: all rows, or the two parts.

    Attributes
    ----------
    train
        Rows to train on, or all of them.
    validation
        Held-back rows; None to hold some back anew for each seed.
    """

    train: LabelledRows
    validation: LabelledRows | None

    def parts(self, seed: int) -> tuple[LabelledRows, LabelledRows]:
        """Return (training, held-back) rows for a seed: the same for every arm."""
        if self.validation is not None:
            return self.train, self.validation
        rng = np.random.default_rng(seed)
        held = np.zeros(self.train.n, bool)
        for of_class in (np.flatnonzero(self.train.positive), np.flatnonzero(~self.train.positive)):
            held[rng.permutation(of_class)[: max(1, round(HELD_BACK * of_class.size))]] = True
        order = rng.permutation(self.train.n)
        return self.train.rows(order[~held[order]]), self.train.rows(np.flatnonzero(held))


def given(data: Any) -> Given:
    """Return checked rows from ``(x, y)`` or ``((x, y), (x_validation, y_validation))``.

    Raises
    ------
    UsageError
        It has another form, labels are not of two values, or a part lacks one of the classes.
    """
    if not isinstance(data, (tuple, list)) or len(data) != _PAIR:
        raise UsageError(
            "data is (x, y), or ((x, y), (x_validation, y_validation)); "
            f"got {type(data).__name__} of length {len(data) if hasattr(data, '__len__') else '?'}."
        )
    if all(isinstance(part, tuple) and len(part) == _PAIR for part in data):
        (x, y), (held_x, held_y) = data
        return Given(labelled(x, y), labelled(held_x, held_y, "y of the validation rows"))
    x, y = data
    return Given(labelled(x, y), None)


def changed_rows(
    train: LabelledRows, validation: LabelledRows, changes: Mapping[str, object], seed: int
) -> tuple[LabelledRows, LabelledRows]:
    """Return both parts as the settings among ``changes`` that concern rows make them."""
    if changes.get(ZERO_INPUTS):
        train, validation = _zeroed(train), _zeroed(validation)
    if changes.get(_SCALE):
        train, validation = _scaled(train, validation)
    if changes.get(_LABELS):
        train, validation = _plain_labels(train), _plain_labels(validation)
    if changes.get(PERMUTE_LABELS):
        order = np.random.default_rng(seed).permutation(train.n)
        train = LabelledRows(train.x, train.y[order], train.positive[order])
    few = changes.get(FEW_ROWS)
    if isinstance(few, int) and few:
        train = _few(train, few, seed)
    return train, validation


def _zeroed(part: LabelledRows) -> LabelledRows:
    return LabelledRows(keras.tree.map_structure(np.zeros_like, part.x), part.y, part.positive)


def _plain_labels(part: LabelledRows) -> LabelledRows:
    flat = part.positive.astype(np.float32)
    one_hot = part.y.ndim > 1 and part.y.shape[-1] == _PAIR
    return LabelledRows(part.x, np.stack([1.0 - flat, flat], axis=1) if one_hot else flat, part.positive)


def _scaled(train: LabelledRows, validation: LabelledRows) -> tuple[LabelledRows, LabelledRows]:
    """Bring every floating-point feature to mean 0 and variance 1 of the training rows."""

    def by(leaf: Any, of_train: Any) -> Any:
        if leaf.dtype.kind != "f" or leaf.ndim < _TABLE:
            return leaf
        rows = tuple(range(leaf.ndim - 1))
        mean, spread = np.nanmean(of_train, axis=rows), np.nanstd(of_train, axis=rows)
        return ((leaf - mean) / np.where(spread > 0.0, spread, 1.0)).astype(leaf.dtype)

    parts = [
        LabelledRows(keras.tree.map_structure(by, part.x, train.x), part.y, part.positive)
        for part in (train, validation)
    ]
    return parts[0], parts[1]


def _few(train: LabelledRows, n_rows: int, seed: int) -> LabelledRows:
    """Repeat a few rows of both classes, so that an epoch has as many steps as it had."""
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for of_class in (np.flatnonzero(train.positive), np.flatnonzero(~train.positive)):
        chosen += rng.permutation(of_class)[: n_rows // 2].tolist()
    return train.rows(np.resize(np.array(chosen), train.n))
