"""The data sets of the block ``exercise``: real ones from statsmodels, and generated ones.

No row and no generator occurs in the other blocks.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.zoo.packaged import Table, imported, read_once
from benchmarks.zoo.rows import VOCABULARY, DataSet, Kind, Rows, above_median

TOKENS: Final = 12
"""Length of every token sequence."""
SIDE: Final = 7
"""Height and width of every image, in pixels."""


def _carbon_dioxide() -> Table:
    # The air on Mauna Loa: half a year in steps of two weeks, without its mean; positive where the
    # carbon dioxide is higher eight weeks later.
    weekly = imported("statsmodels.datasets.co2").load_pandas().data["co2"].interpolate().to_numpy()
    past, ahead = 26, 8
    now = np.arange(past, len(weekly) - ahead, 2)
    before = weekly[now[:, None] - np.arange(0, past + 1, 2)]
    features = before - before.mean(axis=1, keepdims=True)
    return features.astype(np.float32), (weekly[now + ahead] > weekly[now]).astype(np.int64)


def _el_nino() -> Table:
    # A year of the Pacific's temperatures, each without the mean of its month; positive where it is
    # warmer than usual three months later.
    table = imported("statsmodels.datasets.elnino").load_pandas().data.drop(columns="YEAR").to_numpy()
    unusual = (table - table.mean(axis=0)).ravel()
    past, ahead = 12, 3
    now = np.arange(past - 1, len(unusual) - ahead)
    features = unusual[now[:, None] - np.arange(past)]
    return features.astype(np.float32), (unusual[now + ahead] > 0).astype(np.int64)


def _births() -> Table:
    # Children a woman in 194 countries, every five years from 1960 to 1985; positive are the countries
    # with more than most in 2010.
    columns = imported("statsmodels.datasets.fertility").load_pandas().data
    known = columns[[*map(str, range(1960, 1986, 5)), "2010"]].dropna().to_numpy(dtype=np.float64)
    return known[:, :-1].astype(np.float32), above_median(known[:, -1]).astype(np.int64)


def _trend(rows: int, rng: np.random.Generator) -> Rows:
    # 24 readings that rise or fall beneath noise in which each reading takes after the one before.
    labels = rng.integers(2, size=rows)
    slope = np.where(labels == 1, 1, -1) * rng.uniform(0.3, 2.0, rows)
    noise = rng.normal(size=(rows, 24))
    for place in range(1, 24):
        noise[:, place] += 0.6 * noise[:, place - 1]
    features = slope[:, None] * np.linspace(-1, 1, 24) + noise + rng.normal(size=(rows, 1))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _range(rows: int, rng: np.random.Generator) -> Rows:
    # Positive where four of six columns lie far apart, by the largest less the smallest.
    features = rng.normal(size=(rows, 6))
    middle = 1.98  # the median of that range
    return Rows(features.astype(np.float32), (np.ptp(features[:, :4], axis=1) > middle).astype(np.int64))


def _islands(rows: int, rng: np.random.Generator) -> Rows:
    # Three round islands in a square sea, of as much land as water.
    points = rng.uniform(-1.0, 1.0, size=(rows, 2))
    towards = 2 * np.pi * (np.arange(3) / 3 + 0.25)
    centers = 0.54 * np.stack([np.cos(towards), np.sin(towards)], axis=1)
    nearest = np.linalg.norm(points[:, None] - centers, axis=2).min(axis=1)
    return Rows(points.astype(np.float32), (nearest + 0.02 * rng.normal(size=rows) < 0.46).astype(np.int64))


def _turns_left(rows: int, rng: np.random.Generator) -> Rows:
    # Three points on a way, and three idle columns; positive where the way turns left at the second.
    points = rng.normal(size=(rows, 3, 2))
    (across, up), (further, higher) = (points[:, step + 1].T - points[:, step].T for step in range(2))
    features = np.concatenate([points.reshape(rows, 6), rng.normal(size=(rows, 3))], axis=1)
    return Rows(features.astype(np.float32), (across * higher > up * further).astype(np.int64))


_PIPS: Final = (
    ((2, 2),),
    ((0, 0), (4, 4)),
    ((0, 0), (2, 2), (4, 4)),
    ((0, 0), (0, 4), (4, 0), (4, 4)),
    ((0, 0), (0, 4), (2, 2), (4, 0), (4, 4)),
    ((0, 0), (0, 4), (2, 0), (2, 4), (4, 0), (4, 4)),
)
"""Where a die has its pips, by (down, over) within 5 by 5 pixels."""


def _dice(rows: int, rng: np.random.Generator) -> Rows:
    # Dice anywhere in a noisy image, of paler or darker pips; positive are the odd ones.
    faces = np.zeros((6, 5, 5))
    for face, pips in enumerate(_PIPS):
        faces[face][tuple(np.transpose(pips))] = 1.0
    thrown = rng.integers(6, size=rows)
    images = 0.35 * rng.random((rows, SIDE, SIDE))
    down, over = (rng.integers(SIDE - 5 + 1, size=rows) for _ in range(2))
    ink = rng.uniform(0.4, 0.65, rows)
    for row in range(rows):
        images[row, down[row] : down[row] + 5, over[row] : over[row] + 5] += ink[row] * faces[thrown[row]]
    return Rows(images[..., None].astype(np.float32), (thrown % 2 == 0).astype(np.int64))


def _chevrons(rows: int, rng: np.random.Generator) -> Rows:
    # Signs of a bend anywhere in a noisy image; positive are those that point to the right.
    line = np.arange(5)
    signs = np.zeros((2, 5, 3))
    signs[0, line, np.abs(line - 2)] = 1.0
    signs[1, line, 2 - np.abs(line - 2)] = 1.0
    labels = rng.integers(2, size=rows)
    images = 0.35 * rng.random((rows, SIDE, SIDE))
    down, over = rng.integers(SIDE - 5 + 1, size=rows), rng.integers(SIDE - 3 + 1, size=rows)
    ink = rng.uniform(0.5, 0.65, rows)
    for row in range(rows):
        images[row, down[row] : down[row] + 5, over[row] : over[row] + 3] += ink[row] * signs[labels[row]]
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _lit_side(rows: int, rng: np.random.Generator) -> Rows:
    # A mottled wall, lit from the right or from the left.
    along = np.linspace(-1, 1, SIDE)
    labels = rng.integers(2, size=rows)
    light = np.where(labels == 1, 1, -1) * rng.uniform(0.02, 0.15, rows)
    pace, phase = rng.uniform(1.5, 5.0, (2, rows, 1, 1)), rng.uniform(0, 2 * np.pi, (2, rows, 1, 1))
    mottled = np.sin(pace[0] * along[:, None] + phase[0]) * np.sin(pace[1] * along + phase[1])
    images = 0.5 + light[:, None, None] * along + 0.15 * mottled + 0.3 * (rng.random(mottled.shape) - 0.5)
    return Rows(images[..., None].astype(np.float32), labels.astype(np.int64))


def _spam(rows: int, rng: np.random.Generator) -> Rows:
    # Messages of 4 to 12 words, padded behind; a few of one dozen words in spam, of another in the rest.
    labels = rng.integers(2, size=rows)
    length = rng.integers(4, TOKENS + 1, size=rows)
    tokens = rng.integers(25, VOCABULARY, size=(rows, TOKENS))
    told = rng.random((rows, TOKENS)) < 0.35
    right = np.where(rng.random((rows, TOKENS)) < 0.85, labels[:, None], 1 - labels[:, None])
    tokens = np.where(told, 1 + 12 * right + rng.integers(12, size=(rows, TOKENS)), tokens)
    tokens[np.arange(TOKENS) >= length[:, None]] = 0
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _sticky_states(rows: int, rng: np.random.Generator) -> Rows:
    # A machine in one of five states, which it leaves at nearly every step or at every second one.
    states = 5
    labels = rng.integers(2, size=rows)
    leaves = rng.random((rows, TOKENS)) < np.where(labels == 1, 0.45, 0.95)[:, None]
    steps = np.where(leaves, rng.integers(1, states, size=(rows, TOKENS)), 0)
    tokens = 1 + (rng.integers(states, size=(rows, 1)) + steps.cumsum(axis=1)) % states
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _alarm_early(rows: int, rng: np.random.Generator) -> Rows:
    # One alarm, of two kinds, among other events; positive where it comes in the first half.
    tokens = rng.integers(3, 15, size=(rows, TOKENS))
    place = rng.integers(TOKENS, size=rows)
    tokens[np.arange(rows), place] = rng.integers(1, 3, size=rows)
    return Rows(tokens.astype(np.int32), (place < TOKENS // 2).astype(np.int64))


EXERCISE_DATA_SETS: Final[dict[str, DataSet]] = {
    "co2_rises": DataSet(Kind.TABLE, "columns", read_once(_carbon_dioxide), is_short=True, is_linear=True),
    "elnino_warm": DataSet(Kind.TABLE, "weak", read_once(_el_nino), is_short=True, is_linear=True),
    "births_high": DataSet(Kind.TABLE, "small", read_once(_births), is_short=True, is_linear=True),
    "trend_up": DataSet(Kind.TABLE, "linear", _trend, is_linear=True),
    "range_wide": DataSet(Kind.TABLE, "surface", _range),
    "islands": DataSet(Kind.TABLE, "curved", _islands),
    "turns_left": DataSet(Kind.TABLE, "saddle", _turns_left),
    "dice_odd": DataSet(Kind.IMAGE, "digits", _dice),
    "chevrons": DataSet(Kind.IMAGE, "drawn", _chevrons),
    "lit_side": DataSet(Kind.IMAGE, "drawn", _lit_side, is_linear=True),
    "spam": DataSet(Kind.SEQUENCE, "words", _spam, is_linear=True),
    "sticky_states": DataSet(Kind.SEQUENCE, "positions", _sticky_states),
    "alarm_early": DataSet(Kind.SEQUENCE, "positions", _alarm_early),
}
