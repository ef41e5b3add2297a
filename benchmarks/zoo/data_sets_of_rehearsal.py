"""The data sets of the block ``rehearsal``: real ones from statsmodels and scikit-learn, and generated ones.

No row and no generator occurs in the other blocks.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn import datasets as bundled

from benchmarks.zoo.packaged import imported, read_once, statsmodels_table
from benchmarks.zoo.rows import VOCABULARY, DataSet, Features, Kind, Labels, Rows, above_median

TOKENS: Final = 15
"""Length of every token sequence."""
SIDE: Final = 9
"""Height and width of every image, in pixels."""


def _drawn_by(logit: npt.NDArray[np.float64], rng: np.random.Generator) -> Labels:
    """Return labels drawn with the probabilities that these logits stand for."""
    return (rng.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(np.int64)


def _one_hot(values: npt.NDArray[np.int64], kinds: int) -> npt.NDArray[np.float64]:
    return np.eye(kinds)[values]


def _trips() -> tuple[Features, Labels]:
    # Four ways to travel are offered to each of 210 travellers; positive is the one that was taken.
    columns = imported("statsmodels.datasets.modechoice").load_pandas().data
    ways = _one_hot(columns["mode"].to_numpy(dtype=np.int64) - 1, 4)
    numbers = columns[["ttme", "invc", "invt", "gc", "hinc", "psize"]].to_numpy()
    features = np.concatenate([numbers, ways], axis=1)
    return features.astype(np.float32), columns["choice"].to_numpy(dtype=np.int64)


def _photo_patches() -> tuple[Features, Labels]:
    # Grey patches of two photographs, a temple and a flower, side by side without overlap.
    patches, labels = [], []
    for label, name in enumerate(("china.jpg", "flower.jpg")):
        grey = bundled.load_sample_image(name).mean(axis=2) / 255
        high, wide = grey.shape[0] // SIDE, grey.shape[1] // SIDE
        tiles = grey[: high * SIDE, : wide * SIDE].reshape(high, SIDE, wide, SIDE).swapaxes(1, 2)
        patches.append(tiles.reshape(-1, SIDE, SIDE, 1))
        labels.append(np.full(high * wide, label))
    return np.concatenate(patches).astype(np.float32), np.concatenate(labels).astype(np.int64)


def _customers(rows: int, rng: np.random.Generator) -> Rows:
    # Months, payments, calls, and one column for every contract, region and device; some leave.
    months, payment = rng.gamma(2.0, 12.0, rows), rng.lognormal(3.5, 0.4, rows)
    calls = rng.poisson(1.5 + 0.02 * payment)
    contract, device = rng.integers(3, size=rows), rng.integers(6, size=rows)
    region = rng.choice(12, size=rows, p=np.arange(12, 0, -1) / 78)
    bills = payment[:, None] * np.exp(0.1 * rng.normal(size=(rows, 6)))  # of the last six months
    logit = 1.6 * (calls - 2.2) - 0.06 * (months - 24) + np.array([2.0, 0.0, -2.0])[contract]
    logit += np.array([0.8, -0.8, 0.4, -0.4, 0.0, 0.0])[device] + 0.04 * (payment - 35)
    numbers = np.stack([months, payment, calls, months * payment / 100], axis=1)
    flags = [_one_hot(contract, 3), _one_hot(device, 6), _one_hot(region, 12)]
    return Rows(np.concatenate([numbers, bills, *flags], axis=1).astype(np.float32), _drawn_by(logit, rng))


def _spectra(rows: int, rng: np.random.Generator) -> Rows:
    # Five peaks over 32 channels on a baseline that tilts; of two, one higher peak makes a positive.
    channels = np.arange(32)
    peaks = np.exp(-(((channels - np.array([[5], [11], [16], [22], [27]])) / 1.8) ** 2) / 2)
    heights = rng.gamma(4.0, 0.25, size=(rows, 5))
    tilt = rng.normal(size=(rows, 1)) * (channels - 15.5) / 30 + rng.normal(size=(rows, 1))
    features = heights @ peaks + tilt + 0.1 * rng.normal(size=(rows, 32))
    return Rows(features.astype(np.float32), (heights[:, 1] > heights[:, 3]).astype(np.int64))


def _vibration(rows: int, rng: np.random.Generator) -> Rows:
    # 14 readings of a vibration of any phase and one of many paces; positive where it is strong.
    labels = rng.integers(2, size=rows)
    strength = np.where(labels == 1, rng.uniform(1.2, 2.0, rows), rng.uniform(0.2, 1.0, rows))[:, None]
    phase, pace = rng.uniform(0, 2 * np.pi, (rows, 1)), rng.uniform(0.5, 1.1, (rows, 1))
    features = strength * np.sin(pace * np.arange(14) + phase) + 0.25 * rng.normal(size=(rows, 14))
    return Rows(features.astype(np.float32), labels.astype(np.int64))


def _sectors(rows: int, rng: np.random.Generator) -> Rows:
    # Six sectors of a disc, of either class in turn.
    angle, radius = rng.uniform(0, 2 * np.pi, rows), np.sqrt(rng.uniform(0.02, 1.0, rows))
    labels = np.sin(3 * angle + 0.4) > 0
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Rows((points + 0.02 * rng.normal(size=(rows, 2))).astype(np.float32), labels.astype(np.int64))


def _categories_match(rows: int, rng: np.random.Generator) -> Rows:
    # Two categories of four values, a column for each value, and four idle columns; positive where the two
    # categories agree.
    labels = rng.integers(2, size=rows)
    first = rng.integers(4, size=rows)
    second = (first + np.where(labels == 1, 0, rng.integers(1, 4, size=rows))) % 4
    idle = rng.normal(size=(rows, 4))
    features = np.concatenate([_one_hot(first, 4), _one_hot(second, 4), idle], axis=1)
    return Rows(features.astype(np.float32), labels.astype(np.int64))


_LETTERS: Final = {
    "A": (".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "E": ("#####", "#....", "#....", "####.", "#....", "#....", "#####"),
    "I": (".###.", "..#..", "..#..", "..#..", "..#..", "..#..", ".###."),
    "O": (".###.", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
    "U": ("#...#", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
    "F": ("#####", "#....", "#....", "####.", "#....", "#....", "#...."),
    "H": ("#...#", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "L": ("#....", "#....", "#....", "#....", "#....", "#....", "#####"),
    "T": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."),
    "X": ("#...#", "#...#", ".#.#.", "..#..", ".#.#.", "#...#", "#...#"),
}
"""Five vowels and five consonants of 7 by 5 pixels."""


def _letters(rows: int, rng: np.random.Generator) -> Rows:
    # Letters as faxed: anywhere in the image, paler or darker, with pixels missing; positive are vowels.
    shapes = np.array([[[pixel == "#" for pixel in line] for line in lines] for lines in _LETTERS.values()])
    letters = rng.integers(len(shapes), size=rows)
    ink = rng.uniform(0.5, 1.0, (rows, 1, 1)) * shapes[letters] * (rng.random((rows, 7, 5)) < 0.93)
    images = 0.3 * rng.random((rows, SIDE, SIDE))
    down, over = rng.integers(SIDE - 7 + 1, size=rows), rng.integers(2, 4, size=rows)
    for row in range(rows):
        images[row, down[row] : down[row] + 7, over[row] : over[row] + 5] += 0.7 * ink[row]
    return Rows(images[..., None].astype(np.float32), (letters < 5).astype(np.int64))


def _gaps(rows: int, rng: np.random.Generator) -> Rows:
    # Rings with a gap, as opticians show them; positive where it is on the left or on the right.
    grid = np.arange(SIDE)
    side = rng.integers(4, size=rows)  # right, below, left, above
    radius = rng.uniform(2.3, 3.3, rows)[:, None, None]
    height, across = (rng.uniform(3.6, SIDE - 4.6, rows)[:, None, None] for _ in range(2))
    down, right = grid[None, :, None] - height, grid[None, None, :] - across
    ring = np.abs(np.hypot(down, right) - radius) < 0.8
    turned = np.angle(np.exp(1j * (np.arctan2(down, right) - side[:, None, None] * np.pi / 2)))
    images = 0.3 * rng.random((rows, SIDE, SIDE))
    images += rng.uniform(0.4, 0.7, (rows, 1, 1)) * (ring & (np.abs(turned) > 0.5))
    return Rows(images[..., None].astype(np.float32), (side % 2 == 0).astype(np.int64))


def _reviews(rows: int, rng: np.random.Generator) -> Rows:
    # Texts of 5 to 15 words, padded in front, rare words as in real ones; a third of the words carry praise
    # or blame.
    carried = np.zeros(VOCABULARY)
    carried[1::6], carried[4::6] = 1.0, -1.0
    carried *= np.random.default_rng(19).uniform(0.5, 1.5, VOCABULARY)
    shares = 1 / (np.arange(1, VOCABULARY) + 5)
    tokens = rng.choice(np.arange(1, VOCABULARY), size=(rows, TOKENS), p=shares / shares.sum())
    length = rng.integers(5, TOKENS + 1, size=rows)
    tokens[np.arange(TOKENS) < (TOKENS - length)[:, None]] = 0
    return Rows(tokens.astype(np.int32), _drawn_by(4 * carried[tokens].sum(axis=1), rng))


def _click_paths(rows: int, rng: np.random.Generator) -> Rows:
    # Walks over seven pages in a ring: of three steps two go on in one class and back in the other.
    pages = 7
    labels = rng.integers(2, size=rows)
    towards = np.where(labels == 1, 1, -1)[:, None]
    steps = np.where(rng.random((rows, TOKENS)) < 2 / 3, towards, rng.integers(pages, size=(rows, TOKENS)))
    tokens = 1 + (rng.integers(pages, size=(rows, 1)) + steps.cumsum(axis=1)) % pages
    return Rows(tokens.astype(np.int32), labels.astype(np.int64))


def _last_switch(rows: int, rng: np.random.Generator) -> Rows:
    # Something is switched on (1) and off (2) among other events; positive where it is on at the end.
    tokens = rng.integers(3, 9, size=(rows, TOKENS))
    switched = rng.random((rows, TOKENS)) < 0.25
    switched[np.arange(rows), rng.integers(TOKENS, size=rows)] = True
    tokens[switched] = rng.integers(1, 3, size=int(switched.sum()))
    last = TOKENS - 1 - switched[:, ::-1].argmax(axis=1)
    return Rows(tokens.astype(np.int32), (tokens[np.arange(rows), last] == 1).astype(np.int64))


def _unemployed(columns: Any) -> Any:
    return above_median(columns["unemp"])


REHEARSAL_DATA_SETS: Final[dict[str, DataSet]] = {
    "customers_leave": DataSet(Kind.TABLE, "columns", _customers, is_linear=True),
    "trip_taken": DataSet(Kind.TABLE, "weak", read_once(_trips), is_short=True, is_linear=True),
    "macro_unemployed": DataSet(
        Kind.TABLE,
        "small",
        statsmodels_table("macrodata", _unemployed, ("unemp",)),
        is_short=True,
        is_linear=True,
    ),
    "spectra": DataSet(Kind.TABLE, "linear", _spectra, is_linear=True),
    "vibration": DataSet(Kind.TABLE, "surface", _vibration),
    "sectors": DataSet(Kind.TABLE, "curved", _sectors),
    "categories_match": DataSet(Kind.TABLE, "saddle", _categories_match),
    "letters_vowel": DataSet(Kind.IMAGE, "digits", _letters),
    "rings_gap": DataSet(Kind.IMAGE, "drawn", _gaps),
    "photo_patches": DataSet(Kind.IMAGE, "drawn", read_once(_photo_patches), is_linear=True),
    "reviews": DataSet(Kind.SEQUENCE, "words", _reviews, is_linear=True),
    "click_paths": DataSet(Kind.SEQUENCE, "positions", _click_paths),
    "last_switch": DataSet(Kind.SEQUENCE, "positions", _last_switch),
}
