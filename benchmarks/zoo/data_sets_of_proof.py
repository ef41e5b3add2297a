"""The data sets of the block ``proof``: real ones from statsmodels and scikit-learn, and generated ones.

No row and no generator occurs in the other blocks: of the two photographs these have the greys, and this one
has the hues.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from sklearn import datasets as bundled

from benchmarks.zoo.packaged import Table, imported, read_once
from benchmarks.zoo.rows import VOCABULARY, DataSet, Kind, Rows

TOKENS: Final = 14
"""Length of every token sequence."""
SIDE: Final = 11
"""Height and width of every image, in pixels."""


def _investors() -> Table:
    # Two of eleven American firms in one of twenty years: their value and their stock of plant and equipment;
    # positive where the first invests more than the second.
    columns = imported("statsmodels.datasets.grunfeld").load_pandas().data
    by_year = columns.pivot(index="year", columns="firm")
    known = np.stack([by_year[name].to_numpy() for name in ("value", "capital")], axis=2)
    invested = by_year["invest"].to_numpy()
    pairs = np.array(list(combinations(range(invested.shape[1]), 2)))
    pairs[::2] = pairs[::2, ::-1]  # they come in the order of their names: every other pair is turned
    features = known[:, pairs].reshape(-1, 4)
    more = invested[:, pairs[:, 0]] > invested[:, pairs[:, 1]]
    return features.astype(np.float32), more.ravel().astype(np.int64)


def _photo_hues() -> Table:
    # How red and how blue, beside green, two photographs are at eight places around one; positive where it
    # is redder than most places of its photograph.
    step, across = 10, 8
    around = [(below, right) for below in (-step, 0, step) for right in (-step, 0, step) if below or right]
    features, labels = [], []
    for name in ("china.jpg", "flower.jpg"):
        red, green, blue = np.moveaxis(bundled.load_sample_image(name).astype(np.float64), 2, 0)
        hues = np.stack([red - green, blue - green], axis=2)
        down, over = np.mgrid[step : len(red) - step : across, step : red.shape[1] - step : across]
        seen = [hues[down + below, over + right] for below, right in around]
        features.append(np.stack(seen, axis=2).reshape(down.size, -1))
        redness = hues[down, over, 0].ravel()
        labels.append(redness > np.median(redness))
    return np.concatenate(features).astype(np.float32), np.concatenate(labels).astype(np.int64)


def _sunspots() -> Table:
    # Twelve years of sunspots since 1700; positive where there are more three years later than in the last.
    spots = imported("statsmodels.datasets.sunspots").load_pandas().data["SUNACTIVITY"].to_numpy()
    past, ahead = 12, 3
    now = np.arange(past - 1, len(spots) - ahead)
    features = spots[now[:, None] - np.arange(past)]
    return features.astype(np.float32), (spots[now + ahead] > spots[now]).astype(np.int64)


def _histogram(rows: int, rng: np.random.Generator) -> Rows:
    # 60 measurements in 20 bins, of any spread; positive where they were made a little further to the right.
    labels = rng.integers(2, size=rows)
    center = np.where(labels == 1, 1, -1) * rng.uniform(0.05, 0.5, rows)
    spread = rng.uniform(0.6, 1.4, rows)
    measured = center[:, None] + spread[:, None] * rng.normal(size=(rows, 60))
    bins = np.clip(np.floor(4 * measured) + 10, 0, 19).astype(np.int64)
    features = (bins[:, :, None] == np.arange(20)).sum(axis=1)
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _gauges(rows: int, rng: np.random.Generator) -> Rows:
    # Six gauges of one level; positive where one of them is off, to either side.
    labels = rng.integers(2, size=rows)
    features = rng.normal(size=(rows, 1)) + 0.3 * rng.normal(size=(rows, 6))
    off = labels * rng.choice([-1, 1], size=rows) * rng.uniform(1.5, 2.5, rows)
    features[np.arange(rows), rng.integers(6, size=rows)] += off
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _target(rows: int, rng: np.random.Generator) -> Rows:
    # Hits of a round target: its bull and its rim are of one colour, the ring between of the other.
    angle, area = rng.uniform(0, 2 * np.pi, rows), rng.random(rows)
    points = np.sqrt(area)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    labels = (area < 0.35) | (area > 0.85)
    return Rows((points + 0.02 * rng.normal(size=(rows, 2))).astype(np.float32), labels.astype(np.int64))


def _dose(rows: int, rng: np.random.Generator) -> Rows:
    # A drug helps one of two kinds of patients and harms the other; who recovers is drawn. Five idle columns.
    kind, dose = rng.integers(2, size=rows), rng.normal(size=rows)
    logit = 6 * np.where(kind == 1, dose, -dose)
    features = np.concatenate([np.stack([kind, dose], axis=1), rng.normal(size=(rows, 5))], axis=1)
    return Rows(features.astype(np.float32), (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64))


_SCORES: Final = (
    ("###", "# #", "# #", "# #", "###"),
    (" # ", "## ", " # ", " # ", "###"),
    ("###", "  #", "###", "#  ", "###"),
    ("###", "  #", " ##", "  #", "###"),
    ("# #", "# #", "###", "  #", "  #"),
    ("###", "#  ", "###", "  #", "###"),
    ("#  ", "#  ", "###", "# #", "###"),
    ("###", "  #", " # ", " # ", " # "),
    ("###", "# #", "###", "# #", "###"),
    ("###", "# #", "###", "  #", "  #"),
)
"""The digits of a scoreboard, of 5 by 3 lamps."""


def _scoreboard(rows: int, rng: np.random.Generator) -> Rows:
    # Digits of lamps of two by two pixels, some of which fail; positive are those with a closed loop.
    lamps = np.array([[[lamp == "#" for lamp in line] for line in digit] for digit in _SCORES])
    digits = rng.integers(10, size=rows)
    lit = lamps[digits] * rng.uniform(0.3, 0.65, (rows, 1, 1)) * (rng.random((rows, 5, 3)) < 0.95)
    shapes = lit.repeat(2, axis=1).repeat(2, axis=2)
    images = 0.35 * rng.random((rows, SIDE, SIDE))
    down, over = rng.integers(2, size=rows), rng.integers(2, 4, size=rows)
    for row in range(rows):
        images[row, down[row] : down[row] + 10, over[row] : over[row] + 6] += shapes[row]
    return Rows(images[..., None].astype(np.float32), np.isin(digits, (0, 6, 8, 9)).astype(np.int64))


def _triangles(rows: int, rng: np.random.Generator) -> Rows:
    # Triangles of any size, anywhere in a noisy image; positive are those that stand on their base.
    grid = np.arange(SIDE)
    labels = rng.integers(2, size=rows)
    high = rng.uniform(2.0, 3.2, rows)[:, None, None]
    height, across = (rng.uniform(3.0, SIDE - 4.0, rows)[:, None, None] for _ in range(2))
    down, right = grid[None, :, None] - height, grid[None, None, :] - across
    down = np.where(labels[:, None, None] == 1, down, -down)
    shapes = (np.abs(down) <= high) & (np.abs(right) <= (down + high) / 2 + 0.3)
    images = 0.3 * rng.random((rows, SIDE, SIDE)) + rng.uniform(0.45, 0.65, (rows, 1, 1)) * shapes
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _horizon(rows: int, rng: np.random.Generator) -> Rows:
    # A sky a little paler than the land, which is tilted; positive where the horizon is in the upper half.
    grid = np.linspace(-1, 1, SIDE)
    labels = rng.integers(2, size=rows)
    horizon = np.where(labels == 1, -1, 1) * rng.uniform(0.1, 0.8, rows)
    tilt = rng.uniform(-0.4, 0.4, (rows, 1, 1))
    land = grid[None, :, None] > horizon[:, None, None] + tilt * grid
    images = rng.uniform(0.5, 0.7, (rows, 1, 1)) - rng.uniform(0.05, 0.2, (rows, 1, 1)) * land
    images = images + 0.5 * (rng.random((rows, SIDE, SIDE)) - 0.5)
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _baskets(rows: int, rng: np.random.Generator) -> Rows:
    # What was bought, 5 to 14 different goods by number, padded behind; families buy some goods more often
    # than others do, and some less.
    labels = rng.integers(2, size=rows)
    goods = np.arange(1, VOCABULARY)
    favour = np.where(goods % 4 == 1, 0.6, np.where(goods % 4 == 3, -0.6, 0.0))
    wanted = np.where(labels == 1, 1, -1)[:, None] * favour - 0.02 * goods
    order = np.argsort(-(wanted + rng.gumbel(size=wanted.shape)), axis=1)[:, :TOKENS]
    bought = np.arange(TOKENS) < rng.integers(5, TOKENS + 1, size=(rows, 1))
    tokens = np.sort(np.where(bought, goods[order], VOCABULARY), axis=1) % VOCABULARY
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _motif(rows: int, rng: np.random.Generator) -> Rows:
    # Three tokens in a row, anywhere among others; positive where they stand in their order, not against it.
    motif = np.array([1, 2, 3])
    labels = rng.integers(2, size=rows)
    tokens = rng.integers(4, 16, size=(rows, TOKENS))
    places = rng.integers(TOKENS - len(motif) + 1, size=(rows, 1)) + np.arange(len(motif))
    tokens[np.arange(rows)[:, None], places] = np.where(labels[:, None] == 1, motif, motif[::-1])
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _recent_mood(rows: int, rng: np.random.Generator) -> Rows:
    # Good and bad days of five kinds each; positive where the good ones prevail, the later the weightier.
    tokens = rng.integers(1, 11, size=(rows, TOKENS))
    weights = 0.7 ** np.arange(TOKENS - 1, -1, -1)
    mood = np.where(tokens <= 5, 1, -1) @ weights
    return Rows(tokens.astype(np.int32), (mood > 0).astype(np.int64))


PROOF_DATA_SETS: Final[dict[str, DataSet]] = {
    "invests_more": DataSet(Kind.TABLE, "columns", read_once(_investors), is_short=True, is_linear=True),
    "photo_hues": DataSet(Kind.TABLE, "weak", read_once(_photo_hues), is_linear=True),
    "sunspots_rise": DataSet(Kind.TABLE, "small", read_once(_sunspots), is_short=True, is_linear=True),
    "histogram_right": DataSet(Kind.TABLE, "linear", _histogram, is_linear=True),
    "gauge_off": DataSet(Kind.TABLE, "surface", _gauges),
    "target_rings": DataSet(Kind.TABLE, "curved", _target),
    "dose_by_kind": DataSet(Kind.TABLE, "saddle", _dose),
    "score_loops": DataSet(Kind.IMAGE, "digits", _scoreboard),
    "triangles_up": DataSet(Kind.IMAGE, "drawn", _triangles),
    "horizon_high": DataSet(Kind.IMAGE, "drawn", _horizon, is_linear=True),
    "baskets": DataSet(Kind.SEQUENCE, "words", _baskets, is_linear=True),
    "motif_forward": DataSet(Kind.SEQUENCE, "positions", _motif),
    "recent_mood": DataSet(Kind.SEQUENCE, "positions", _recent_mood),
}
