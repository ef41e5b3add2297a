"""run -> settings: what the params, tags and data set inputs of a run say, under any common name.

Every setting is optional and remembers the key it came from. A param that should be a
number and is text becomes an entry of :attr:`Settings.unreadable`, never an error.
"""

from __future__ import annotations

import ast
import json
import math
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeGuard, TypeVar

from mlflow_bce_monitor.model_summary import ModelSummary, parse_model_summary
from mlflow_bce_monitor.records import RunRecord

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A value and the key it was read from, such as ``params['opt_learning_rate']``."""

    value: T
    source: str


@dataclass(frozen=True)
class ClassWeights:
    """Weights of the two classes in the loss.

    Attributes
    ----------
    negative, positive
        w0 and w1, positive numbers; both NaN when only "balanced" was said.
    balanced
        Whether they were chosen to balance the classes, whatever their shares.
    in_validation
        Whether the validation loss is weighted as well: Keras' ``class_weight`` is not
        applied to validation data, a PyTorch criterion with ``pos_weight`` usually is.
    in_training
        Whether the *logged* training loss is weighted: xgboost's ``scale_pos_weight`` moves
        what is predicted, and leaves the log loss that it reports alone.
    """

    negative: float
    positive: float
    balanced: bool = False
    in_validation: bool = False
    in_training: bool = True


@dataclass(frozen=True)
class SampleWeights:
    """Weights of the training examples in the loss.

    Attributes
    ----------
    mean
        Their mean; None when the run does not list them all.
    """

    mean: float | None


@dataclass(frozen=True)
class Settings:
    """What a run says about itself; None where it says nothing."""

    loss_name: Setting[str] | None = None
    n_classes: Setting[int] | None = None
    positive_share: Setting[float] | None = None
    train_positive_share: Setting[float] | None = None
    validation_positive_share: Setting[float] | None = None
    class_weights: Setting[ClassWeights] | None = None
    label_smoothing: Setting[float] | None = None
    focal_gamma: Setting[float] | None = None
    focal_alpha: Setting[float] | None = None
    sample_weights: Setting[SampleWeights] | None = None
    multi_label: Setting[str] | None = None
    desirable_weight: Setting[float] | None = None
    undesirable_weight: Setting[float] | None = None
    learning_rate: Setting[float] | None = None
    optimizer: Setting[str] | None = None
    schedule: Setting[str] | None = None
    batch_size: Setting[int] | None = None
    epochs: Setting[int] | None = None
    hidden_units: Setting[tuple[int, ...]] | None = None
    l2: Setting[float] | None = None
    dropout: Setting[float] | None = None
    n_features: Setting[int] | None = None
    n_train: Setting[int] | None = None
    n_parameters: Setting[int] | None = None
    n_trainable_parameters: Setting[int] | None = None
    n_outputs: Setting[int] | None = None
    depth: Setting[int] | None = None
    activation: Setting[str] | None = None
    initializer: Setting[str] | None = None
    beta: Setting[float] | None = None
    unreadable: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)


# Key endings, most telling first. A key matches when its words end with the words given.
_LOSS_KEYS: Final = ("loss fn", "loss function", "loss name", "loss type", "criterion", "objective", "loss")
_CLASSES_KEYS: Final = ("num classes", "n classes", "num labels", "n labels", "num class")
_SHARE_KEYS: Final = (
    "positive share",
    "share of positives",
    "positive rate",
    "positive fraction",
    "positive ratio",
    "positive proportion",
    "pos share",
    "pos rate",
    "pos fraction",
    "pos frac",
    "pos ratio",
    "base rate",
    "prevalence",
    "minority share",
    "minority fraction",
    "event rate",
)
_WEIGHT_KEYS: Final = ("class weight", "class weights", "loss weights", "weights per class")
_POS_WEIGHT_KEYS: Final = ("pos weight", "positive weight", "scale pos weight")
_RATE_KEYS: Final = (
    "learning rate",
    "lr",
    "initial learning rate",
    "initial lr",
    "learning rate init",
    "base lr",
    "max lr",
    "eta",
    "alpha lr",
)
_OPTIMIZER_KEYS: Final = ("optimizer name", "opt name", "optimizer", "optim", "optimiser", "opt")
_SCHEDULE_KEYS: Final = (
    "schedule",
    "lr schedule",
    "lr scheduler type",
    "lr scheduler",
    "scheduler",
    "learning rate schedule",
)
_BATCH_KEYS: Final = ("batch size", "train batch size", "bs", "per device train batch size", "batchsize")
_EPOCH_KEYS: Final = ("epochs", "num epochs", "n epochs", "num train epochs", "max epochs", "num boost round")
_UNITS_KEYS: Final = (
    "hidden units",
    "hidden layer sizes",
    "hidden layers",
    "hidden sizes",
    "hidden size",
    "hidden dim",
    "hidden dims",
    "n hidden",
    "num hidden",
    "layer sizes",
    "units",
    "width",
    "neurons",
)
_L2_KEYS: Final = (
    "l2",
    "weight decay",
    "l2 penalty",
    "l2 lambda",
    "kernel regularizer",
    "reg lambda",
    "l2 reg",
)
_DROPOUT_KEYS: Final = ("dropout", "dropout rate", "drop rate", "p dropout")
_FEATURES_KEYS: Final = ("n features", "num features", "features", "input dim", "input size", "n inputs")
_TRAIN_SIZE_KEYS: Final = (
    "n train",
    "num train",
    "train size",
    "n samples",
    "num samples",
    "n examples",
    "num examples",
)
_PARAMETER_KEYS: Final = ("total params", "n params", "num params", "num parameters", "total parameters")
_TRAINABLE_KEYS: Final = ("trainable params", "trainable parameters", "num trainable parameters")
_SMOOTHING_KEYS: Final = ("label smoothing", "label smoothing factor", "smoothing")
_GAMMA_KEYS: Final = ("focal gamma", "gamma focal")
_ALPHA_KEYS: Final = ("focal alpha", "alpha focal")
_SAMPLE_WEIGHT_KEYS: Final = ("sample weight", "sample weights")
_MULTI_LABEL_KEYS: Final = ("problem type", "multi label", "multilabel", "task type", "task")
_ACTIVATION_KEYS: Final = (
    "activation",
    "hidden activation",
    "activation fn",
    "activation function",
    "nonlinearity",
)
_INITIALIZER_KEYS: Final = ("kernel initializer", "initializer", "initialization", "weight init", "init")
_DEPTH_KEYS: Final = ("depth", "num layers", "n layers", "num hidden layers", "n hidden layers")
_BETA_KEYS: Final = ("beta", "dpo beta")

_HELD_BACK_WORDS: Final = frozenset({"val", "valid", "validation", "eval", "test"})

_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SUMMARY: Final = "model_summary.txt"
_KERAS_BATCH_SIZE: Final = 32
"""What ``fit`` takes when ``batch_size`` is None, which is what autologging then stores."""
_PAIR: Final = 2

_LARGEST_COUNT: Final = 1e15
"""No data set has more rows and no model more weights; a larger number was not meant as a count."""

_WEIGHT_RANGE: Final = (1e-6, 1e6)
"""Class weights outside of this leave one class out of the loss; their chance level has no digits left."""

_LARGEST_SMOOTHING: Final = 0.999
"""Label smoothing of 1 makes every label one half: nothing is left to learn or to judge."""

_LARGEST_GAMMA: Final = 20.0
"""Lin et al. 2017 (arXiv:1708.02002) try up to 5; from here on chance is a focal loss below 1e-6."""

_LARGEST_ALPHA: Final = 0.999
"""The weight of the positive class; at 1 the negative class is left out of the loss."""


def read_settings(record: RunRecord) -> Settings:
    """Read everything that is known under any common name. Never raises on odd values."""
    return _Reader(record).read()


class _Reader:
    """Looks keys up in the params first, then in the user's tags."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._summary: ModelSummary = parse_model_summary(record.model_summary or "")
        self._unreadable: list[str] = []
        self._keys: list[tuple[tuple[str, ...], str, str]] = [
            (_key_words(key), f"params[{key!r}]", _unquoted(value)) for key, value in record.params.items()
        ]
        self._keys += [
            (_key_words(key), f"tags[{key!r}]", value)
            for key, value in record.tags.items()
            if not key.startswith("mlflow.")
        ]

    def read(self) -> Settings:
        loss = self._text(_LOSS_KEYS)
        return Settings(
            loss_name=loss,
            n_classes=self._count(_CLASSES_KEYS),
            positive_share=self._share(None),
            train_positive_share=self._share("train"),
            validation_positive_share=self._share("validation"),
            class_weights=self._class_weights(),
            label_smoothing=self._number(_SMOOTHING_KEYS, low=0.0, high=_LARGEST_SMOOTHING),
            focal_gamma=self._focal("gamma", _GAMMA_KEYS, _LARGEST_GAMMA, loss),
            focal_alpha=self._focal("alpha", _ALPHA_KEYS, _LARGEST_ALPHA, loss),
            sample_weights=self._sample_weights(),
            multi_label=self._multi_label(),
            desirable_weight=self._number(("desirable weight",), low=0.0),
            undesirable_weight=self._number(("undesirable weight",), low=0.0),
            learning_rate=self._number(_RATE_KEYS, low=0.0),
            optimizer=self._text(_OPTIMIZER_KEYS),
            schedule=self._text(_SCHEDULE_KEYS),
            batch_size=self._count(_BATCH_KEYS) or self._keras_batch_size(),
            epochs=self._count(_EPOCH_KEYS),
            hidden_units=self._hidden_units(),
            l2=self._number(_L2_KEYS, low=0.0),
            dropout=self._number(_DROPOUT_KEYS, low=0.0, high=1.0),
            n_features=self._count(_FEATURES_KEYS) or self._dataset_columns(),
            n_train=self._count(_TRAIN_SIZE_KEYS) or self._dataset_rows(),
            n_parameters=(self._count(_PARAMETER_KEYS) or self._from_summary(self._summary.n_parameters)),
            n_trainable_parameters=(
                self._count(_TRAINABLE_KEYS, at_least=0.0) or self._from_summary(self._summary.n_trainable)
            ),
            n_outputs=self._from_summary(self._summary.output_units),
            depth=self._depth(),
            activation=self._text(_ACTIVATION_KEYS),
            initializer=self._text(_INITIALIZER_KEYS),
            beta=self._number(_BETA_KEYS, low=0.0),
            unreadable=tuple(self._unreadable),
            given=dict(self._record.params),
        )

    def _matches(self, endings: Iterable[str], *, of_any_split: bool = False) -> Iterable[tuple[str, str]]:
        """Yield (source, text) of the keys that end with one of the word sequences, best ending first.

        Keys of held-back data (``per_device_eval_batch_size``) are left out unless they are
        asked for: the settings are those of training.
        """
        for ending in endings:
            wanted = tuple(ending.split())
            found = [
                (len(key), source, text)
                for key, source, text in self._keys
                if key[-len(wanted) :] == wanted
                and text.strip() not in ("", "None", "null", "nan")
                and (of_any_split or not _HELD_BACK_WORDS & set(key[: -len(wanted)]))
            ]
            # The shortest key is the most direct one: "lr" before "warmup_lr".
            for _, source, text in sorted(found, key=lambda item: item[0]):
                yield source, text

    def _number(
        self, endings: Iterable[str], *, low: float = -math.inf, high: float = math.inf
    ) -> Setting[float] | None:
        for source, text in self._matches(endings):
            value = parse_number(text)
            if value is not None and low <= value <= high:
                return Setting(value, source)
            if value is None and not _is_structured(text):
                self._unreadable.append(f"{source} is {text[:40]!r}, not a number")
        return None

    def _count(self, endings: Iterable[str], *, at_least: float = 1.0) -> Setting[int] | None:
        found = self._number(endings, low=at_least, high=_LARGEST_COUNT)
        return None if found is None else Setting(int(found.value), found.source)

    def _text(self, endings: Iterable[str]) -> Setting[str] | None:
        for source, text in self._matches(endings):
            if parse_number(text) is None:
                return Setting(text.strip(), source)
        return None

    def _share(self, split: str | None) -> Setting[float] | None:
        for source, text in self._matches(_SHARE_KEYS, of_any_split=True):
            mentioned = _split_of(source)
            value = parse_number(text)
            if value is None:
                if split is None:
                    self._unreadable.append(f"{source} is {text[:40]!r}, not a number")
                continue
            if mentioned == split and 0.0 < value < 1.0:
                return Setting(value, source)
        if split == "validation":
            return None
        for dataset in self._record.datasets:
            share = dataset.profile.get("positive_share")
            if isinstance(share, float) and 0.0 < share < 1.0 and split == "train":
                return Setting(share, f"data set input {dataset.name!r}")
        return None

    def _class_weights(self) -> Setting[ClassWeights] | None:
        for source, text in self._matches(_WEIGHT_KEYS):
            if text.strip().strip("'\"").lower().startswith("balanced"):
                return Setting(ClassWeights(math.nan, math.nan, balanced=True), source)
            pair = parse_class_weights(text)
            if pair is not None:
                return Setting(ClassWeights(*pair), source)
        low, high = _WEIGHT_RANGE
        zero = self._number(("class weight 0", "weight class 0", "weight 0"), low=low, high=high)
        one = self._number(("class weight 1", "weight class 1", "weight 1"), low=low, high=high)
        if zero and one:
            return Setting(ClassWeights(zero.value, one.value), f"{zero.source} and {one.source}")
        for source, text in self._matches(_POS_WEIGHT_KEYS):
            value = parse_number(text.strip("[]() "))
            if value is None or not low <= value <= high:
                continue
            if "scale_pos_weight" not in source:
                return Setting(ClassWeights(1.0, value, in_validation=True), source)
            # lightgbm starts from the unweighted share and moves away from it: neither level is its own.
            if value != 1.0 and any("binary:" in text for _, text in self._matches(_LOSS_KEYS)):
                return Setting(ClassWeights(1.0, value, in_training=False), source)
        return None

    def _focal(
        self, name: str, endings: Iterable[str], highest: float, loss: Setting[str] | None
    ) -> Setting[float] | None:
        """Return a setting of the focal loss; a bare ``gamma`` or ``alpha`` counts where the loss is one."""
        found = self._number(endings, low=0.0, high=highest)
        if found is None and loss is not None and "focal" in loss.value.lower():
            found = self._number((name,), low=0.0, high=highest)
        return found

    def _sample_weights(self) -> Setting[SampleWeights] | None:
        """Read the weights that ``fit`` was given: Keras' autologging stores them as NumPy prints them."""
        for source, text in self._matches(_SAMPLE_WEIGHT_KEYS):
            numbers = _NUMBER.findall(text)
            if "[" not in text or not numbers:
                continue
            # Of more than a thousand NumPy prints three at either end; a cut text has no closing bracket.
            whole = "..." not in text and text.rstrip().endswith("]")
            mean = sum(map(float, numbers)) / len(numbers) if whole else math.nan
            low, high = _WEIGHT_RANGE
            return Setting(SampleWeights(mean if low <= mean <= high else None), source)
        return None

    def _multi_label(self) -> Setting[str] | None:
        for source, text in self._matches(_MULTI_LABEL_KEYS):
            said = text.strip().lower()
            names_it = "label" not in source and re.search(r"multi.?label", said)
            if names_it or ("label" in source and said == "true"):
                return Setting(text.strip(), source)
        return None

    def _hidden_units(self) -> Setting[tuple[int, ...]] | None:
        for source, text in self._matches(_UNITS_KEYS):
            numbers = [float(number) for number in _NUMBER.findall(text)]
            if numbers and all(1 <= number <= _LARGEST_COUNT and number.is_integer() for number in numbers):
                return Setting(tuple(int(number) for number in numbers), source)
        units = self._summary.hidden_units
        return Setting(units, _SUMMARY) if units else None

    def _depth(self) -> Setting[int] | None:
        """Layers with weights: those of the summary, or what the params say."""
        weighted = sum(layer.has_units for layer in self._summary.layers)
        if weighted:
            return Setting(weighted, _SUMMARY)
        return self._count(_DEPTH_KEYS)

    def _keras_batch_size(self) -> Setting[int] | None:
        if self._record.params.get("batch_size") != "None":
            return None
        return Setting(_KERAS_BATCH_SIZE, "params['batch_size'] = None, Keras' default")

    def _dataset_shape(self) -> tuple[str, list[object]] | None:
        ordered = sorted(
            self._record.datasets, key=lambda dataset: dataset.context not in ("training", "train")
        )
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
        if shape is None or not _is_count(shape[1][0]):
            return None
        # Keras' validation_split takes its share off the data set that was passed to fit.
        split = self._number(("validation split",), low=0.0, high=1.0)
        if split is None or split.value in (0.0, 1.0):
            return Setting(shape[1][0], shape[0])
        return Setting(round(shape[1][0] * (1.0 - split.value)), f"{shape[0]} less {split.source}")

    def _dataset_columns(self) -> Setting[int] | None:
        shape = self._dataset_shape()
        if shape is None:
            return None
        sizes = [size for size in shape[1][1:] if _is_count(size)]
        columns = math.prod(sizes)
        return Setting(columns, shape[0]) if sizes and _is_count(columns) else None

    def _from_summary(self, count: int | None) -> Setting[int] | None:
        return None if count is None else Setting(count, _SUMMARY)


