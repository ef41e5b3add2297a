"""The data sets that ``split`` deals to the first two blocks: bundled with scikit-learn, or generated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn import datasets as bundled

from benchmarks.zoo.rows import VOCABULARY, DataSet, Draw, Kind, Rows, above_median, seed_of

TOKENS: Final = 16
"""Length of every token sequence."""
SIDE: Final = 8
"""Height and width of every image, in pixels: that of scikit-learn's digits."""


def _bundled(
    load: Callable[[], Any], label: Callable[[Any], Any], keep: Callable[[Any], Any] | None = None
) -> Draw:
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


def _digits(label: Callable[[Any], Any]) -> Draw:
    """Return a draw of scikit-learn's 8 x 8 digits as images."""
    flat = _bundled(bundled.load_digits, label)
    brightest = 16.0  # the digits come in 0..16

    def draw(rows: int, rng: np.random.Generator) -> Rows:
        drawn = flat(rows, rng)
        return Rows((drawn.features / brightest).reshape(-1, SIDE, SIDE, 1), drawn.labels)

    return draw


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
    features, labels = bundled.make_blobs(rows, centers=centers, random_state=seed_of(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _weak_linear(rows: int, rng: np.random.Generator) -> Rows:
    # Labels drawn from a logistic model: the best possible skill is about 0.3.
    features = rng.normal(size=(rows, 12))
    logit = 1.2 * features[:, 0] - 1.0 * features[:, 1] + 0.8 * features[:, 2]
    return Rows(features.astype(np.float32), (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64))


def _moons(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_moons(rows, noise=0.15, random_state=seed_of(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _circles(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_circles(rows, noise=0.1, factor=0.4, random_state=seed_of(rng))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _quantiles(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_gaussian_quantiles(
        n_samples=rows, n_features=4, n_classes=2, random_state=seed_of(rng)
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


DEALT_DATA_SETS: Final[dict[str, DataSet]] = {
    "breast_cancer": DataSet(
        Kind.TABLE,
        "columns",
        _bundled(bundled.load_breast_cancer, lambda t: t == 1),
        is_short=True,
        is_linear=True,
    ),
    "diabetes_high": DataSet(
        Kind.TABLE, "weak", _bundled(bundled.load_diabetes, above_median), is_short=True, is_linear=True
    ),
    "wine_second": DataSet(
        Kind.TABLE, "small", _bundled(bundled.load_wine, lambda t: t == 1), is_short=True, is_linear=True
    ),
    "iris_virginica": DataSet(
        Kind.TABLE,
        "small",
        _bundled(bundled.load_iris, lambda t: t == 2, lambda t: t > 0),
        is_short=True,
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
    "digits_even": DataSet(Kind.IMAGE, "digits", _digits(lambda t: t % 2 == 0), is_short=True),
    "digits_eight": DataSet(Kind.IMAGE, "digits", _digits(lambda t: t == 8), is_short=True),
    "bars": DataSet(Kind.IMAGE, "drawn", _bars),
    "blobs": DataSet(Kind.IMAGE, "drawn", _blobs, is_linear=True),
    "sentiment": DataSet(Kind.SEQUENCE, "words", _sentiment, is_linear=True),
    "keyword": DataSet(Kind.SEQUENCE, "words", _keyword, is_linear=True),
    "last_word": DataSet(Kind.SEQUENCE, "positions", _last_word),
    "order": DataSet(Kind.SEQUENCE, "positions", _order),
}
