"""Label tables: values seen, share of positives, weights; in NumPy and in TensorFlow's graph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mlflow_bce_monitor.keras import labels

Numbers = list[float]
Array = npt.NDArray[np.float64]


def table(values: Numbers, weights: Numbers | None = None) -> npt.NDArray[np.float64]:
    """Return the table of one batch."""
    return labels.table_of(np.array(values), None if weights is None else np.array(weights))


@pytest.mark.parametrize(
    ("values", "seen", "share"),
    [
        ([0, 1, 1, 0], [0.0, 1.0], 0.5),
        ([-1, 1, 1, 1], [-1.0, 1.0], 0.75),
        ([1, 2, 1, 1], [1.0, 2.0], 0.25),
        ([0, 1, 2, 3], [0.0, 1.0, 2.0, 3.0], 0.75),
        ([1, 1], [1.0], 1.0),
        ([0.0, 0.3, 1.0], [0.0, 1.0, "fraction"], None),
        ([0, 255], [0.0, "other"], None),
        ([-0.5, 1.5], ["other"], None),
        ([0.0, float("nan")], [0.0, "other"], None),
    ],
)
def test_values_and_share(values: Numbers, seen: list[float | str], share: float | None) -> None:
    """Values outside of 0 and 1 are seen as such; of two values the larger is the positive one."""
    found = table(values)
    assert labels.values_seen(found) == seen
    assert labels.positive_share(found) == share


@pytest.mark.parametrize(
    ("weights", "expected", "weighted"),
    [
        (None, (1.0, 1.0), False),
        ([1, 9, 9, 1], (1.0, 9.0), True),
        ([1, 2, 3, 4], None, True),
    ],
)
def test_class_weights(weights: Numbers | None, expected: tuple[float, float] | None, weighted: bool) -> None:  # noqa: FBT001 - a table's column
    """Weights that are the same for each class are class weights; others are sample weights."""
    found = table([0, 1, 1, 0], weights)
    assert labels.class_weights(found) == expected
    assert labels.is_weighted(found) == weighted


@pytest.mark.parametrize(
    ("target", "weight"),
    [
        (np.array([0, 1, 1, 3, -1, 7]), None),
        (np.array([[0.0], [1.0], [0.5]]), np.array([1.0, 2.0, 3.0])),
        (np.array([[0.0, 1.0], [1.0, np.nan]]), np.array([[1.0], [2.0]])),
        (np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (np.array([True, False]), np.array([1.0, 1.0, 1.0])),
    ],
)
def test_the_graph_counts_as_numpy_does(
    target: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> None:
    """The operations in TensorFlow's graph give the same table, whatever the shapes of labels and weights."""
    import tensorflow as tf  # noqa: PLC0415 - slow to load

    from mlflow_bce_monitor.keras.tap_tensorflow import table_in_graph  # noqa: PLC0415 - loads TensorFlow

    given = None if weight is None else tf.constant(weight)
    found = table_in_graph(tf.constant(target), given, second_column=False)
    np.testing.assert_allclose(found.numpy(), labels.table_of(target, weight))
