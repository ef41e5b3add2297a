"""The data sets of the zoo: bundled with scikit-learn, or generated from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn import datasets as bundled
from sklearn.preprocessing import StandardScaler

from benchmarks.zoo.plan import DataPlan

Features = npt.NDArray[Any]  # float32 tables and images, int32 tokens
Labels = npt.NDArray[np.int64]

HELD_BACK_SHARE: Final = 0.3
"""Share of the drawn rows that no network is trained on: the usual 70/30."""

JUDGED_ROWS: Final = 1500
"""Fresh rows of a generated data set that judge a model: an AUC near 0.5 has a standard error of 0.015."""

VOCABULARY: Final = 60
"""Number of different tokens; 0 is padding."""
TOKENS: Final = 16
"""Length of every token sequence."""
SIDE: Final = 8
"""Height and width of every image, in pixels: that of scikit-learn's digits."""


class Kind(str, Enum):
    """The shape of one row."""

    TABLE = "table"  # (n_features,)
    IMAGE = "image"  # (SIDE, SIDE, 1), values in [0, 1]
    SEQUENCE = "sequence"  # (TOKENS,) token numbers


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows: features of shape (n_rows, ...), labels of shape (n_rows,) in {0, 1}."""

    features: Features
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: npt.NDArray[np.int64] | slice) -> Rows:
        """Return the rows at these positions."""
        return Rows(self.features[positions], self.labels[positions])


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes
    ----------
    kind
        The shape of one row.
    stratum
        Data sets of one stratum resemble each other; the split takes half of each stratum.
    draw
        (n_rows, generator) -> rows in random order; bundled data sets give at most what they have.
    is_bundled
        Whether the number of rows is limited.
    is_linear
        Whether a linear model can learn it.
    """

    kind: Kind
    stratum: str
    draw: Callable[[int, np.random.Generator], Rows]
    is_bundled: bool = False
    is_linear: bool = False


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a training is given, and what judges it.

    Attributes
    ----------
    train
        Rows the network is fitted to.
    held_back
        Rows the user validates on.
    judged
        Rows that decide the truth: those held back, and for generated data fresh ones too.
    """

    train: Rows
    held_back: Rows
    judged: Rows


def _bundled(
    load: Callable[[], Any], label: Callable[[Any], Any], keep: Callable[[Any], Any] | None = None
) -> Callable[[int, np.random.Generator], Rows]:
    """Return a draw of the rows of a bundled data set, in random order."""

    def draw(rows: int, rng: np.random.Generator) -> Rows:
        bunch = load()
        features, target = np.asarray(bunch.data), np.asarray(bunch.target)
        if keep is not None:
            chosen = keep(target)
            features, target = features[chosen], target[chosen]
        order = rng.permutation(len(target))[:rows]
        return Rows(features[order].astype(np.float32), np.asarray(label(target), dtype=np.int64)[order])

    return draw


def _digits(label: Callable[[Any], Any]) -> Callable[[int, np.random.Generator], Rows]:
    """Return a draw of scikit-learn's 8 x 8 digits as images."""
    flat = _bundled(bundled.load_digits, label)
    brightest = 16.0  # the digits come in 0..16

    def draw(rows: int, rng: np.random.Generator) -> Rows:
        drawn = flat(rows, rng)
        return Rows((drawn.features / brightest).reshape(-1, SIDE, SIDE, 1), drawn.labels)

    return draw


def _seed(rng: np.random.Generator) -> int:
    """Return a seed for scikit-learn's makers, which take no Generator."""
    return int(rng.integers(2**31))


def _classification(rows: int, rng: np.random.Generator) -> Rows:
    # One fixed problem, so that all draws of it come from one distribution.
    pool = 12_000
    features, labels = bundled.make_classification(
        pool, 20, n_informative=5, n_redundant=5, class_sep=1.2, flip_y=0.02, random_state=11
    )
    order = rng.permutation(pool)[:rows]
    return Rows(features[order].astype(np.float32), labels[order].astype(np.int64))


def _linear_factors(rows: int, rng: np.random.Generator) -> Rows:
    features = rng.normal(size=(rows, 10))
    score = features[:, :3].sum(axis=1) + 0.3 * rng.normal(size=rows)
    return Rows(features.astype(np.float32), (score > 0).astype(np.int64))


