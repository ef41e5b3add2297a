"""What the callback wrote about a training, under the names that people log settings by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlflow_bce_monitor.monitored import TAG, heads_of, metric_name, words_of
from mlflow_bce_monitor.records import RunRecord

_TWO_CLASSES: Final = 2

_WORDS: Final = {
    "optimizer": "optimizer",
    "depth": "depth",
    "dropout": "dropout",
    "hidden_units": "hidden_units",
    "features": "n_features",
}
"""Word of the tag to the name it is read by."""

_COUNTS: Final = {
    "parameters": "total_params",
    "trainable_parameters": "trainable_params",
    "batch_rows": "batch_size",
}
"""Measurement to the name it is read by."""

_RATE: Final = metric_name("learning_rate")
"""Highest in force counts, as for any schedule: one that starts high does its damage early."""

_ROWS: Final = {"epoch_labels": "n_train"}
"""The same, where each row has one label."""


def said_by_the_callback(record: RunRecord) -> Iterator[tuple[str, str, str]]:
    """Yield (key, source, text) of every setting; nothing for a run that was trained without the callback.

    What an output's loss, labels and weights are is told where the model has one output: of several,
    the judged one is not known yet.
    """
    words = words_of(record.tags)
    for word, key in _WORDS.items():
        if words.get(word) not in (None, "", []):
            yield key, f"tag {TAG!r}", str(words[word])
    heads = heads_of(words)
    counts = _COUNTS | (_ROWS if len(heads) == 1 and _has_one_label_a_row(heads[0]) else {})
    if len(heads) == 1:
        yield from ((key, f"tag {TAG!r}", text) for key, text in _of_head(heads[0]))
    for name, key in counts.items():
        history = record.histories.get(metric_name(name))
        if history is not None and history.values.size:
            yield key, f"metric {metric_name(name)!r}", repr(float(history.values[-1]))
    rates = record.histories.get(_RATE)
    if rates is not None and rates.values.size:
        yield "learning_rate", f"metric {_RATE!r}", repr(float(rates.values.max()))


def _has_one_label_a_row(head: Mapping[str, Any]) -> bool:
    """Whether labels are rows: of a one-hot pair the second column is counted."""
    return head.get("units") == 1 or "categorical" in str(head.get("loss"))


def _of_head(head: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if head.get("loss"):
        yield "loss", str(head["loss"])
        if head.get("units") == _TWO_CLASSES:
            yield "num_classes", str(_TWO_CLASSES)
    if head.get("label_smoothing"):
        yield "label_smoothing", str(head["label_smoothing"])
    weights = head.get("class_weight")
    if isinstance(weights, list):
        yield "class_weight", str(weights)
