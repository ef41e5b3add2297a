"""Trainings that take a moment, one for each way in which data reach a Keras model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

FEATURES = 4
ROWS = 48
EPOCHS = 2
BATCH = 16
SHORT: Any = {"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0}

Fit = Callable[[Sequence[Any]], Any]
"""Trains with some callbacks and returns the model."""


def rows(n: int = ROWS, seed: int = 0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return features and learnable labels."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, FEATURES)).astype("float32")
    return x, (x[:, 0] > 0).astype("float32")


def network(*, activation: str = "sigmoid", hidden: str = "relu", units: int = 6) -> Any:
    """Return a network with dropout and batch normalisation, which draw numbers and keep averages."""
    return keras.Sequential(
        [
            keras.layers.Input((FEATURES,)),
            keras.layers.Dense(units, activation=hidden),
            keras.layers.Dropout(0.3),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1, activation=activation),
        ]
    )


def seeded_network(**compiled: Any) -> Any:
    """Return a compiled network; the seed is the same each time."""
    keras.utils.set_random_seed(5)
    model = network()
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy", "metrics": ["accuracy"], **compiled})
    return model


def arrays(callbacks: Sequence[Any]) -> Any:
    """Train on arrays, with validation data split off, by an optimizer with a state of its own."""
    model = seeded_network(optimizer="adam")
    model.fit(*rows(), epochs=EPOCHS, batch_size=BATCH, validation_split=0.25, verbose=0, callbacks=callbacks)
    return model


def tf_data(callbacks: Sequence[Any]) -> Any:
    """Train on a data set that is shuffled anew in each epoch."""
    import tensorflow as tf  # noqa: PLC0415 - the other backends have none

    model = seeded_network()
    data = tf.data.Dataset.from_tensor_slices(rows()).shuffle(ROWS, seed=1).batch(BATCH)
    model.fit(data, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def generator(callbacks: Sequence[Any]) -> Any:
    """Train on a generator, which can be read once."""
    model = seeded_network()
    random = np.random.default_rng(3)

    def batches() -> Iterator[Any]:
        x, y = rows()
        while True:
            some = random.choice(ROWS, BATCH)
            yield x[some], y[some]

    model.fit(batches(), steps_per_epoch=3, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def dict_inputs(callbacks: Sequence[Any]) -> Any:
    """Train on two named inputs."""
    keras.utils.set_random_seed(5)
    first, second = keras.Input((2,), name="first"), keras.Input((2,), name="second")
    joined = keras.layers.Dense(5, activation="relu")(keras.layers.Concatenate()([first, second]))
    model = keras.Model(
        {"first": first, "second": second}, keras.layers.Dense(1, activation="sigmoid")(joined)
    )
    model.compile("sgd", "binary_crossentropy")
    x, y = rows()
    model.fit(
        {"first": x[:, :2], "second": x[:, 2:]},
        y,
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        callbacks=callbacks,
    )
    return model


def two_outputs(callbacks: Sequence[Any]) -> Any:
    """Train on two targets, one of them as logits, both with a loss of their own."""
    keras.utils.set_random_seed(5)
    entrance = keras.Input((FEATURES,))
    body = keras.layers.Dense(5, activation="tanh")(entrance)
    click = keras.layers.Dense(1, activation="sigmoid", name="click")(body)
    buy = keras.layers.Dense(1, name="buy")(body)
    model = keras.Model(entrance, [click, buy])
    losses = ["binary_crossentropy", keras.losses.BinaryCrossentropy(from_logits=True)]
    model.compile("sgd", losses, metrics=[["accuracy"], ["accuracy"]])
    x, y = rows()
    bought = (x[:, 1] > 1).astype("float32")
    model.fit(x, [y, bought], **SHORT, callbacks=callbacks)
    return model


def sample_weights(callbacks: Sequence[Any]) -> Any:
    """Train with a weight for each row."""
    model = seeded_network()
    weights = np.linspace(0.5, 2.0, ROWS).astype("float32")
    model.fit(*rows(), sample_weight=weights, **SHORT, callbacks=callbacks)
    return model


def class_weights(callbacks: Sequence[Any]) -> Any:
    """Train with a weight for each class."""
    model = seeded_network()
    model.fit(
        *rows(),
        class_weight={0: 1.0, 1: 4.0},
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        callbacks=callbacks,
    )
    return model


def mixed_precision(callbacks: Sequence[Any]) -> Any:
    """Train with layers that compute in float16, and a scaled loss."""
    keras.utils.set_random_seed(5)
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    layers = [
        keras.layers.Input((FEATURES,)),
        keras.layers.Dense(6, activation="relu", dtype=policy),
        keras.layers.Dense(1, activation="sigmoid", dtype="float32"),
    ]
    model = keras.Sequential(layers)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
    model.compile(scaled, "binary_crossentropy")
    model.fit(*rows(), **SHORT, callbacks=callbacks)
    return model


def compiled_by_xla(callbacks: Sequence[Any]) -> Any:
    """Train a step that XLA compiles, with a smaller last batch; without dropout, which takes XLA long."""
    keras.utils.set_random_seed(5)
    end = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.layers.Input((FEATURES,)), keras.layers.Dense(4, activation="relu"), end])
    model.compile("sgd", "binary_crossentropy", jit_compile=True)
    model.fit(*rows(40), **SHORT, callbacks=callbacks)
    return model


def _with(**compiled: Any) -> Fit:
    def train(callbacks: Sequence[Any]) -> Any:
        model = seeded_network(**compiled)
        model.fit(*rows(40), **SHORT, callbacks=callbacks)
        return model

    return train


class OwnStep(keras.Model):  # type: ignore[misc]
    """A subclassed model with a training step of its own, which draws a random number without a seed."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(6, activation="relu")
        self.end = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs: Any) -> Any:
        """Return probabilities."""
        return self.end(self.hidden(inputs))

    def train_step(self, data: Any) -> Any:
        """Train on inputs with noise."""
        import tensorflow as tf  # noqa: PLC0415 - the step is TensorFlow's

        x, y = data[0], data[1]
        with tf.GradientTape() as tape:
            noisy = x + 0.01 * tf.random.normal(tf.shape(x))
            loss = self.compute_loss(x=x, y=y, y_pred=self(noisy))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return {"loss": loss}


