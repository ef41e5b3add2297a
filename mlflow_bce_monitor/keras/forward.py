"""One pass of captured rows through the model, in inference mode and without a trace.

The pass happens in a stateless scope: every Keras variable that a layer assigns (moving
averages, seed generators, metrics) keeps its value. Layers are watched by replacing their ``call``
for the time of the pass, which works for functional, sequential and subclassed models alike.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from mlflow_bce_monitor.keras import activations
from mlflow_bce_monitor.keras.rows import Rows
from mlflow_bce_monitor.keras.weights import is_kernel, is_table, layer_of

Mapping_ = list[tuple[Any, Any]]


@dataclass
class LayerOutputs:
    """What one layer did with the rows: shares of its units, None for what it cannot have."""

    activation: str
    dead: float | None = None
    saturated: float | None = None


@dataclass
class Seen:
    """What was seen while the rows went through.

    Attributes
    ----------
    layers
        By path, in the order of their first call.
    last
        Path of the layer that was called last.
    end
        That layer with what it gave, None before any.
    weights_reached
        Whether a layer that multiplies by weights was called.
    arriving
        (standard deviation, largest absolute value) of what the first of those was given; None for tokens.
    """

    layers: dict[str, LayerOutputs] = field(default_factory=dict)
    last: str = ""
    end: tuple[Any, Any] | None = None
    weights_reached: bool = False
    arriving: tuple[float, float] | None = None


def as_mapping(variables: Sequence[Any], values: Sequence[Any] | None = None) -> Mapping_:
    """Return (variable, value) pairs for a stateless scope; the variables' own values by default."""
    own = [variable.value for variable in variables] if values is None else values
    return list(zip(variables, own, strict=True))


def to_tensors(structure: Any) -> Any:
    """Return arrays as tensors of the backend, text included; None stays."""
    return keras.tree.map_structure(_to_tensor, structure)


def outputs_of(model: Any, x: Any) -> Any:
    """Return the model's outputs in inference mode. Call it within a stateless scope."""
    return model(x, training=False) if _takes_training(model) else model(x)


def loss_of(model: Any, rows: Rows, outputs: Any) -> tuple[Any, Any]:
    """Return (the compiled loss with its penalties, the penalties alone) as scalar tensors."""
    penalties = list(model.losses)
    penalty = (
        keras.ops.sum(keras.ops.stack([keras.ops.cast(p, "float32") for p in penalties]))
        if penalties
        else 0.0
    )
    given: dict[str, Any] = {"x": rows.x, "y": rows.y, "y_pred": outputs, "sample_weight": rows.weights}
    if "training" in inspect.signature(model.compute_loss).parameters:
        given["training"] = False
    return model.compute_loss(**given), penalty


def watched_pass(model: Any, mapping: Mapping_, rows: Rows) -> tuple[Any, float, float, Seen]:
    """Send the rows through and look at every layer.

    Returns
    -------
    outputs
        As the model returns them.
    compiled, penalty
        The loss without penalties, and the penalties, in whatever unit the loss has. NaN without a loss.
    seen
        What the layers did.
    """
    seen = Seen()
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
        with _watching(model, seen):
            outputs = outputs_of(model, rows.x)
        compiled, penalty = float("nan"), 0.0
        if rows.y is not None and getattr(model, "loss", None) is not None:
            whole, extra = loss_of(model, rows, outputs)
            penalty = float(keras.ops.convert_to_numpy(extra))
            compiled = float(keras.ops.convert_to_numpy(whole)) - penalty
    return outputs, compiled, penalty, seen


def layers_of(model: Any) -> list[Any]:
    """Return all layers below a model, nested ones as well, without the model."""
    return list(model._flatten_layers(include_self=False, recursive=True))  # noqa: SLF001 - layers of wrappers have no public list


def normalised_values(model: Any, rows: int) -> int | None:
    """Return the fewest values that a batch normalisation in training takes a mean of; None without any.

    Parameters
    ----------
    rows
        Of a batch.
    """
    counts = []
    for layer in layers_of(model):
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            sizes = _averaged_sizes(layer)
            counts += [] if sizes is None else [rows * math.prod(sizes)]
    return min(counts, default=None)


def _averaged_sizes(layer: Any) -> list[int] | None:
    """Return the sizes of the axes beside rows and features, averaged over too; None if not known."""
    shape = (layer.get_build_config() or {}).get("input_shape")
    if not shape:
        return None
    sizes = [size for at, size in enumerate(shape) if at not in (0, layer.axis % len(shape))]
    return None if None in sizes else sizes


