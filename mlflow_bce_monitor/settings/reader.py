"""Looks a run's settings up under any common name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from mlflow_bce_monitor.model_summary import ModelSummary, parse_model_summary
from mlflow_bce_monitor.records import DatasetInput, RunRecord
from mlflow_bce_monitor.settings.keys import (
    ACTIVATION_KEYS,
    ALPHA_KEYS,
    BARE_ALPHA_KEYS,
    BARE_GAMMA_KEYS,
    BATCH_KEYS,
    BETA_KEYS,
    BOOSTING,
    CLASSES_KEYS,
    DEPTH_KEYS,
    DESIRABLE_KEYS,
    DROPOUT_KEYS,
    EPOCH_KEYS,
    FEATURES_KEYS,
    GAMMA_KEYS,
    HUGGING_FACE,
    INITIALIZER_KEYS,
    KERAS_FIT,
    L2_KEYS,
    LABEL_NAMES_KEYS,
    LOSS_KEYS,
    MULTI_LABEL_KEYS,
    OPTIMIZER_KEYS,
    PARAMETER_KEYS,
    POS_WEIGHT_KEYS,
    PRETRAINED_KEYS,
    RATE_KEYS,
    SAMPLE_WEIGHT_KEYS,
    SCHEDULE_KEYS,
    SHARE_KEYS,
    SMOOTHING_KEYS,
    TASK_KEYS,
    TRAIN_SIZE_KEYS,
    TRAINABLE_KEYS,
    UNDESIRABLE_KEYS,
    UNITS_KEYS,
    VALIDATION_SPLIT_KEYS,
    WEIGHT_0_KEYS,
    WEIGHT_1_KEYS,
    WEIGHT_KEYS,
)
from mlflow_bce_monitor.settings.lookup import Lookup, endings_of
from mlflow_bce_monitor.settings.of_monitor import said_by_the_callback
from mlflow_bce_monitor.settings.setting import ClassWeights, SampleWeights, Setting, Settings
from mlflow_bce_monitor.settings.text import (
    LARGEST_COUNT,
    NUMBER,
    WEIGHT_RANGE,
    is_count,
    is_structured,
    parse_class_weights,
    parse_number,
    split_of,
    structure,
    unquoted,
)

_SUMMARY: Final = "model_summary.txt"

_NOT_THE_USERS: Final = ("mlflow.", "bce.")
"""Beginnings of tags that MLflow and this package set."""

_KERAS_BATCH_SIZE: Final = 32
"""What ``fit`` takes when ``batch_size`` is None, which is what autologging then stores."""

_LARGEST_SMOOTHING: Final = 0.999
"""Label smoothing of 1 makes every label one half: nothing is left to learn or to judge."""

_LARGEST_GAMMA: Final = 20.0
"""Lin et al. 2017 (arXiv:1708.02002) try up to 5; from here on chance is a focal loss below 1e-6."""

_LARGEST_ALPHA: Final = 0.999
"""The weight of the positive class; at 1 the negative class is left out of the loss."""


_OTHER_TASK: Final = re.compile(
    r"(?<!logistic.)\bregress|causal.?lm|\bclm\b|masked.?lm|\bmlm\b|language.?model|text.?generation|seq.?2.?seq|"
    r"summari[sz]|translation|forecast",
    re.IGNORECASE,
)
"""Tasks whose loss is no cross-entropy of yes or no; that of a logistic regression is one."""

_YES_OR_NO: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

_NO_DEFAULT: Final = 3
"""Labels from which the names of the labels tell their number: transformers gives every model two."""


_TELLING: Final = KERAS_FIT | BOOSTING | HUGGING_FACE
"""Params whose names alone say something."""

_NAMES_KEPT: Final = 256
"""Sets of names of params, and of tags: the runs of an experiment share theirs."""

_SETTINGS_KEPT: Final = 512
"""Settings that are kept as read: runs with other seeds, folds and notes say the same about themselves."""


def read_settings(record: RunRecord) -> Settings:
    """Read everything that is known under any common name. Never raises on odd values."""
    return _read(
        tuple((key, record.params[key]) for key in _asked_params(tuple(record.params))),
        tuple((key, record.tags[key]) for key in _asked_tags(tuple(record.tags))),
        tuple(said_by_the_callback(record)),
        _Inputs(
            tuple((one.name, one.context, repr(one.profile)) for one in record.datasets), record.datasets
        ),
        record.model_summary or "",
    )


@lru_cache(maxsize=_NAMES_KEPT)
def _asked_params(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the params that something is read from; most of a run's are none of these."""
    return tuple(key for key in names if endings_of(key) or key in _TELLING)