def own_step(callbacks: Sequence[Any]) -> Any:
    """Train a subclassed model with its own step; it is built by its first batch."""
    keras.utils.set_random_seed(5)
    model = OwnStep()
    model.compile("sgd", "binary_crossentropy")
    model.fit(*rows(), **SHORT, callbacks=callbacks)
    return model


def second_fit(callbacks: Sequence[Any]) -> Any:
    """Train twice with the same callbacks, once without, and once more compiled anew."""
    model = seeded_network()
    for given in (callbacks, callbacks, []):
        model.fit(*rows(), epochs=EPOCHS, batch_size=BATCH, verbose=0, callbacks=given)
    model.compile("sgd", "binary_crossentropy")
    model.fit(*rows(), **SHORT, callbacks=callbacks)
    return model


def by_hand(callbacks: Sequence[Any]) -> Any:
    """Train batch by batch, calling the hooks as Keras' documentation says."""
    model = seeded_network()
    x, y = rows()
    hooks = keras.callbacks.CallbackList(callbacks, model=model, epochs=EPOCHS)
    hooks.on_train_begin()
    for epoch in range(EPOCHS):
        hooks.on_epoch_begin(epoch)
        logs = {}
        for at in range(0, ROWS, BATCH):
            logs = model.train_on_batch(x[at : at + BATCH], y[at : at + BATCH], return_dict=True)
        hooks.on_epoch_end(epoch, logs)
    hooks.on_train_end()
    return model


EVERYWHERE: dict[str, Fit] = {
    "arrays": arrays,
    "generator": generator,
    "dict_inputs": dict_inputs,
    "two_outputs": two_outputs,
    "sample_weights": sample_weights,
    "class_weights": class_weights,
    "second_fit": second_fit,
    "by_hand": by_hand,
    "run_eagerly": _with(run_eagerly=True),
}
"""Trainings that every backend can do."""

ON_TENSORFLOW: dict[str, Fit] = {
    **EVERYWHERE,
    "tf_data": tf_data,
    "mixed_precision": mixed_precision,
    "jit_compile": compiled_by_xla,
    "steps_per_execution": _with(steps_per_execution=2),
    "own_step": own_step,
}
