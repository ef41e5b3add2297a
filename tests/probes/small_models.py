"""Small models and rows with one known fault each."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

N_FEATURES = 8


def learnable_rows(seed: int = 0, n: int = 600) -> tuple[Any, Any]:
    """Return rows whose label is whether three standard normal features add up to more than 0."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, N_FEATURES)).astype("float32")
    return x, (x[:, :3].sum(axis=1) > 0).astype("float32")


def network(
    *,
    rate: float = 1e-3,
    hidden: int = 16,
    depth: int = 1,
    activation: str = "relu",
    kernel: Any = "glorot_uniform",
    bias: Any = "zeros",
    loss: Any = "binary_crossentropy",
    output: str = "sigmoid",
    trainable: bool = True,
    l2: float = 0.0,
    n_features: int = N_FEATURES,
) -> Any:
    """Return a compiled network."""
    penalty = keras.regularizers.L2(l2) if l2 else None
    settings = {"kernel_initializer": kernel, "bias_initializer": bias, "kernel_regularizer": penalty}
    layers: list[Any] = [keras.layers.Input((n_features,))]
    layers += [keras.layers.Dense(hidden, activation=activation, **settings) for _ in range(depth)]
    last_kernel = kernel if kernel == "zeros" else "glorot_uniform"
    layers.append(keras.layers.Dense(1, activation=output, kernel_initializer=last_kernel))
    model = keras.Sequential(layers)
    for layer in model.layers:
        layer.trainable = trainable
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return model
