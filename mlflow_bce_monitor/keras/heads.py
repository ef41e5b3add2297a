"""The outputs of a model: their names, losses and activations, and what their predictions are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor import scores
from mlflow_bce_monitor.keras import activations, labels
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.losses import BINARY, TWO_CLASSES, LossWords, loss_words, losses_of_heads
from mlflow_bce_monitor.monitored import MOST_HEADS

_TWO: Final = 2

_CERTAIN: Final = 1e-6
"""Distance of a prediction from 0 or 1 within which float32 and clipping decide what it costs."""


@dataclass(frozen=True)
class Head:
    """One output.

    Attributes
    ----------
    name
        As Keras names its metrics; "" for a model with one output.
    loss
        What was compiled for it.
    """

    name: str
    loss: LossWords

    @property
    def is_binary(self) -> bool:
        """Whether its predictions are judged as yes or no, as far as the loss says."""
        return self.loss.name in BINARY | TWO_CLASSES


def heads_of(model: Any, outputs: Any) -> list[Head]:
    """Return the outputs, at most eight, in the order of ``keras.tree.flatten``.

    Parameters
    ----------
    outputs
        What the model returns for some rows; only its nesting counts.
    """
    count = len(keras.tree.flatten(outputs))
    names = _names(model, outputs, count)
    losses = losses_of_heads(getattr(model, "loss", None), names)
    return [
        Head("" if count == 1 else name, loss_words(loss))
        for name, loss in zip(names[:MOST_HEADS], losses[:MOST_HEADS], strict=True)
    ]


def has_one_hot_pairs(model: Any) -> bool:
    """Whether targets of two columns are one-hot: the only loss is the categorical one."""
    losses = keras.tree.flatten(getattr(model, "loss", None))
    return bool(losses) and all(loss_words(loss).name == "categorical_crossentropy" for loss in losses)


def output_activations(model: Any, last: str, kinds: Mapping[str, str], count: int) -> list[str]:
    """Return the activation of each output's layer.

    Parameters
    ----------
    last
        Path of the layer that was called last; stands for a subclassed model's output layer.
    kinds
        Layer path to activation.
    """
    ends = keras.tree.flatten(getattr(model, "outputs", None) or [])
    if len(ends) == count:
        return [activations.activation_of(_end_of(end)) for end in ends]
    return [kinds.get(last, activations.LINEAR)] * count


def output_layers(model: Any, last: str) -> set[str]:
    """Return the paths of the layers that give the outputs: they are no hidden ones."""
    from mlflow_bce_monitor.keras.forward import path_of  # noqa: PLC0415 - forward knows no heads

    ends = keras.tree.flatten(getattr(model, "outputs", None) or [])
    return {path_of(_end_of(end)) for end in ends} or {last}


def _certain(p: FloatArray) -> dict[str, float]:
    finite = p[np.isfinite(p)]
    return {"certain": float((np.minimum(finite, 1.0 - finite) < _CERTAIN).mean())} if finite.size else {}


def own_ends(model: Any, seen_last: Any, count: int) -> list[int]:
    """Return the positions of outputs of which the layers do not tell what kind of number they are.

    Parameters
    ----------
    seen_last
        The layer that was called last, None where what it gave is not what the model returned. Stands for
        a subclassed model's output layer.
    """
    ends = keras.tree.flatten(getattr(model, "outputs", None) or [])
    made_by = [_end_of(end) for end in ends] if len(ends) == count else [seen_last] * count
    return [at for at, layer in enumerate(made_by) if layer is None or not activations.is_known(layer)]


def head_scores(
    head: Head, activation: str, output: Any, target: Any, weight: Any, table: FloatArray | None
) -> dict[str, float]:
    """Return what the predictions of one output are worth; {} where they are no answers to yes or no.

    Parameters
    ----------
    activation
        Of the output layer.
    output
        Array of shape (n, ...), as the model returns it.
    target, weight
        Arrays with a row for each of them, or None.
    table
        Label table of the epoch, to tell which labels are positive; None to tell it from the target.
    """
    values = np.asarray(output, np.float64)
    logits = bool(head.loss.from_logits) and activation not in activations.PROBABILITIES
    pairs = head.loss.name in TWO_CLASSES
    if not head.is_binary or (pairs and values.shape[-1] != _TWO):
        finite = np.isfinite(values)
        return {"non_finite_outputs": 1.0 - float(finite.mean())} if values.size else {}
    if pairs:
        p = scores.second_of_two(values.reshape(-1, _TWO), logits=logits)
    else:
        flat = values.reshape(-1)
        p = scores.sigmoid(flat) if logits else flat
    if target is None:
        return scores.scores(p, np.zeros(p.size, bool))
    y = np.asarray(target, np.float64)
    if pairs and head.loss.name == "categorical_crossentropy":
        y = y.reshape(-1, _TWO)[:, 1]
    y = y.reshape(-1)
    if y.size != p.size:
        return {}
    above = labels.positive_above(table if table is not None else labels.table_of(y, None))
    found = {**scores.scores(p, y > above), **_certain(p)}
    spread = labels.spread_weights(weight, (y.size,) if pairs else values.shape)
    w = None if spread is None else spread.reshape(-1)
    exact = values.reshape(-1) if logits and not pairs else p
    entropy = scores.cross_entropy(exact, y, w, logits=logits and not pairs)
    return found if entropy is None else {**found, "recomputed": entropy}


def aligned(structure: Any, outputs: Any) -> list[Any]:
    """Return a leaf of targets or weights for each output, None where there is none.

    One leaf for several outputs stands for all of them.
    """
    count = len(keras.tree.flatten(outputs))
    if isinstance(structure, Mapping) and isinstance(outputs, Mapping):
        return [structure.get(name) for name in sorted(outputs)]
    leaves = keras.tree.flatten(structure)
    return (
        leaves if len(leaves) == count else (leaves * count)[:count] if len(leaves) == 1 else [None] * count
    )


def _names(model: Any, outputs: Any, count: int) -> list[str]:
    if isinstance(outputs, Mapping) and all(not keras.tree.is_nested(value) for value in outputs.values()):
        return sorted(outputs)
    given: Sequence[str] = getattr(model, "output_names", None) or ()
    return list(given) if len(given) == count else [f"output_{at + 1}" for at in range(count)]


def _end_of(end: Any) -> Any:
    """Return the layer that makes a symbolic output, inside nested models and before mere reshaping."""
    layer, node, at = end._keras_history  # noqa: SLF001 - Keras has no public way from a tensor to its layer
    before = layer._inbound_nodes[node].input_tensors if activations.is_reshaping(layer) else ()  # noqa: SLF001
    if before:
        return _end_of(next(iter(before)))
    inner = keras.tree.flatten(getattr(layer, "outputs", None) or [])
    is_model = isinstance(layer, keras.Model)
    return _end_of(inner[at]) if is_model and at < len(inner) else layer