def _groups(rows: int, rng: np.random.Generator) -> Rows:
    # Two overlapping clouds in six dimensions.
    centers = np.vstack([np.full(6, -0.7), np.full(6, 0.7)])
    features, labels = bundled.make_blobs(rows, centers=centers, random_state=_seed(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _weak_linear(rows: int, rng: np.random.Generator) -> Rows:
    # Labels drawn from a logistic model: the best possible skill is about 0.3.
    features = rng.normal(size=(rows, 12))
    logit = 1.2 * features[:, 0] - 1.0 * features[:, 1] + 0.8 * features[:, 2]
    return Rows(features.astype(np.float32), (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64))


def _moons(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_moons(rows, noise=0.15, random_state=_seed(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _circles(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_circles(rows, noise=0.1, factor=0.4, random_state=_seed(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _quantiles(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_gaussian_quantiles(
        n_samples=rows, n_features=4, n_classes=2, random_state=_seed(rng)
    )
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _latent_agreement(rows: int, rng: np.random.Generator) -> Rows:
    # 100 columns mixed from 4 factors; positive where two factors agree in sign.
    mixing = np.random.default_rng(5).normal(size=(4, 100))
    factors = rng.normal(size=(rows, 4))
    features = factors @ mixing + 0.1 * rng.normal(size=(rows, 100))
    return Rows(features.astype(np.float32), (factors[:, 0] * factors[:, 1] > 0).astype(np.int64))


def _parity(rows: int, rng: np.random.Generator) -> Rows:
    # The product of 3 signs among 12: no single column says anything about the label.
    features = rng.choice([-1.0, 1.0], size=(rows, 12))
    return Rows(features.astype(np.float32), (features[:, :3].prod(axis=1) > 0).astype(np.int64))


def _hidden_xor(rows: int, rng: np.random.Generator) -> Rows:
    features = rng.normal(size=(rows, 16))
    return Rows(features.astype(np.float32), (features[:, 0] * features[:, 1] > 0).astype(np.int64))


def _bars(rows: int, rng: np.random.Generator) -> Rows:
    # A horizontal or a vertical bar anywhere in a noisy image.
    images = 0.3 * rng.random((rows, SIDE, SIDE))
    labels = rng.integers(2, size=rows)
    place = rng.integers(SIDE, size=rows)
    for row in range(rows):
        if labels[row]:
            images[row, place[row], :] += 0.6
        else:
            images[row, :, place[row]] += 0.6
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _blobs(rows: int, rng: np.random.Generator) -> Rows:
    # A soft spot in the upper or in the lower half of a noisy image.
    grid = np.arange(SIDE)
    labels = rng.integers(2, size=rows)
    height = np.where(labels == 1, rng.uniform(0.5, 3.0, rows), rng.uniform(4.0, 6.5, rows))
    across = rng.uniform(1, SIDE - 2, rows)
    distance = (grid[None, :, None] - height[:, None, None]) ** 2 + (
        grid[None, None, :] - across[:, None, None]
    ) ** 2
    images = 0.6 * np.exp(-distance / 2) + 0.4 * rng.random((rows, SIDE, SIDE))
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _sentiment(rows: int, rng: np.random.Generator) -> Rows:
    # Tokens 1-9 speak for the positive class, 10-18 against it, the rest says nothing.
    tokens = rng.integers(1, VOCABULARY, size=(rows, TOKENS))
    score = ((tokens <= 9).astype(int) - ((tokens >= 10) & (tokens <= 18)).astype(int)).sum(axis=1)
    tied = score == 0
    return Rows(
        tokens.astype(np.int32), np.where(tied, rng.integers(2, size=rows), score > 0).astype(np.int64)
    )


def _keyword(rows: int, rng: np.random.Generator) -> Rows:
    # Positive where one of three rare words occurs anywhere.
    tokens = rng.integers(4, VOCABULARY, size=(rows, TOKENS))
    labels = rng.integers(2, size=rows)
    place = rng.integers(TOKENS, size=rows)
    words = rng.integers(1, 4, size=rows)
    positive = np.flatnonzero(labels)
    tokens[positive, place[positive]] = words[positive]
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _last_word(rows: int, rng: np.random.Generator) -> Rows:
    # The label is told by the last but two token: position matters.
    tokens = rng.integers(1, 9, size=(rows, TOKENS))
    return Rows(tokens.astype(np.int32), (tokens[:, -3] > 4).astype(np.int64))


def _order(rows: int, rng: np.random.Generator) -> Rows:
    # Tokens 1 and 2 both occur; positive where 1 comes first.
    tokens = rng.integers(3, 12, size=(rows, TOKENS))
    places = np.argsort(rng.random((rows, TOKENS)), axis=1)[:, :2]
    everywhere = np.arange(rows)
    tokens[everywhere, places[:, 0]] = 1
    tokens[everywhere, places[:, 1]] = 2
    return Rows(tokens.astype(np.int32), (places[:, 0] < places[:, 1]).astype(np.int64))


def _above_median(target: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return target > np.median(target)


DATA_SETS: Final[dict[str, DataSet]] = {
    "breast_cancer": DataSet(
        Kind.TABLE,
        "columns",
        _bundled(bundled.load_breast_cancer, lambda t: t == 1),
        is_bundled=True,
        is_linear=True,
    ),
    "diabetes_high": DataSet(
        Kind.TABLE, "weak", _bundled(bundled.load_diabetes, _above_median), is_bundled=True, is_linear=True
    ),
    "wine_second": DataSet(
        Kind.TABLE, "small", _bundled(bundled.load_wine, lambda t: t == 1), is_bundled=True, is_linear=True
    ),
    "iris_virginica": DataSet(
        Kind.TABLE,
        "small",
        _bundled(bundled.load_iris, lambda t: t == 2, lambda t: t > 0),
        is_bundled=True,
        is_linear=True,
    ),
    "classification": DataSet(Kind.TABLE, "columns", _classification, is_linear=True),
    "linear_factors": DataSet(Kind.TABLE, "linear", _linear_factors, is_linear=True),
    "groups": DataSet(Kind.TABLE, "linear", _groups, is_linear=True),
    "weak_linear": DataSet(Kind.TABLE, "weak", _weak_linear, is_linear=True),
    "quantiles": DataSet(Kind.TABLE, "surface", _quantiles),
    "moons": DataSet(Kind.TABLE, "curved", _moons),
    "circles": DataSet(Kind.TABLE, "curved", _circles),
    "latent_agreement": DataSet(Kind.TABLE, "surface", _latent_agreement),
    "parity": DataSet(Kind.TABLE, "saddle", _parity),
    "hidden_xor": DataSet(Kind.TABLE, "saddle", _hidden_xor),
    "digits_even": DataSet(Kind.IMAGE, "digits", _digits(lambda t: t % 2 == 0), is_bundled=True),
    "digits_eight": DataSet(Kind.IMAGE, "digits", _digits(lambda t: t == 8), is_bundled=True),
    "bars": DataSet(Kind.IMAGE, "drawn", _bars),
    "blobs": DataSet(Kind.IMAGE, "drawn", _blobs, is_linear=True),
    "sentiment": DataSet(Kind.SEQUENCE, "words", _sentiment, is_linear=True),
    "keyword": DataSet(Kind.SEQUENCE, "words", _keyword, is_linear=True),
    "last_word": DataSet(Kind.SEQUENCE, "positions", _last_word),
    "order": DataSet(Kind.SEQUENCE, "positions", _order),
}


def _zeros(features: Features, _rng: np.random.Generator) -> Features:
    return np.zeros_like(features)


def _one_row(features: Features, _rng: np.random.Generator) -> Features:
    # A loader that reads the first row again and again.
    return np.repeat(features[:1], len(features), axis=0)


def _shrunk(features: Features, _rng: np.random.Generator) -> Features:
    # Scaled down twice over, as when images already in [0, 1] are divided by 255 and again.
    return np.asarray(features * 1e-6, dtype=np.float32)


def _half_constant(features: Features, _rng: np.random.Generator) -> Features:
    damaged = features.copy()
    damaged[:, : features.shape[1] // 2] = 0
    return damaged


def _times(factor: float) -> Callable[[Features, np.random.Generator], Features]:
    def scale(features: Features, _rng: np.random.Generator) -> Features:
        return np.asarray(features * factor, dtype=np.float32)

    return scale


def _column_scales(features: Features, rng: np.random.Generator) -> Features:
    # Columns in different units: from a thousandth to a hundred thousand.
    scales = 10.0 ** rng.uniform(-3, 5, size=features.shape[1:])
    return np.asarray(features * scales, dtype=np.float32)


def _offset(features: Features, _rng: np.random.Generator) -> Features:
    # Not centred: years, serial numbers, temperatures in kelvin.
    return np.asarray(features + 1000, dtype=np.float32)


def _unscaled(features: Features, _rng: np.random.Generator) -> Features:
    return features


INPUT_DAMAGE: Final[dict[str, Callable[[Features, np.random.Generator], Features]]] = {
    "zeros": _zeros,
    "one_row": _one_row,
    "shrunk": _shrunk,
    "half_constant": _half_constant,
    "times_100": _times(1e2),
    "times_1e4": _times(1e4),
    "times_1e6": _times(1e6),
    "column_scales": _column_scales,
    "offset": _offset,
    "as_recorded": _unscaled,
}
"""Damage done to inputs after scaling; "as_recorded" leaves the scaling out instead."""

TOKEN_DAMAGE: Final = frozenset({"zeros", "one_row", "half_constant"})
"""What can happen to token numbers, too."""


def prepare(plan: DataPlan) -> Prepared:
    """Draw, damage the labels of, thin out, split, scale and damage the rows of one training.

    Raises
    ------
    ValueError
        When the plan asks for damage that cannot be done to this kind of data.
    """
    data_set = DATA_SETS[plan.name]
    if data_set.kind is Kind.SEQUENCE and plan.inputs not in TOKEN_DAMAGE | {""}:
        raise ValueError(
            f"the plan asks for inputs={plan.inputs!r} on {plan.name!r}; "
            f"token numbers take one of {sorted(TOKEN_DAMAGE)}, or ''"
        )
    rng = np.random.default_rng([plan.seed, sum(map(ord, plan.name))])
    total = round(plan.rows / (1 - HELD_BACK_SHARE))
    wanted = total + (0 if data_set.is_bundled else JUDGED_ROWS)
    drawn = data_set.draw(_rows_to_draw(wanted, plan.positive_share), rng)
    rows = _thin_out(_damage_labels(drawn, plan, rng), plan.positive_share, wanted, rng)
    total = min(total, len(rows))
    n_train = math.floor(total * (1 - HELD_BACK_SHARE))  # as Keras computes it for validation_split
    features = _scale(rows.features, n_train, data_set.kind, plan.inputs)
    if plan.inputs:
        features = INPUT_DAMAGE[plan.inputs](features, rng)
    rows = Rows(features, rows.labels)
    return Prepared(
        train=rows.take(slice(0, n_train)),
        held_back=rows.take(slice(n_train, total)),
        judged=rows.take(slice(n_train, None)),
    )


def _rows_to_draw(wanted: int, positive_share: float | None) -> int:
    """Return how many rows to draw so that enough of either class are left after thinning out."""
    if positive_share is None:
        return wanted
    return round(2.4 * wanted)  # classes of a generated set are near balance: 20 % margin


def _thin_out(rows: Rows, share: float | None, wanted: int, rng: np.random.Generator) -> Rows:
    """Leave out rows of one class until the share of positives is reached; at most ``wanted`` rows."""
    if share is None:
        return rows.take(slice(0, wanted))
    positive, negative = np.flatnonzero(rows.labels == 1), np.flatnonzero(rows.labels == 0)
    total = min(wanted, int(len(negative) / (1 - share)), int(len(positive) / share))
    n_positive = max(round(total * share), 2)
    chosen = np.concatenate([positive[:n_positive], negative[: total - n_positive]])
    return rows.take(rng.permutation(chosen))


def _damage_labels(rows: Rows, plan: DataPlan, rng: np.random.Generator) -> Rows:
    labels = rows.labels.copy()
    if plan.labels_shuffled:
        labels = rng.permutation(labels)
    turned = rng.random(len(labels)) < plan.flipped_share
    labels[turned] = 1 - labels[turned]
    return Rows(rows.features, labels)


def _scale(features: Features, n_train: int, kind: Kind, inputs: str) -> Features:
    """Standardise the columns of a table by its training rows; images and tokens are fine as they are."""
    if kind is not Kind.TABLE or inputs == "as_recorded":
        return features
    scaler = StandardScaler().fit(features[:n_train])
    return np.asarray(scaler.transform(features), dtype=np.float32)
