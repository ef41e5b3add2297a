"""What a model gave for the rows: probabilities of the positive label, or class labels only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.targets import BoolArray, Targets, listed

FloatArray = npt.NDArray[np.float64]

_TWO: Final = 2
_ROUNDING: Final = 1e-3
"""Distance of the sum of two probabilities from 1, and of one from 0 or 1, that is rounding."""
_MOST_NAMES: Final = 12


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions.

    Attributes
    ----------
    probabilities
        Shape (n,), of the positive label, NaN where the model gave none; None for class labels.
    said_positive
        Shape (n,), for class labels; None for probabilities.
    words
        What was received, in a clause.
    """

    probabilities: FloatArray | None
    said_positive: BoolArray | None
    words: str


def predictions_of(
    outputs: Any, targets: Targets, column: str | None = None, *, are_probabilities: bool = False
) -> Predictions:
    """Return what a model's outputs say.

    Parameters
    ----------
    outputs
        Shape (n,), (n, 1) or (n, 2): an array, a list, a Series, a DataFrame or a dictionary of columns.
        The second of two unnamed columns belongs to the larger label.
    targets
        Of the same rows.
    column
        Which column to take; None where there is nothing to choose.
    are_probabilities
        Whether it is known that these are no class labels, whatever their values.

    Raises
    ------
    UsageError
        The outputs are neither; the message names what was received.
    """
    names, values = _table(outputs, column)
    if len(values) != targets.n:
        raise UsageError(
            f"The model gave {len(values):,} predictions for {targets.n:,} rows: give one for each."
        )
    if values.shape[1] == _TWO:
        return _of_pairs(names, values, targets)
    if values.shape[1] != 1:
        raise UsageError(
            f"The predictions have shape {values.shape}: a binary cross-entropy takes one probability "
            f"for each row, or two that sum to 1.{_choose(names)}"
        )
    single = values[:, 0]
    numbers = None if _is_yes_or_no(single) else _as_numbers(single)
    if numbers is None or not (are_probabilities or _vary(numbers, targets)):
        return _of_labels(single, targets)
    return Predictions(_probabilities(numbers), None, f"probabilities{_of(names)}")


def _table(outputs: Any, column: str | None) -> tuple[tuple[Any, ...], npt.NDArray[Any]]:
    """Return (column names, () where there are none; values of shape (n, n_columns))."""
    if isinstance(outputs, Mapping):
        outputs = pd.DataFrame({name: list(values) for name, values in outputs.items()})
    elif isinstance(outputs, (list, tuple)) and outputs and isinstance(outputs[0], Mapping):
        outputs = pd.DataFrame(list(outputs))
    if isinstance(outputs, pd.DataFrame):
        if column is not None:
            if column not in outputs.columns:
                raise UsageError(
                    f"The predictions have no column {column!r}; they have {_named(tuple(outputs.columns))}."
                )
            outputs = outputs[[column]]
        return tuple(outputs.columns), outputs.to_numpy()
    values = np.asarray(outputs)
    return (), values.reshape(-1, 1) if values.ndim <= 1 else values


def _named(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(repr(name) for name in names[:_MOST_NAMES]) + more


def _choose(names: tuple[Any, ...]) -> str:
    return f" The columns are {_named(names)}; pass predictions= with the one to take." if names else ""


def _of(names: tuple[Any, ...]) -> str:
    return f" from the column {names[0]!r}" if names and isinstance(names[0], str) else ""


def _of_pairs(names: tuple[Any, ...], values: npt.NDArray[Any], targets: Targets) -> Predictions:
    pairs = _numbers(values)
    finite = np.isfinite(pairs).all(axis=1)
    if not np.allclose(pairs[finite].sum(axis=1), 1.0, atol=_ROUNDING):
        raise UsageError(
            f"The predictions have shape {pairs.shape}, and their rows do not sum to 1: a binary "
            f"cross-entropy takes one probability for each row, or two that sum to 1.{_choose(names)}"
        )
    at = _column_of(names, targets)
    which = f"the column {names[at]!r}" if _is_by_label(names, targets) else f"column {at + 1} of 2"
    return Predictions(_probabilities(pairs[:, at]), None, f"probabilities from {which}")


def _is_by_label(names: tuple[Any, ...], targets: Targets) -> bool:
    """Whether the two columns bear the names of the two labels."""
    return sorted(map(_word, names)) == sorted(map(_word, targets.labels))


def _column_of(names: tuple[Any, ...], targets: Targets) -> int:
    """Return the position of the positive label's column."""
    words = [_word(name) for name in names]
    if _is_by_label(names, targets):
        return words.index(_word(targets.labels[1]))
    negative, positive = targets.labels
    return 0 if isinstance(positive, type(negative)) and positive < negative else 1


def _word(label: Any) -> str:
    """Return a label so that 1, 1.0, "1" and True are compared as one."""
    if isinstance(label, (bool, np.bool_)):
        return str(int(label))
    return f"{label:g}" if isinstance(label, (int, float, np.number)) else str(label)


def _is_yes_or_no(single: npt.NDArray[Any]) -> bool:
    return bool(pd.api.types.is_bool_dtype(pd.Series(single).infer_objects()))


def _vary(numbers: FloatArray, targets: Targets) -> bool:
    """Whether numbers are others than 0 and 1 and the targets' labels, so that they are no class labels."""
    labels = [0.0, 1.0, *(float(label) for label in targets.labels if not isinstance(label, str))]
    finite = numbers[np.isfinite(numbers)]
    return finite.size == 0 or not bool(np.isin(finite, labels).all())


def _of_labels(single: npt.NDArray[Any], targets: Targets) -> Predictions:
    words = pd.Series(single).map(_word)
    known = {_word(label) for label in targets.labels}
    others = sorted(set(words.unique()) - known)
    if others:
        raise UsageError(
            f"The predictions hold {listed(others)}, and the targets {listed(targets.labels)}: "
            "give probabilities, or labels that the targets have."
        )
    said = np.asarray(words == _word(targets.labels[1]), bool)
    return Predictions(None, said, f"class labels ({listed(targets.labels)})")


def _numbers(values: npt.NDArray[Any]) -> FloatArray:
    numbers = _as_numbers(values)
    if numbers is None:
        raise UsageError(
            f"The predictions are no numbers ({values.dtype}, the first is {values.flat[0]!r}): "
            "give probabilities."
        )
    return numbers


def _as_numbers(values: npt.NDArray[Any]) -> FloatArray | None:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return None


def _probabilities(values: FloatArray) -> FloatArray:
    finite = values[np.isfinite(values)]
    if finite.size and (finite.min() < -_ROUNDING or finite.max() > 1.0 + _ROUNDING):
        raise UsageError(
            f"The predictions lie between {finite.min():.3g} and {finite.max():.3g}, "
            "and probabilities between 0 and 1: pass logits through a sigmoid first."
        )
    return np.clip(values, 0.0, 1.0)
