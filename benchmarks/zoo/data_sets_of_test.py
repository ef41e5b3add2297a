"""The data sets of the test block: real ones from statsmodels and mlxtend, and generated ones.

Chosen before any of them was trained on. No row and no generator occurs in the other blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn import datasets as bundled

from benchmarks.zoo.packaged import Table, imported, read_once, statsmodels_table
from benchmarks.zoo.rows import VOCABULARY, DataSet, Kind, Rows, above_median, seed_of

TOKENS: Final = 20
"""Length of every token sequence."""
SIDE: Final = 12
"""Height and width of drawn images, in pixels."""
POOLED_SIDE: Final = 14
"""Height and width of MNIST's images when every two by two pixels are one."""


def _share_above(columns: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Return the share of a school district's pupils above the national median."""
    return np.asarray(columns["NABOVE"] / (columns["NABOVE"] + columns["NBELOW"]), dtype=np.float64)


def _autompg() -> Table:
    features, miles_a_gallon = imported("mlxtend.data").autompg_data()
    without_names = features[:, :7]  # the last column are names of cars, read as NaN
    return without_names.astype(np.float32), above_median(miles_a_gallon).astype(np.int64)


def _handwritten() -> Table:
    # 500 images of each digit out of MNIST, 28 x 28 pixels in 0..255; positive are 0 to 4.
    flat, digits = imported("mlxtend.data").mnist_data()
    pixels = flat.reshape(-1, POOLED_SIDE, 2, POOLED_SIDE, 2).mean(axis=(2, 4)) / 255
    return pixels[..., None].astype(np.float32), (digits < 5).astype(np.int64)


def _friedman(rows: int, rng: np.random.Generator) -> Rows:
    features, target = bundled.make_friedman1(rows, n_features=10, noise=0.5, random_state=seed_of(rng))
    middle = 14.4  # the median of the target
    return Rows(features.astype(np.float32), (target > middle).astype(np.int64))


def _topic_counts(rows: int, rng: np.random.Generator) -> Rows:
    # Counts of 300 words in texts of about 120; the classes mix six topics in other shares.
    topics = np.random.default_rng(7).dirichlet(np.full(300, 0.1), size=6)
    mixing = np.array([[4, 3, 2, 1, 1, 1], [1, 1, 1, 2, 3, 4]])
    labels = rng.integers(2, size=rows)
    shares = rng.gamma(mixing[labels])
    shares /= shares.sum(axis=1, keepdims=True)
    return Rows(np.log1p(rng.poisson(120 * shares @ topics)).astype(np.float32), labels.astype(np.int64))


def _hastie(rows: int, rng: np.random.Generator) -> Rows:
    features, labels = bundled.make_hastie_10_2(rows, random_state=seed_of(rng))
    return Rows(features.astype(np.float32), (labels > 0).astype(np.int64))


def _spirals(rows: int, rng: np.random.Generator) -> Rows:
    # Two arms of three quarters of a turn each.
    labels = rng.integers(2, size=rows)
    along = np.sqrt(rng.uniform(0.02, 1.0, rows))
    angle = 1.5 * np.pi * along + np.pi * labels
    points = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Rows((points + 0.05 * rng.normal(size=(rows, 2))).astype(np.float32), labels.astype(np.int64))


def _checkerboard(rows: int, rng: np.random.Generator) -> Rows:
    # Fields of a board of three by three, as many points on either colour.
    labels = rng.integers(2, size=rows)
    light, dark = (
        np.array([(x, y) for x in range(3) for y in range(3) if (x + y) % 2 == colour]) for colour in (0, 1)
    )
    fields = np.where(
        labels[:, None] == 1,
        light[rng.integers(len(light), size=rows)],
        dark[rng.integers(len(dark), size=rows)],
    )
    return Rows((fields + rng.random((rows, 2)) - 1.5).astype(np.float32), labels.astype(np.int64))


def _pair_products(rows: int, rng: np.random.Generator) -> Rows:
    # Three products of two columns each, summed: no single column says anything about the label.
    features = rng.normal(size=(rows, 10))
    score = (features[:, 0:6:2] * features[:, 1:6:2]).sum(axis=1)
    return Rows(features.astype(np.float32), (score > 0).astype(np.int64))


def _crosses_rings(rows: int, rng: np.random.Generator) -> Rows:
    # A cross or a ring of any size anywhere in a noisy image.
    grid = np.arange(SIDE)
    labels = rng.integers(2, size=rows)
    radius = rng.uniform(2.0, 3.5, rows)[:, None, None]
    height, across = (rng.uniform(3.5, SIDE - 4.5, rows)[:, None, None] for _ in range(2))
    down, right = grid[None, :, None] - height, grid[None, None, :] - across
    ring = np.abs(np.hypot(down, right) - radius) < 0.7
    arms = np.minimum(np.abs(down), np.abs(right)) < 0.6
    cross = arms & (np.maximum(np.abs(down), np.abs(right)) < radius + 0.5)
    shapes = np.where(labels[:, None, None] == 1, ring, cross)
    images = 0.6 * shapes + 0.4 * rng.random((rows, SIDE, SIDE))
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _topics(rows: int, rng: np.random.Generator) -> Rows:
    # Two topics, in which words are common to different degrees.
    common = np.random.default_rng(9).dirichlet(np.full(VOCABULARY - 1, 0.4), size=2)
    labels = rng.integers(2, size=rows)
    upto = np.cumsum(0.5 * common[labels] + 0.5 * common.mean(axis=0), axis=1)
    tokens = 1 + (rng.random((rows, TOKENS))[:, :, None] > upto[:, None, :-1]).sum(axis=2)
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _neighbours(rows: int, rng: np.random.Generator) -> Rows:
    # Tokens 1 and 2 both occur once; positive where they stand side by side.
    tokens = rng.integers(3, 15, size=(rows, TOKENS))
    labels = rng.integers(2, size=rows)
    first = rng.integers(TOKENS, size=rows)
    step = np.where(labels == 1, 1, rng.integers(2, TOKENS - 1, size=rows))
    everywhere = np.arange(rows)
    tokens[everywhere, first] = 1
    tokens[everywhere, (first + step) % TOKENS] = 2
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _first_is_last(rows: int, rng: np.random.Generator) -> Rows:
    # Positive where the last token repeats the first.
    kinds = 3
    tokens = rng.integers(1, kinds + 1, size=(rows, TOKENS))
    labels = rng.integers(2, size=rows)
    away = np.where(labels == 1, 0, rng.integers(1, kinds, size=rows))
    tokens[:, -1] = (tokens[:, 0] - 1 + away) % kinds + 1
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


TEST_DATA_SETS: Final[dict[str, DataSet]] = {
    "anes96_vote": DataSet(
        Kind.TABLE,
        "columns",
        statsmodels_table("anes96", lambda columns: columns["vote"], ("vote", "logpopul")),
        is_short=True,
        is_linear=True,
    ),
    "fair_affairs": DataSet(
        Kind.TABLE,
        "weak",
        statsmodels_table("fair", lambda columns: columns["affairs"] > 0, ("affairs",)),
        is_linear=True,
    ),
    "star98_above": DataSet(
        Kind.TABLE,
        "small",
        statsmodels_table(
            "star98", lambda columns: above_median(_share_above(columns)), ("NABOVE", "NBELOW")
        ),
        is_short=True,
        is_linear=True,
    ),
    "autompg_economical": DataSet(Kind.TABLE, "small", read_once(_autompg), is_short=True, is_linear=True),
    "friedman_high": DataSet(Kind.TABLE, "linear", _friedman, is_linear=True),
    "topic_counts": DataSet(Kind.TABLE, "linear", _topic_counts, is_linear=True),
    "hastie_ten": DataSet(Kind.TABLE, "surface", _hastie),
    "spirals": DataSet(Kind.TABLE, "curved", _spirals),
    "checkerboard": DataSet(Kind.TABLE, "curved", _checkerboard),
    "pair_products": DataSet(Kind.TABLE, "saddle", _pair_products),
    "handwritten_low": DataSet(Kind.IMAGE, "digits", read_once(_handwritten)),
    "crosses_rings": DataSet(Kind.IMAGE, "drawn", _crosses_rings),
    "topics": DataSet(Kind.SEQUENCE, "words", _topics, is_linear=True),
    "neighbours": DataSet(Kind.SEQUENCE, "positions", _neighbours),
    "first_is_last": DataSet(Kind.SEQUENCE, "positions", _first_is_last),
}
