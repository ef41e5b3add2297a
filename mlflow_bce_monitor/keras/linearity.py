"""Whether a model is linear in its inputs up to its output layer, whatever its depth and width."""

from __future__ import annotations

from typing import Any, Final

import keras

from mlflow_bce_monitor.keras import activations
from mlflow_bce_monitor.keras.forward import layers_of, path_of
from mlflow_bce_monitor.keras.heads import output_layers

_PRODUCTS: Final = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.Activation,
)
"""Layers that are linear where their activation is."""

_LINEAR: Final = (
    keras.layers.InputLayer,
    keras.layers.Embedding,  # of the tokens as one-hot vectors
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Permute,
    keras.layers.RepeatVector,
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping1D,
    keras.layers.Cropping2D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.BatchNormalization,  # with its averages, as it predicts
    keras.layers.Rescaling,
    keras.layers.Normalization,
    keras.layers.Add,
    keras.layers.Average,
    keras.layers.Concatenate,
)


_GRAPHS: Final = ("Sequential", "Functional")
"""Classes of models that are their layers; the second has no public name."""


def is_linear(model: Any) -> bool | None:
    """Return whether nothing but the output layer bends; None where a layer or call of one's own may.

    A linear model of any size cannot tell classes apart that differ in how their features go together.
    """
    if not _is_graph(model):
        return None
    inner = [one for one in layers_of(model) if not hasattr(one, "layers")]
    ends = output_layers(model, "")
    kinds = [_bends(layer) for layer in inner if path_of(layer) not in ends]
    if True in kinds:
        return False
    return None if None in kinds else True


def _is_graph(model: Any) -> bool:
    """Whether a model is what its layers are, without operations or code of its own between them."""
    nested = [model, *(one for one in layers_of(model) if hasattr(one, "layers"))]
    return all(
        _is_of_keras(one)
        and type(one).__name__ in _GRAPHS
        and all(isinstance(part, keras.layers.Layer) for part in getattr(one, "operations", ()))
        for one in nested
    )


def _bends(layer: Any) -> bool | None:
    """Whether a layer is not linear, None for a layer that is not Keras' own."""
    if type(layer) in _LINEAR:
        return False
    if type(layer) in _PRODUCTS:
        return activations.activation_of(layer) != activations.LINEAR
    return True if _is_of_keras(layer) else None


def _is_of_keras(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"
