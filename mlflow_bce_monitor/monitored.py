"""What is measured inside a training: names, units and meanings of the ``bce/...`` metrics and the tag.

The callback (``keras/``) writes by these names, the evidence (``evidence/of_monitor.py``) reads
by them. Neither end knows the other, and this file knows neither Keras nor MLflow.

A model with one output logs ``bce/roc_auc``; a model with several logs ``bce/<output>/roc_auc``
for what belongs to one of them, and ``bce/gradient_norm`` for what belongs to the model.
No name ends in the word "loss": the recogniser of curves would take it for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mlflow_bce_monitor.contract import TAG_MONITOR

PREFIX: Final = "bce/"
TAG: Final = TAG_MONITOR
"""One tag with the words that do not change while training, as compact JSON."""

LONGEST_TAG: Final = 5_000
"""Characters. MLflow stores 8,000; older servers fewer."""

LAYERS_ARTIFACT: Final = "bce_monitor/layers.json"

MOST_HEADS: Final = 8
"""Outputs of one model that are measured; the others are left out."""


@dataclass(frozen=True)
class Measured:
    """One thing that is measured inside a training.

    Attributes
    ----------
    name
        The metric's name without its prefix.
    unit
        "share", "nats", "ratio", "count" or "units of the input".
    meaning
        What it says, in one clause. "The rows" are the captured ones, at most 256 of an epoch.
    of_a_head
        Whether each output has its own.
    """

    name: str
    unit: str
    meaning: str
    of_a_head: bool = False


_OF_HEADS: Final = (
    Measured("positive_share", "share", "share of positives among all labels of the epoch"),
    Measured("output_mean", "share", "mean predicted probability of the rows"),
    Measured("output_sd", "share", "standard deviation of the predicted probabilities of the rows"),
    Measured("near_half", "share", "share of the rows with a prediction within 0.01 of 0.5"),
    Measured("certain", "share", "share of the rows with a prediction within 1e-6 of 0 or 1"),
    Measured("predicted_positives", "share", "share of the rows with a prediction above 0.5"),
    Measured("non_finite_outputs", "share", "share of the outputs that are NaN or infinite"),
    Measured("recomputed", "nats", "cross-entropy of the rows, from predictions and labels in float64"),
    Measured("accuracy", "share", "accuracy on the rows at threshold 0.5"),
    Measured("balanced_accuracy", "share", "mean of the recalls of both classes on the rows"),
    Measured("precision", "share", "precision on the rows at threshold 0.5"),
    Measured("recall", "share", "recall on the rows at threshold 0.5"),
    Measured("roc_auc", "share", "area under the ROC curve on the rows"),
    Measured("pr_auc", "share", "average precision on the rows"),
    Measured("initial_output_sd", "share", "output_sd before the first step"),
    Measured(
        "validation_positive_share", "share", "share of positives among all labels of the first validation"
    ),
    Measured(
        "validation_roc_auc",
        "share",
        "area under the ROC curve on at most 512 held-back rows",
    ),
    Measured("validation_recomputed", "nats", "cross-entropy of those rows, from predictions and labels"),
)

_OF_THE_MODEL: Final = (
    Measured("compiled", "nats", "what the model's own loss function gives for the rows, penalties left out"),
    Measured("penalty", "nats", "what regularisation adds to the loss"),
    Measured("gradient_norm", "ratio", "norm of the gradient of the loss without penalties, all weights"),
    Measured("gradient_ratio", "ratio", "smallest gradient norm of a layer's kernel / the largest"),
    Measured("dead_units", "share", "largest share of units of a hidden layer that are 0 for all rows"),
    Measured(
        "saturated_units",
        "share",
        "largest share of a hidden layer's outputs within a hundredth of its range of a bound",
    ),
    Measured(
        "update_ratio", "ratio", "norm of the epoch's change of the weights / norm of the weights, median"
    ),
    Measured(
        "moved",
        "ratio",
        "norm of all change since the start / norm of those weights, median of the layers",
    ),
    Measured("learning_rate", "ratio", "learning rate in force at the end of the epoch"),
    Measured("trainable_parameters", "count", "weights that training changes"),
    Measured("parameters", "count", "all weights"),
    Measured("batch_rows", "count", "rows of the largest batch seen"),
    Measured(
        "normalised_values",
        "count",
        "fewest values that a batch normalisation averages in training; of one, only its bias is left",
    ),
    Measured("epoch_labels", "count", "labels of an output in the first epoch: its rows, where each has one"),
    Measured("rows", "count", "rows that the measurements of the epoch rest on"),
    Measured("input_mean", "units of the input", "mean of all input values"),
    Measured("input_sd", "units of the input", "standard deviation of all input values"),
    Measured("input_min", "units of the input", "smallest input value"),
    Measured("input_max", "units of the input", "largest input value"),
    Measured("constant_features", "share", "share of the features that are the same for all rows"),
    Measured("non_finite_inputs", "share", "share of the input values that are NaN or infinite"),
    Measured("arriving_sd", "units of the input", "standard deviation of what reaches the first weights"),
    Measured("arriving_max", "units of the input", "largest size of what reaches the first weights"),
    Measured("initial_gradient_norm", "ratio", "gradient_norm before the first step"),
    Measured("initial_gradient_ratio", "ratio", "gradient_ratio before the first step"),
    Measured("initial_dead_units", "share", "dead_units before the first step"),
    Measured("initial_saturated_units", "share", "saturated_units before the first step"),
    Measured("zero_kernels", "share", "share of the kernels that are all zero before the first step"),
    Measured("equal_units", "share", "share of the kernels whose units all start with the same weights"),
    Measured("validation_rows", "count", "rows that the measurements of held-back predictions rest on"),
    Measured(
        "reference_auc",
        "share",
        "area under the ROC curve of a kernel ridge regression on rows that it was not fitted on",
    ),
    Measured(
        "reference_distance",
        "ratio",
        "that area above those with permuted labels, in their standard deviations",
    ),
    Measured(
        "reference_detectable",
        "share",
        "least such area that permuted labels would not have given",
    ),
    Measured("reference_rows", "count", "rows of that test, of the first epoch and of the validation"),
    Measured("overhead", "share", "time taken by the measuring so far / time of the training so far"),
)

MEASURED: Final[dict[str, Measured]] = {
    **{one.name: Measured(one.name, one.unit, one.meaning, of_a_head=True) for one in _OF_HEADS},
    **{one.name: one for one in _OF_THE_MODEL},
}
"""Everything that is measured, by name without prefix."""

_NOT_IN_A_METRIC: Final = re.compile(r"[^\w.\- ]")


def metric_name(name: str, head: str = "") -> str:
    """Return the MLflow name of a measurement, of one output where a head is given.

    Raises
    ------
    KeyError
        When nothing of that name is measured.
    """
    measured = MEASURED[name]
    if head and measured.of_a_head:
        return f"{PREFIX}{_NOT_IN_A_METRIC.sub('_', head)}/{name}"
    return f"{PREFIX}{name}"


# --- the words of the tag -----------------------------------------------------------------

WORDS: Final[dict[str, str]] = {
    "version": "of this package",
    "backend": "Keras' backend and the versions: tensorflow, jax or torch",
    "layers": "number of layers with weights",
    "depth": "number of layers that transform with weights of their own: no normalisation",
    "batch_norm": "whether the model normalises over the batch",
    "linear": "whether nothing but the output layer bends; null where a layer of one's own may",
    "dropout": "the highest dropout rate of a layer, 0 without dropout",
    "hidden_units": "units of the hidden Dense layers, at most 32; empty where the graph is not known",
    "features": "columns of the input where it is one table, null where not",
    "optimizer": "the optimizer's class",
    "steps_per_execution": "batches between two calls from Python",
    "jit_compile": "whether the training step is compiled by XLA",
    "run_eagerly": "whether the training step is not compiled at all",
    "mixed_precision": "the type in which layers compute, where it is not that of the weights",
    "heads": "for each output: its loss, activation, units, labels and class weights",
    "not_measured": "what could not be measured, and why",
}
"""Keys of the tag's JSON object and what they say."""