@lru_cache(maxsize=_NAMES_KEPT)
def _asked_tags(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in names if endings_of(key) and not key.startswith(_NOT_THE_USERS))


@dataclass(frozen=True)
class _Inputs:
    """Data set inputs, equal where all that is read of them is."""

    said: tuple[tuple[str, str | None, str], ...]
    datasets: tuple[DatasetInput, ...] = field(compare=False)


@lru_cache(maxsize=_SETTINGS_KEPT)
def _read(
    params: tuple[tuple[str, str], ...],
    tags: tuple[tuple[str, str], ...],
    of_callback: tuple[tuple[str, str, str], ...],
    inputs: _Inputs,
    model_summary: str,
) -> Settings:
    keys = Lookup()
    for key, value in params:
        keys.add(key, f"params[{key!r}]", unquoted(value))
    for key, value in tags:
        keys.add(key, f"tags[{key!r}]", value)
    # Last: of two keys of one length the first counts, so what a person logged is asked before.
    for key, source, text in of_callback:
        keys.add(key, source, text)
    return _Reader(keys, dict(params), inputs.datasets, parse_model_summary(model_summary)).read()


class _Reader:
    """Looks keys up in the params first, then in the user's tags."""

    def __init__(
        self,
        keys: Lookup,
        params: Mapping[str, str],
        datasets: Sequence[DatasetInput],
        summary: ModelSummary,
    ) -> None:
        self._keys = keys
        self._params = params
        self._datasets = datasets
        self._summary = summary
        self._unreadable: list[str] = []

    def read(self) -> Settings:
        loss = self._text(LOSS_KEYS)
        return Settings(
            loss_name=loss,
            n_classes=self._count(CLASSES_KEYS) or self._named_classes(),
            other_task=self._other_task(),
            pretrained=self._pretrained(),
            positive_share=self._share(None),
            train_positive_share=self._share("train"),
            validation_positive_share=self._share("validation"),
            class_weights=self._class_weights(),
            label_smoothing=self._number(SMOOTHING_KEYS, low=0.0, high=_LARGEST_SMOOTHING),
            focal_gamma=self._focal(BARE_GAMMA_KEYS, GAMMA_KEYS, _LARGEST_GAMMA, loss),
            focal_alpha=self._focal(BARE_ALPHA_KEYS, ALPHA_KEYS, _LARGEST_ALPHA, loss),
            sample_weights=self._sample_weights(),
            multi_label=self._multi_label(),
            desirable_weight=self._number(DESIRABLE_KEYS, low=0.0),
            undesirable_weight=self._number(UNDESIRABLE_KEYS, low=0.0),
            learning_rate=self._number(RATE_KEYS, low=0.0),
            optimizer=self._text(OPTIMIZER_KEYS),
            schedule=self._text(SCHEDULE_KEYS),
            batch_size=self._count(BATCH_KEYS) or self._keras_batch_size(),
            epochs=self._count(EPOCH_KEYS),
            hidden_units=self._hidden_units(),
            l2=self._number(L2_KEYS, low=0.0),
            dropout=self._number(DROPOUT_KEYS, low=0.0, high=1.0),
            n_features=self._count(FEATURES_KEYS) or self._dataset_columns(),
            n_train=self._count(TRAIN_SIZE_KEYS) or self._dataset_rows(),
            n_parameters=(self._count(PARAMETER_KEYS) or self._from_summary(self._summary.n_parameters)),
            n_trainable_parameters=(
                self._count(TRAINABLE_KEYS, at_least=0.0) or self._from_summary(self._summary.n_trainable)
            ),
            n_outputs=self._from_summary(self._summary.output_units),
            depth=self._depth(),
            activation=self._text(ACTIVATION_KEYS),
            initializer=self._text(INITIALIZER_KEYS),
            beta=self._number(BETA_KEYS, low=0.0),
            unreadable=tuple(self._unreadable),
            by_keras_fit=not KERAS_FIT.isdisjoint(self._params),
            by_hugging_face=not HUGGING_FACE.isdisjoint(self._params),
            by_boosting=not BOOSTING.isdisjoint(self._params),
        )

    def _number(
        self, endings: Iterable[str], *, low: float = -math.inf, high: float = math.inf
    ) -> Setting[float] | None:
        for source, text in self._keys.ending_with(endings):
            value = parse_number(text)
            if value is not None and low <= value <= high:
                return Setting(value, source)
            if value is None and not is_structured(text):
                self._unreadable.append(f"{source} is {text[:40]!r}, not a number")
        return None

    def _count(self, endings: Iterable[str], *, at_least: float = 1.0) -> Setting[int] | None:
        found = self._number(endings, low=at_least, high=LARGEST_COUNT)
        return None if found is None else Setting(int(found.value), found.source)

    def _text(self, endings: Iterable[str]) -> Setting[str] | None:
        for source, text in self._keys.ending_with(endings):
            if parse_number(text) is None:
                return Setting(text.strip(), source)
        return None

    def _share(self, split: str | None) -> Setting[float] | None:
        for source, text in self._keys.ending_with(SHARE_KEYS, of_any_split=True):
            mentioned = split_of(source)
            value = parse_number(text)
            if value is None:
                if split is None:
                    self._unreadable.append(f"{source} is {text[:40]!r}, not a number")
                continue
            if mentioned == split and 0.0 < value < 1.0:
                return Setting(value, source)
        if split == "validation":
            return None
        for dataset in self._datasets:
            share = dataset.profile.get("positive_share")
            if isinstance(share, float) and 0.0 < share < 1.0 and split == "train":
                return Setting(share, f"data set input {dataset.name!r}")
        return None

    def _class_weights(self) -> Setting[ClassWeights] | None:
        for source, text in self._keys.ending_with(WEIGHT_KEYS):
            if text.strip().strip("'\"").lower().startswith("balanced"):
                return Setting(ClassWeights(math.nan, math.nan, balanced=True), source)
            pair = parse_class_weights(text)
            if pair is not None:
                return Setting(ClassWeights(*pair), source)
        low, high = WEIGHT_RANGE
        zero = self._number(WEIGHT_0_KEYS, low=low, high=high)
        one = self._number(WEIGHT_1_KEYS, low=low, high=high)
        if zero and one:
            return Setting(ClassWeights(zero.value, one.value), f"{zero.source} and {one.source}")
        for source, text in self._keys.ending_with(POS_WEIGHT_KEYS):
            value = parse_number(text.strip("[]() "))
            if value is None or not low <= value <= high:
                continue
            if "scale_pos_weight" not in source:
                return Setting(ClassWeights(1.0, value, in_validation=True), source)
            # lightgbm starts from the unweighted share and moves away from it: neither level is its own.
            if value != 1.0 and any("binary:" in text for _, text in self._keys.ending_with(LOSS_KEYS)):
                return Setting(ClassWeights(1.0, value, in_training=False), source)
        return None

    def _focal(
        self, bare: Iterable[str], endings: Iterable[str], highest: float, loss: Setting[str] | None
    ) -> Setting[float] | None:
        """Return a setting of the focal loss; a bare ``gamma`` or ``alpha`` counts where the loss is one."""
        found = self._number(endings, low=0.0, high=highest)
        if found is None and loss is not None and "focal" in loss.value.lower():
            found = self._number(bare, low=0.0, high=highest)
        return found

    def _sample_weights(self) -> Setting[SampleWeights] | None:
        """Read the weights that ``fit`` was given: Keras' autologging stores them as NumPy prints them."""
        for source, text in self._keys.ending_with(SAMPLE_WEIGHT_KEYS):
            numbers = NUMBER.findall(text)
            if "[" not in text or not numbers:
                continue
            # Of more than a thousand NumPy prints three at either end; a cut text has no closing bracket.
            whole = "..." not in text and text.rstrip().endswith("]")
            mean = sum(map(float, numbers)) / len(numbers) if whole else math.nan
            low, high = WEIGHT_RANGE
            return Setting(SampleWeights(mean if low <= mean <= high else None), source)
        return None

    def _multi_label(self) -> Setting[str] | None:
        for source, text in self._keys.ending_with(MULTI_LABEL_KEYS):
            said = text.strip().lower()
            names_it = "label" not in source and re.search(r"multi.?label", said)
            if names_it or ("label" in source and said == "true"):
                return Setting(text.strip(), source)
        return None

    def _named_classes(self) -> Setting[int] | None:
        for source, text in self._keys.ending_with(LABEL_NAMES_KEYS):
            named = structure(text)
            if isinstance(named, dict) and len(named) >= _NO_DEFAULT:
                return Setting(len(named), source)
        return None

    def _pretrained(self) -> Setting[bool] | None:
        for source, text in self._keys.ending_with(PRETRAINED_KEYS):
            if text.strip().lower() in _YES_OR_NO:
                return Setting(_YES_OR_NO[text.strip().lower()], source)
        transformers = next((name for name in sorted(HUGGING_FACE) if name in self._params), None)
        return None if transformers is None else Setting(True, f"params[{transformers!r}]")  # noqa: FBT003 - a value

    def _other_task(self) -> Setting[str] | None:
        for source, text in self._keys.ending_with(TASK_KEYS):
            if _OTHER_TASK.search(text):
                return Setting(text.strip(), source)
        return None

    def _hidden_units(self) -> Setting[tuple[int, ...]] | None:
        for source, text in self._keys.ending_with(UNITS_KEYS):
            numbers = [float(number) for number in NUMBER.findall(text)]
            if numbers and all(1 <= number <= LARGEST_COUNT and number.is_integer() for number in numbers):
                return Setting(tuple(int(number) for number in numbers), source)
        units = self._summary.hidden_units
        return Setting(units, _SUMMARY) if units else None

    def _depth(self) -> Setting[int] | None:
        """Layers with weights: those of the summary, or what the params say."""
        weighted = sum(layer.has_units for layer in self._summary.layers)
        if weighted:
            return Setting(weighted, _SUMMARY)
        return self._count(DEPTH_KEYS)

    def _keras_batch_size(self) -> Setting[int] | None:
        if self._params.get("batch_size") != "None":
            return None
        return Setting(_KERAS_BATCH_SIZE, "params['batch_size'] = None, Keras' default")

    def _dataset_shape(self) -> tuple[str, list[object]] | None:
        ordered = sorted(self._datasets, key=lambda dataset: dataset.context not in ("training", "train"))
        for dataset in ordered:
            shape = dataset.profile.get("features_shape", dataset.profile.get("shape"))
            if isinstance(shape, Mapping):
                shape = next(iter(shape.values()), None)
            if isinstance(shape, list) and shape:
                return f"data set input {dataset.name!r}", shape
            rows = dataset.profile.get("num_rows")
            if isinstance(rows, int):
                return f"data set input {dataset.name!r}", [rows]
        return None

    def _dataset_rows(self) -> Setting[int] | None:
        shape = self._dataset_shape()
        if shape is None or not is_count(shape[1][0]):
            return None
        # Keras' validation_split takes its share off the data set that was passed to fit.
        split = self._number(VALIDATION_SPLIT_KEYS, low=0.0, high=1.0)
        if split is None or split.value in (0.0, 1.0):
            return Setting(shape[1][0], shape[0])
        return Setting(round(shape[1][0] * (1.0 - split.value)), f"{shape[0]} less {split.source}")

    def _dataset_columns(self) -> Setting[int] | None:
        shape = self._dataset_shape()
        if shape is None:
            return None
        sizes = [size for size in shape[1][1:] if is_count(size)]
        columns = math.prod(sizes)
        return Setting(columns, shape[0]) if sizes and is_count(columns) else None

    def _from_summary(self, count: int | None) -> Setting[int] | None:
        return None if count is None else Setting(count, _SUMMARY)
