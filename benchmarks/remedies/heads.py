"""What a head of the zoo makes of the numbers in front of its activation: a row's loss, and the output.

Keras with TensorFlow keeps these numbers behind a last activation and computes the loss from them; where a
Reshape stands in between, or an activation is neither sigmoid nor softmax, it takes the output itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from jax import nn
from scipy.special import expit, softmax

from benchmarks.zoo.building import SMOOTHING
from benchmarks.zoo.measurement import CLIP, FOCAL_GAMMA

Array = Any  # JAX arrays and tracers

_FOUND_LOGITS: Final = frozenset({"sigmoid", "logits", "softmax_one_unit"})


def row_losses(head: str, loss: str, scores: Array, labels: Array) -> Array:
    """Return the loss of each row, shape (n_rows,).

    Parameters
    ----------
    head, loss
        As in :class:`benchmarks.zoo.plan.NetworkPlan`.
    scores
        What the output layer gives before its activation, shape (n_rows, units).
    labels
        As coded, shape (n_rows,).
    """
    if head == "softmax2":
        return -jnp.take_along_axis(nn.log_softmax(scores), labels[:, None].astype(jnp.int32), axis=1)[:, 0]
    targets = labels * (1 - SMOOTHING) + SMOOTHING / 2 if loss == "smoothed" else labels
    flat = scores[:, 0]
    if head == "double_sigmoid":
        return _of_logits(nn.sigmoid(flat), targets)
    if head not in _FOUND_LOGITS:
        return _of_outputs(_activated(head, flat), targets)
    plain = _of_logits(flat, targets)
    if loss != "focal":
        return plain
    probability = nn.sigmoid(flat)
    right = labels * probability + (1 - labels) * (1 - probability)
    return (1 - right) ** FOCAL_GAMMA * plain


def outputs_of(head: str, scores: Array) -> Any:
    """Return what the model's ``predict`` gives for these scores."""
    values = np.asarray(scores, dtype=np.float64)
    outputs: dict[str, Callable[[], Any]] = {
        "logits": lambda: values,
        "linear": lambda: values,
        "softmax2": lambda: softmax(values, axis=1),
        "softmax_one_unit": lambda: np.ones_like(values),
        "softmax_one_unit_reshaped": lambda: np.ones_like(values),
        "relu": lambda: np.maximum(values, 0.0),
        "tanh": lambda: np.tanh(values),
    }
    return outputs.get(head, lambda: expit(values))()


def _activated(head: str, scores: Array) -> Array:
    if head == "softmax_one_unit_reshaped":
        return jnp.ones_like(scores)
    activations: dict[str, Callable[[Array], Array]] = {
        "relu": nn.relu,
        "tanh": jnp.tanh,
        "linear": lambda same: same,
    }
    return activations[head](scores)


def _of_logits(scores: Array, targets: Array) -> Array:
    return nn.softplus(scores) - targets * scores


def _of_outputs(outputs: Array, targets: Array) -> Array:
    clipped = jnp.clip(outputs, CLIP, 1 - CLIP)
    return -(targets * jnp.log(clipped) + (1 - targets) * jnp.log1p(-clipped))
