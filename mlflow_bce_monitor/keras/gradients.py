"""The gradient of the loss over captured rows, on each of Keras' backends."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import keras

from mlflow_bce_monitor.keras.forward import as_mapping, loss_of, outputs_of
from mlflow_bce_monitor.keras.rows import Rows
from mlflow_bce_monitor.keras.weights import is_kernel, layer_of, numbers, square


def gradient_norms(model: Any, rows: Rows, state: Sequence[Any] | None) -> dict[str, float]:
    """Return the norm of the gradient of each trainable weight, by its path; 0 where none arrives.

    In inference mode: dropout is off and batch normalisation uses its moving averages, so
    that neither draws a random number. The rows' loss is the one that was compiled, without penalties: those
    pull at every weight, and would hide a layer that the labels' error does not reach.

    Parameters
    ----------
    rows
        With targets.
    state
        Values of ``model.variables`` to take it at; None for the present ones.
    """
    trainable = list(model.trainable_variables)
    if not trainable:
        return {}
    values = dict(zip((id(v) for v in model.variables), _values(model, state), strict=True))
    at = [values[id(variable)] for variable in trainable]
    fixed = [(v, values[id(v)]) for v in model.variables if not any(v is t for t in trainable)]

    def loss_at(point: Sequence[Any]) -> Any:
        mapping = [*fixed, *as_mapping(trainable, point)]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            whole, penalty = loss_of(model, rows, outputs_of(model, rows.x))
            return whole - penalty

    gradients = _BACKENDS[keras.config.backend()](loss_at, at)
    there = [(v.path, g) for v, g in zip(trainable, gradients, strict=True) if g is not None]
    squares = numbers([square(gradient) for _, gradient in there])
    found = {str(variable.path): 0.0 for variable in trainable}
    return found | {path: value**0.5 for (path, _), value in zip(there, squares, strict=True)}


def by_layer(norms: dict[str, float], variables: Sequence[Any]) -> dict[str, float]:
    """Return the norm of the gradient of each layer's kernels, by the layer's path."""
    squares: dict[str, float] = {}
    for variable in variables:
        if is_kernel(variable) and str(variable.path) in norms:
            layer = layer_of(variable)
            squares[layer] = squares.get(layer, 0.0) + norms[str(variable.path)] ** 2
    return {layer: value**0.5 for layer, value in squares.items()}


def _values(model: Any, state: Sequence[Any] | None) -> list[Any]:
    return [variable.value for variable in model.variables] if state is None else list(state)


def _of_tensorflow(loss_at: Callable[[Sequence[Any]], Any], at: Sequence[Any]) -> list[Any]:
    import tensorflow as tf  # noqa: PLC0415 - on this backend only

    point = [tf.convert_to_tensor(value) for value in at]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for value in point:
            tape.watch(value)
        loss = loss_at(point)
    # A lookup's gradient comes as slices.
    return [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(loss, point)]


def _of_jax(loss_at: Callable[[Sequence[Any]], Any], at: Sequence[Any]) -> list[Any]:
    jax = importlib.import_module("jax")
    return list(jax.grad(loss_at)(list(at)))


def _of_torch(loss_at: Callable[[Sequence[Any]], Any], at: Sequence[Any]) -> list[Any]:
    torch = importlib.import_module("torch")
    with torch.enable_grad():
        point = [value.detach().clone().requires_grad_() for value in at]
        return list(torch.autograd.grad(loss_at(point), point, allow_unused=True))


_BACKENDS: dict[str, Callable[[Callable[[Sequence[Any]], Any], Sequence[Any]], list[Any]]] = {
    "tensorflow": _of_tensorflow,
    "jax": _of_jax,
    "torch": _of_torch,
}
