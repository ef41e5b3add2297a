"""The data sets of the block ``practice``: real ones from statsmodels and mlxtend, and generated ones.

No row and no generator occurs in the other blocks.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.zoo.packaged import Table, imported, read_once, statsmodels_table
from benchmarks.zoo.rows import VOCABULARY, DataSet, Kind, Rows, above_median

TOKENS: Final = 18
"""Length of every token sequence."""
SIDE: Final = 10
"""Height and width of every image, in pixels."""


def _boston() -> Table:
    features, price = imported("mlxtend.data").boston_housing_data()
    return features.astype(np.float32), above_median(price).astype(np.int64)


def _sensors(rows: int, rng: np.random.Generator) -> Rows:
    # 40 columns that follow six hidden ones, with outliers; the label adds up three of these.
    mixing = np.random.default_rng(13).normal(size=(6, 40))
    hidden = rng.normal(size=(rows, 6))
    features = hidden @ mixing + 0.5 * rng.standard_t(4, size=(rows, 40))
    score = hidden[:, 0] - hidden[:, 1] + 0.7 * hidden[:, 2] + 0.3 * rng.normal(size=rows)
    return Rows(features.astype(np.float32), (score > 0).astype(np.int64))


def _survey(rows: int, rng: np.random.Generator) -> Rows:
    # 24 answers of yes or no; labels drawn from a logistic model of eight of them.
    weights = np.array([2.0, -2.0, 1.6, -1.6, 1.2, -1.2, 1.0, -1.0])
    answers = (rng.random((rows, 24)) < 0.5).astype(np.float32)
    logit = 1.5 * (answers[:, :8] - 0.5) @ weights
    return Rows(answers, (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64))


def _diamond(rows: int, rng: np.random.Generator) -> Rows:
    # Near the middle or far from it, by the sum of absolute values of three of five columns.
    features = rng.normal(size=(rows, 5))
    middle = 2.27  # the median of that sum
    return Rows(features.astype(np.float32), (np.abs(features[:, :3]).sum(axis=1) > middle).astype(np.int64))


def _bands(rows: int, rng: np.random.Generator) -> Rows:
    # A tilted band in the plane, as many points inside as on its two sides together.
    features = rng.uniform(-1.0, 1.0, size=(rows, 2))
    across = features @ np.array([0.8, 0.6])
    half = 0.4  # the median distance from the middle line
    labels = np.abs(across + 0.05 * rng.normal(size=rows)) < half
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _sums_agree(rows: int, rng: np.random.Generator) -> Rows:
    # Positive where two sums of two columns have the same sign: no column says anything by itself.
    features = rng.normal(size=(rows, 9))
    agree = features[:, :2].sum(axis=1) * features[:, 2:4].sum(axis=1) > 0
    return Rows(features.astype(np.float32), agree.astype(np.int64))


# The strokes of a seven-segment display as (top, bottom, left, right), and which of them make a digit.
_STROKES: Final = (
    (0, 1, 0, 5),
    (0, 4, 4, 5),
    (3, 7, 4, 5),
    (6, 7, 0, 5),
    (3, 7, 0, 1),
    (0, 4, 0, 1),
    (3, 4, 0, 5),
)
_LIT: Final = ("012345", "12", "01346", "01236", "1256", "02356", "023456", "012", "0123456", "012356")


def _segments(rows: int, rng: np.random.Generator) -> Rows:
    # Digits of a seven-segment display, anywhere in a noisy image; positive are the odd ones.
    digits = rng.integers(10, size=rows)
    height, across = rng.integers(SIDE - 7 + 1, size=rows), rng.integers(SIDE - 5 + 1, size=rows)
    images = 0.45 * rng.random((rows, SIDE, SIDE))
    for row in range(rows):
        for stroke in _LIT[digits[row]]:
            top, bottom, left, right = _STROKES[int(stroke)]
            down, over = height[row], across[row]
            images[row, down + top : down + bottom, over + left : over + right] = rng.uniform(0.5, 1.0)
    return Rows(images[..., None].astype(np.float32), (digits % 2).astype(np.int64))


def _stripes(rows: int, rng: np.random.Generator) -> Rows:
    # Waves that run down to the right or down to the left, of any phase and length, in noise.
    grid = np.arange(SIDE)
    labels = rng.integers(2, size=rows)
    towards = np.where(labels == 1, 1.0, -1.0)[:, None, None]
    phase = rng.uniform(0.0, 2 * np.pi, rows)[:, None, None]
    pace = rng.uniform(0.9, 1.5, rows)[:, None, None]
    waves = np.sin(pace * (grid[None, :, None] + towards * grid[None, None, :]) + phase)
    images = 0.5 + 0.25 * waves + 0.25 * (rng.random((rows, SIDE, SIDE)) - 0.5)
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _bright_corner(rows: int, rng: np.random.Generator) -> Rows:
    # A patch in the left or in the right half is brighter than the grain around it.
    labels = rng.integers(2, size=rows)
    images = 0.6 * rng.random((rows, SIDE, SIDE))
    height = rng.integers(SIDE - 2, size=rows)
    across = np.where(labels == 1, rng.integers(0, 3, size=rows), rng.integers(5, SIDE - 2, size=rows))
    for row in range(rows):
        images[row, height[row] : height[row] + 3, across[row] : across[row] + 3] += 0.4
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _weighted_words(rows: int, rng: np.random.Generator) -> Rows:
    # Every word speaks for a class as strongly as it was once drawn to; labels are drawn by their sum.
    weights = np.random.default_rng(17).normal(size=VOCABULARY)
    tokens = rng.integers(1, VOCABULARY, size=(rows, TOKENS))
    logit = 1.5 * weights[tokens].sum(axis=1)
    return Rows(tokens.astype(np.int32), (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64))


def _after_marker(rows: int, rng: np.random.Generator) -> Rows:
    # The label is told by the token behind a marker that stands anywhere.
    marker = 1
    tokens = rng.integers(2, 10, size=(rows, TOKENS))
    place = rng.integers(TOKENS - 1, size=rows)
    everywhere = np.arange(rows)
    tokens[everywhere, place] = marker
    return Rows(tokens.astype(np.int32), (tokens[everywhere, place + 1] > 5).astype(np.int64))


def _ends_high(rows: int, rng: np.random.Generator) -> Rows:
    # Positive where the last four tokens are larger than the four before them.
    tokens = rng.integers(1, 21, size=(rows, TOKENS))
    rise = tokens[:, -4:].sum(axis=1) - tokens[:, -8:-4].sum(axis=1)
    return Rows(tokens.astype(np.int32), (rise + rng.choice([-0.5, 0.5], size=rows) > 0).astype(np.int64))


PRACTICE_DATA_SETS: Final[dict[str, DataSet]] = {
    "sensors": DataSet(Kind.TABLE, "columns", _sensors, is_linear=True),
    "randhie_visits": DataSet(
        Kind.TABLE,
        "weak",
        statsmodels_table("randhie", lambda columns: above_median(columns["mdvis"]), ("mdvis",)),
        is_linear=True,
    ),
    "boston_high": DataSet(Kind.TABLE, "small", read_once(_boston), is_short=True, is_linear=True),
    "survey": DataSet(Kind.TABLE, "linear", _survey, is_linear=True),
    "diamond": DataSet(Kind.TABLE, "surface", _diamond),
    "bands": DataSet(Kind.TABLE, "curved", _bands),
    "sums_agree": DataSet(Kind.TABLE, "saddle", _sums_agree),
    "segments_odd": DataSet(Kind.IMAGE, "digits", _segments),
    "stripes": DataSet(Kind.IMAGE, "drawn", _stripes),
    "bright_corner": DataSet(Kind.IMAGE, "drawn", _bright_corner, is_linear=True),
    "weighted_words": DataSet(Kind.SEQUENCE, "words", _weighted_words, is_linear=True),
    "after_marker": DataSet(Kind.SEQUENCE, "positions", _after_marker),
    "ends_high": DataSet(Kind.SEQUENCE, "positions", _ends_high),
}