def parse_number(text: str) -> float | None:
    """Read a param as a finite number, None when it is anything else."""
    try:
        value = float(text.strip().strip("'\""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def parse_class_weights(text: str) -> tuple[float, float] | None:
    """Read ``{0: 1, 1: 9}``, ``{"0": 1.0, "1": 9.0}`` or ``[1, 9]``; None when it is none of these."""
    value = _structure(text)
    if isinstance(value, dict) and len(value) == _PAIR:
        try:
            by_class = {int(float(key)): float(weight) for key, weight in value.items()}
        except (TypeError, ValueError, OverflowError):
            return None
        weights = [by_class.get(0), by_class.get(1)]
    elif isinstance(value, (list, tuple)) and len(value) == _PAIR:
        weights = [weight if isinstance(weight, (int, float)) else None for weight in value]
    else:
        return None
    negative, positive = weights
    low, high = _WEIGHT_RANGE
    if negative is None or positive is None or not (low <= negative <= high and low <= positive <= high):
        return None
    return float(negative), float(positive)


def _structure(text: str) -> object:
    """Parse a Python or JSON literal; numpy scalars such as ``np.float64(9.0)`` are read as their number."""
    plain = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", text.strip())
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return None


def _is_structured(text: str) -> bool:
    """Whether a text is a list, a dict, an object's repr or a call: no failed attempt at a number."""
    return text.strip()[:1] in ("{", "[", "(", "<") or "(" in text


def _unquoted(value: str) -> str:
    """Undo the shell quoting that MLflow projects store their params with."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        try:
            parts = shlex.split(value)
        except ValueError:
            return value
        return parts[0] if len(parts) == 1 else value
    return value


def _key_words(key: str) -> tuple[str, ...]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    # "l2" and "opt2" stay one word, "class_weight_0" becomes three.
    return tuple(word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word)


def _split_of(source: str) -> str | None:
    key_words = set(_key_words(source))
    if key_words & _HELD_BACK_WORDS:
        return "validation"
    if key_words & {"train", "training"}:
        return "train"
    return None


def _is_count(value: object) -> TypeGuard[int]:
    """Whether a value from a data set's profile can be a number of rows or columns."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST_COUNT