HEAD_WORDS: Final[dict[str, str]] = {
    "name": "the output's name, empty for a model with one",
    "loss": "the loss function's name",
    "from_logits": "whether the loss function was told that it gets logits",
    "label_smoothing": "as given to the loss function",
    "reduction": "how the loss function makes one number of the rows",
    "activation": "of the output layer; of a layer of one's own what it acts as: sigmoid, linear or unknown",
    "units": "of the output",
    "read_as": "what the loss takes the output for: 'probability' or 'logits'; null where it does not show",
    "labels": "the label values that were seen: numbers, 'fraction' for those between 0 and 1, and 'other'",
    "class_weight": "[w0, w1] where every row of a class has the same weight, null where none has any",
    "sample_weight": "whether rows of one class have different weights",
}
"""Keys of each entry of ``heads``."""


_TAGS_KEPT: Final = 64
"""Tags that are kept as read: each is asked for several times, and the runs of a sweep write the same."""

_NO_WORDS: Final[Mapping[str, Any]] = {}


def words_of(tags: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the object in a run's tag, {} where there is none or where it is something else."""
    text = tags.get(TAG)
    return _NO_WORDS if text is None else _parsed(text)


@lru_cache(maxsize=_TAGS_KEPT)
def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return _NO_WORDS
    return found if isinstance(found, dict) else _NO_WORDS


def heads_of(words: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the tag says of each output, [] where it says nothing that can be read."""
    heads = words.get("heads")
    return [one for one in heads if isinstance(one, dict)] if isinstance(heads, list) else []
