"""Facts that were measured inside the training, from its ``bce/...`` metrics and the tag ``bce.monitor``.

Each has the measurement's own name with ``inside_`` before it, so that a rule sees at a glance
which of its facts need the callback. Of a model with several outputs, the facts are those
of the output whose loss is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.names import core
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Fact, FactValue
from mlflow_bce_monitor.evidence.of_predictions import ABOVE_CHANCE, AT_CHANCE, UNCLEAR
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.monitored import MEASURED, PREFIX, TAG, Measured, heads_of, words_of
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.scores import auc_error

INSIDE: Final = "inside_"

_WORDS: Final[dict[str, tuple[str, type]]] = {
    "loss": ("loss", str),
    "from_logits": ("from_logits", bool),
    "label_smoothing": ("label_smoothing", float),
    "activation": ("activation", str),
    "units": ("units", int),
    "read_as": ("read_as", str),
    "sample_weight": ("sample_weight", bool),
}
"""Fact name without its prefix to (key of a head in the tag, type)."""

_RECOMPUTED: Final = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
_MEAN: Final = "sum_over_batch_size"
"""Losses, and Keras' word for their mean, that can be told from predictions and labels alone."""

_STORED_INFINITY: Final = 1e308
"""SQL stores give infinities back as 1.797e308; comparing with NaN is false as well."""


INSIDE_FACTS: Final = tuple(name for name in CATALOGUE if name.startswith(INSIDE))
"""What :func:`monitored` finds."""


def monitored(record: RunRecord, judged: str) -> Iterator[Fact]:
    """Yield what the callback measured; nothing for a run that was trained without it.

    Parameters
    ----------
    record
        The run.
    judged
        Name of the judged loss, which tells the output of a model with several.
    """
    tag = words_of(record.tags)
    if not tag and not any(name.startswith(PREFIX) for name in record.histories):
        return  # trained without it
    head = _head_of(record, judged)
    found = dict(_last_values(record, head))
    for name, (value, metric) in found.items():
        yield Fact(INSIDE + name, value, f"metric {metric!r}, last value", Tier.MONITOR)
    yield from _first_penalty(record)
    if "gradient_norm" in found and "dead_units" not in found and tag.get("linear") is not None:
        # Every layer is Keras' own and was looked at: none of them ends in a ReLU.
        yield Fact(
            f"{INSIDE}dead_units", 0.0, f"tag {TAG!r}: no layer has units that can be dead", Tier.MONITOR
        )
    if "rows" in found and 0.0 < found.get("positive_share", (0.0,))[0] < 1.0:
        (rows, of_rows), (share, of_share) = found["rows"], found["positive_share"]
        source = f"metrics {of_rows!r} and {of_share!r}, last values"
        yield Fact(f"{INSIDE}auc_error", auc_error(rows, share), source, Tier.MONITOR)
    if "compiled" in found and "recomputed" in found and not head and _is_plain(tag):
        gap = found["compiled"][0] - found["recomputed"][0]
        source = f"metrics {found['compiled'][1]!r} and {found['recomputed'][1]!r}, last values"
        yield Fact(f"{INSIDE}compiled_gap", gap, source, Tier.MONITOR)
    yield from _words(tag, head)


def _first_penalty(record: RunRecord) -> Iterator[Fact]:
    metric = _metric(MEASURED["penalty"], "")
    history = record.histories.get(metric)
    value = None if history is None else _first_finite(history.values.tolist())
    if value is not None:
        yield Fact(f"{INSIDE}first_penalty", value, f"metric {metric!r}, first value", Tier.MONITOR)


def held_back_ranking(record: RunRecord, judged: str, limits: Limits) -> Iterator[Fact]:
    """Yield what the AUC on the held-back rows that the callback saw says, as the logged one would."""
    found = dict(_last_values(record, _head_of(record, judged)))
    names = ("validation_roc_auc", "validation_rows", "validation_positive_share")
    if any(name not in found for name in names):
        return
    (area, metric), (rows, _), (share, _) = (found[name] for name in names)
    if not 0.0 < share < 1.0:
        return
    error = auc_error(rows, share)
    high, low = 0.5 + limits.error_sigmas * error, 0.5 + limits.auc_errors * error
    word = ABOVE_CHANCE if area >= high else UNCLEAR if area >= low else AT_CHANCE
    yield Fact("ranking", word, f"metric {metric!r}", Tier.MONITOR)


def _is_plain(tag: Mapping[str, Any]) -> bool:
    """Whether the only loss is the mean of the labels' cross-entropy, which is what is recomputed."""
    said = heads_of(tag)
    return (
        len(said) == 1
        and said[0].get("loss") in _RECOMPUTED
        and not said[0].get("label_smoothing")
        and said[0].get("reduction", _MEAN) == _MEAN
    )


def _last_values(record: RunRecord, head: str) -> Iterator[tuple[str, tuple[float, str]]]:
    """Yield (name, (last finite value, metric)) of every measurement, of one output of several."""
    for name, measured in MEASURED.items():
        metric = _metric(measured, head)
        history = record.histories.get(metric)
        if history is None:
            continue
        last = _first_finite(reversed(history.values.tolist()))
        if last is not None:
            yield name, (last, metric)


def _first_finite(values: Iterable[float]) -> float | None:
    return next((value for value in values if abs(value) < _STORED_INFINITY), None)


def _metric(measured: Measured, head: str) -> str:
    return f"{PREFIX}{head}/{measured.name}" if head and measured.of_a_head else f"{PREFIX}{measured.name}"


def _head_of(record: RunRecord, judged: str) -> str:
    """Return the output that the judged loss belongs to, "" for a model with one.

    Keras calls the loss of the output "click" ``click_loss``. The measured outputs are those
    between the slashes of ``bce/click/roc_auc``.
    """
    names = {
        name.removeprefix(PREFIX).rpartition("/")[0]
        for name in record.histories
        if name.startswith(PREFIX) and name.rpartition("/")[2] in MEASURED
    } - {""}
    quantity = core(judged)[0]
    return next((name for name in sorted(names) if quantity == core(f"{name} loss")[0]), "")


def _words(tag: Mapping[str, Any], head: str) -> Iterator[Fact]:
    source = f"tag {TAG!r}"
    for key in ("batch_norm", "layers", "linear", "dropout"):
        value = tag.get(key)
        if isinstance(value, (bool, int, float)):
            yield Fact(INSIDE + key, value, source, Tier.MONITOR)
    said = heads_of(tag)
    chosen = next((one for one in said if one.get("name") == head), said[0] if len(said) == 1 else {})
    for name, (key, kind) in _WORDS.items():
        value = _typed(chosen.get(key), kind)
        if value is not None:
            yield Fact(INSIDE + name, value, source, Tier.MONITOR)
    labels = chosen.get("labels")
    if isinstance(labels, list) and labels:
        yield Fact(f"{INSIDE}labels", " ".join(_label(one) for one in labels), source, Tier.MONITOR)
    weights = chosen.get("class_weight")
    if isinstance(weights, list) and len(weights) == 2 and all(_is_number(one) for one in weights):  # noqa: PLR2004 - two classes
        for name, weight in zip(("negative_weight", "positive_weight"), weights, strict=True):
            yield Fact(INSIDE + name, float(weight), source, Tier.MONITOR)


def _typed(value: Any, kind: type) -> FactValue | None:
    if kind is float:
        return float(value) if _is_number(value) else None
    if kind is int:
        return int(value) if _is_number(value) else None
    return value if isinstance(value, kind) and isinstance(value, (bool, str)) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _label(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else str(value)