def path_of(layer: Any) -> str:
    """Return a layer's path, with which the paths of its weights begin."""
    return str(getattr(layer, "path", None) or layer.name)


@contextmanager
def _watching(model: Any, seen: Seen) -> Iterator[None]:
    replaced: list[tuple[Any, bool, Any]] = []
    try:
        weighing = _with_kernels(model)
        for layer in layers_of(model):
            weighs = path_of(_owner(layer)) in weighing
            is_looked_at = activations.is_watched(layer) or _may_be_last(layer)
            if not (weighs or is_looked_at):
                continue
            had, own = "call" in layer.__dict__, layer.call
            replaced.append((layer, had, own))
            watched = _watched_call(layer, own, seen, weighs=weighs, is_looked_at=is_looked_at)
            object.__setattr__(layer, "call", watched)
        yield
    finally:
        for layer, had, own in replaced:
            if had:
                object.__setattr__(layer, "call", own)
            else:
                object.__delattr__(layer, "call")


def _watched_call(
    layer: Any, own: Callable[..., Any], seen: Seen, *, weighs: bool, is_looked_at: bool
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if weighs and not seen.weights_reached:
            # Which layer comes first is known when it is called: no list of layers is in that order.
            seen.weights_reached = True
            seen.arriving = _scale(args[0]) if args else None
        outputs = own(*args, **kwargs)
        if is_looked_at:
            _look(layer, outputs, seen)
        return outputs

    # Keras reads the signature when it words an error.
    call.__signature__ = inspect.signature(own)  # type: ignore[attr-defined]
    return call


def _look(layer: Any, outputs: Any, seen: Seen) -> None:
    seen.last, seen.end = path_of(layer), (layer, outputs)
    kind = activations.activation_of(layer)
    known = seen.layers.setdefault(path_of(layer), LayerOutputs(kind))
    if not activations.is_watched(layer) or not _is_concrete(outputs):
        return
    axis = activations.unit_axis(layer, len(outputs.shape))
    if kind in activations.ZERO_BELOW:
        dead = activations.dead_share(outputs, axis)
        # A layer that is used twice is dead where it is dead both times.
        known.dead = dead if known.dead is None else min(dead, known.dead)
    else:
        saturated = activations.saturated_share(outputs, *activations.BOUNDS[kind])
        known.saturated = saturated if known.saturated is None else min(saturated, known.saturated)


def _scale(inputs: Any) -> tuple[float, float] | None:
    if not _is_concrete(inputs) or not keras.backend.is_float_dtype(
        keras.backend.standardize_dtype(inputs.dtype)
    ):
        return None
    wide = keras.ops.cast(inputs, "float32")
    return (
        float(keras.ops.convert_to_numpy(keras.ops.std(wide))),
        float(keras.ops.convert_to_numpy(keras.ops.max(keras.ops.abs(wide)))),
    )


def _is_concrete(tensor: Any) -> bool:
    """Whether a tensor has values: inside loops that the backend compiles it has none."""
    if not hasattr(tensor, "shape") or not hasattr(tensor, "dtype"):
        return False
    try:
        keras.ops.convert_to_numpy(keras.ops.ravel(tensor)[:1])
    except Exception:  # noqa: BLE001 - each backend has its own error for symbolic tensors
        return False
    return True


def _with_kernels(model: Any) -> frozenset[str]:
    """Return the paths of the layers that multiply by weights of their own."""
    # Of all weights at once: a nested layer's list is put together from all below it.
    return frozenset(layer_of(one) for one in model.weights if is_kernel(one) and not is_table(one))


def _owner(layer: Any) -> Any:
    """Return what the weights of a layer belong to: a recurrent layer stands for its cell."""
    return layer.cell if isinstance(layer, keras.layers.RNN) else layer


def _may_be_last(layer: Any) -> bool:
    return hasattr(layer, "activation") or isinstance(layer, keras.layers.Softmax)


def _takes_training(model: Any) -> bool:
    return bool(getattr(model, "_call_has_training_arg", True))


def _to_tensor(leaf: Any) -> Any:
    if leaf is None:
        return None
    if leaf.dtype.kind in "OSU":  # only TensorFlow has tensors of text
        import tensorflow as tf  # noqa: PLC0415 - on no other backend

        return tf.convert_to_tensor(leaf)
    return keras.ops.convert_to_tensor(leaf)
