"""Keras trainings under autologging: one compiled model for both variants of each.

"learning" sees rows that tell the label, "stuck" the same labels beside rows of zeros. The
weights are the same at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

ROWS, FEATURES = 320, 6
EPOCHS, BATCH, RATE = 12, 64, 0.03
LABEL_SHARES = (0.5, 0.3, 0.1, 0.05, 0.5)
EXAMPLE_WEIGHTS = (1.0, 7.0)
"""Two weights of equally many examples: their mean is 4."""
PENALTY = 0.02

_random = np.random.default_rng(7)
ROWS_TOLD = _random.normal(size=(ROWS, FEATURES)).astype("float32")
ROWS_OF_ZEROS = np.zeros_like(ROWS_TOLD)
_score = ROWS_TOLD[:, 0] + ROWS_TOLD[:, 1] + 0.5 * _random.normal(size=ROWS)
YES_OR_NO = (_score > np.median(_score)).astype("float32")
TENTHS = np.digitize(_score, np.quantile(_score, np.arange(0.1, 1.0, 0.1)))
PRICES = (2.0 * ROWS_TOLD[:, 2]).astype("float32")
LABELS = np.stack(
    [ROWS_TOLD[:, i] > np.quantile(ROWS_TOLD[:, i], 1.0 - s) for i, s in enumerate(LABEL_SHARES)], axis=1
).astype("float32")
WEIGHTS = _random.permutation(np.repeat(EXAMPLE_WEIGHTS, ROWS // 2))


def dense(units: int, activation: str, penalty: float = 0.0) -> Any:
    """Return a network with one hidden layer."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    keras.utils.set_random_seed(3)
    start = keras.initializers.RandomNormal(stddev=0.5) if penalty else "glorot_uniform"
    regularizer = keras.regularizers.L2(penalty) if penalty else None
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(16, "relu", kernel_initializer=start, kernel_regularizer=regularizer),
            keras.layers.Dense(units, activation),
        ]
    )


def both(
    model: Any,
    loss: Any,
    labels: Any,
    metrics: Sequence[Any] | dict[str, Any] = ("accuracy",),
    params: dict[str, Any] | None = None,
    rows: dict[str, Any] | None = None,
    **fit: Any,
) -> dict[str, str]:
    """Train one model on rows that tell the labels and, from the same start, on rows of zeros."""
    import keras  # noqa: PLC0415 - as above
    import mlflow  # noqa: PLC0415 - only when something is trained

    metrics = metrics if isinstance(metrics, dict) else list(metrics)
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss=loss, metrics=metrics, jit_compile=False)
    start, runs = model.get_weights(), {}
    mlflow.tensorflow.autolog(log_models=False, checkpoint=False, silent=True)
    try:
        for variant, seen in (rows or {"learning": ROWS_TOLD, "stuck": ROWS_OF_ZEROS}).items():
            model.set_weights(start)
            with mlflow.start_run() as run:
                mlflow.log_params(params or {})
                model.fit(seen, labels, **{"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0, **fit})
            runs[variant] = run.info.run_id
    finally:
        mlflow.tensorflow.autolog(disable=True)
    return runs


def softmax_over_two() -> dict[str, str]:
    """Train two outputs with a softmax, on integer labels."""
    labels = YES_OR_NO.astype("int32")
    return both(dense(2, "softmax"), "sparse_categorical_crossentropy", labels)


def softmax_over_ten() -> dict[str, str]:
    """Train ten outputs with a softmax, on classes of equal size."""
    metrics = ["sparse_categorical_accuracy"]
    return both(dense(10, "softmax"), "sparse_categorical_crossentropy", TENTHS, metrics, epochs=8)


def five_labels() -> dict[str, str]:
    """Train five outputs with a sigmoid each; Keras reads the word accuracy as that of an argmax."""
    return both(dense(5, "sigmoid"), "binary_crossentropy", LABELS, epochs=25)


def smoothed_labels() -> dict[str, str]:
    """Smooth the labels, and log that by hand."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.2)
    return both(dense(1, "sigmoid"), loss, YES_OR_NO, params={"label_smoothing": 0.2})


def focal() -> dict[str, str]:
    """Take Keras' focal loss as it is."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    return both(dense(1, "sigmoid"), keras.losses.BinaryFocalCrossentropy(), YES_OR_NO)


def focal_with_alpha() -> dict[str, str]:
    """Switch the weights of the classes on in Keras' focal loss."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    loss = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True)
    return both(dense(1, "sigmoid"), loss, YES_OR_NO)


def summed() -> dict[str, str]:
    """Sum the loss over the rows of a batch."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    return both(dense(1, "sigmoid"), loss, YES_OR_NO)


def weighted_examples() -> dict[str, str]:
    """Weigh the examples, by 4 on average, which autologging stores as a param."""
    return both(dense(1, "sigmoid"), "binary_crossentropy", YES_OR_NO, sample_weight=WEIGHTS)


def penalised() -> dict[str, str]:
    """Put an L2 penalty on large first weights: Keras logs the sum of both."""
    return both(dense(1, "sigmoid", PENALTY), "binary_crossentropy", YES_OR_NO, epochs=20)


def penalised_beside_plain() -> dict[str, str]:
    """Log the plain cross-entropy as a metric beside the penalised loss."""
    metrics, labels = ["binary_crossentropy"], YES_OR_NO[:, None]
    return both(dense(1, "sigmoid", PENALTY), "binary_crossentropy", labels, metrics, epochs=20)


def two_heads() -> dict[str, str]:
    """Predict a click and a price; only the head of the clicks is ever stuck."""
    import keras  # noqa: PLC0415 - loads TensorFlow

    keras.utils.set_random_seed(3)
    of_click, of_price = keras.Input((FEATURES,), name="a"), keras.Input((FEATURES,), name="b")
    click = keras.layers.Dense(8, "relu")(of_click)
    price = keras.layers.Dense(8, "relu")(of_price)
    outputs = {
        "click": keras.layers.Dense(1, "sigmoid", name="click")(click),
        "price": keras.layers.Dense(1, name="price")(price),
    }
    return both(
        keras.Model({"a": of_click, "b": of_price}, outputs),
        {"click": "binary_crossentropy", "price": "mse"},
        {"click": YES_OR_NO, "price": PRICES},
        {"click": ["accuracy"], "price": ["mae"]},
        rows={
            "learning": {"a": ROWS_TOLD, "b": ROWS_TOLD},
            "stuck": {"a": ROWS_OF_ZEROS, "b": ROWS_TOLD},
        },
        validation_split=0.25,
    )


TRAININGS: dict[str, Callable[[], dict[str, str]]] = {
    f"keras {function.__name__}": function
    for function in (
        softmax_over_two,
        softmax_over_ten,
        five_labels,
        smoothed_labels,
        focal,
        focal_with_alpha,
        summed,
        weighted_examples,
        penalised,
        penalised_beside_plain,
        two_heads,
    )
}
