"""Boosted stumps, added up into the points of a scorecard.

A tree with one split says what one fact adds, so a sum of such trees is a sum over facts of step functions
(Friedman 2001, doi:10.1214/aos/1013203451; Lou, Caruana and Gehrke 2012, doi:10.1145/2339530.2339556).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from lightgbm import LGBMClassifier

from benchmarks.ceiling.facts import FloatArray, Row
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.verdicts.scorecard import Characteristic, Points, Scorecard
from mlflow_bce_monitor.verdicts.second_opinion import NOT_FITTED_ON, WORDS

VERDICTS: Final = (
    *(Verdict.LEARNING, Verdict.ESCAPED, Verdict.SLOW, Verdict.STALLED),
    *(Verdict.OVERFITTING, Verdict.UNSTABLE, Verdict.DIVERGED),
)
"""What a course can be; the others are about what the numbers are of."""

FACTS: Final = tuple(sorted(WORDS))
"""What it looks at: the facts about curves and predictions that stumps over all 57 of them gain most by. What
was set (a rate, a width, the epochs) is the causes' business: it says what a run was meant to be."""

SEEDS: Final = (0, 1, 2)
"""Of the facts that each round may choose from; the points are means over these."""

SETTINGS: Final = {
    "num_leaves": 2,
    "n_estimators": 250,
    "learning_rate": 0.07,
    "min_child_samples": 8,
    "colsample_bytree": 0.5,
    "max_bin": 32,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbose": -1,
}


def is_fitted_on(row: Row, verdict: Verdict) -> bool:
    """Whether a run is of the kinds that the scorecard is about."""
    return verdict in VERDICTS and "end_level" in row and not any(row.get(kind) for kind in NOT_FITTED_ON)


def fit(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> Scorecard:
    """Return the scorecard of some runs.

    Parameters
    ----------
    rows
        Facts of each run, by name.
    verdicts
        What is true of each.

    Raises
    ------
    ValueError
        When a verdict is true of none of the runs: a scorecard would never give it.
    """
    own = [(row, of) for row, of in zip(rows, verdicts, strict=True) if is_fitted_on(row, of)]
    missing = set(VERDICTS) - {of for _, of in own}
    if missing:
        raise ValueError(f"no run is {', '.join(sorted(missing))}; a scorecard takes runs of every verdict")
    matrix = numbers_of([row for row, _ in own])
    answers = [VERDICTS.index(of) for _, of in own]
    splits = [split for seed in SEEDS for split in _splits(matrix, answers, seed)]
    raw = [_characteristic(place, splits, matrix[:, place]) for place in range(len(FACTS))]
    # Verdicts are told from each other by differences: what a fact adds on average belongs to the base.
    means = [_mean(one, matrix[:, place]) for place, one in enumerate(raw)]
    base = np.sum([*means, *(_everywhere(split) for split in splits if split.place is None)], axis=0)
    asked = {split.place for split in splits}
    used = [
        _less(one, mean) for place, (one, mean) in enumerate(zip(raw, means, strict=True)) if place in asked
    ]
    return Scorecard(VERDICTS, _points(base), tuple(used))


def numbers_of(rows: Sequence[Row]) -> FloatArray:
    """Return shape (n_runs, n_facts), NaN where a fact is not known."""
    return np.array([[float(row.get(fact, math.nan)) for fact in FACTS] for row in rows], dtype=np.float64)


class _Split(NamedTuple):
    """One stump: what it adds to one verdict on either side of a cut, and where the fact is not known.

    Attributes
    ----------
    place
        Of the fact; None for a stump that found nothing to split, which adds ``left`` everywhere.
    """

    verdict: int
    place: int | None
    cut: float
    left: float
    right: float
    unknown: float


def _splits(matrix: FloatArray, answers: Sequence[int], seed: int) -> Iterator[_Split]:
    booster = LGBMClassifier(**SETTINGS, random_state=seed).fit(matrix, answers).booster_
    for number, tree in enumerate(booster.dump_model()["tree_info"]):
        yield _split(number % len(VERDICTS), tree["tree_structure"])


def _split(verdict: int, root: Mapping[str, Any]) -> _Split:
    share = 1.0 / len(SEEDS)
    if "split_feature" not in root:
        return _Split(verdict, None, math.nan, share * root["leaf_value"], 0.0, 0.0)
    left, right = (share * root[side]["leaf_value"] for side in ("left_child", "right_child"))
    unknown = left if root["default_left"] else right
    return _Split(verdict, root["split_feature"], root["threshold"], left, right, unknown)


def _characteristic(place: int, splits: Sequence[_Split], numbers: FloatArray) -> Characteristic:
    own = [split for split in splits if split.place == place]
    known = numbers[~np.isnan(numbers)]
    lowest, highest = float(known.min(initial=math.inf)), float(known.max(initial=-math.inf))
    # A cut beyond all numbers parts the runs that know the fact from those that do not.
    cuts = sorted({split.cut for split in own if lowest <= split.cut < highest})
    bins = np.zeros((len(cuts) + 1, len(VERDICTS)))
    unknown = np.zeros(len(VERDICTS))
    for split in own:
        # A number on a cut belongs to the lower bin.
        after = len(bins) if split.cut >= highest else bisect_right(cuts, split.cut)
        bins[:after, split.verdict] += split.left
        bins[after:, split.verdict] += split.right
        unknown[split.verdict] += split.unknown
    if known.size == numbers.size:
        # Nothing was learned about runs without it: they get what runs get on average.
        unknown = bins[np.searchsorted(cuts, known)].mean(axis=0)
    return Characteristic(
        fact=FACTS[place],
        lowest=lowest,
        highest=highest,
        cuts=tuple(cuts),
        bins=tuple(map(_points, bins)),
        unknown=_points(unknown),
    )


def _everywhere(split: _Split) -> FloatArray:
    added = np.zeros(len(VERDICTS))
    added[split.verdict] = split.left
    return added


def _mean(one: Characteristic, numbers: FloatArray) -> FloatArray:
    return np.mean([one.points(number) for number in numbers], axis=0, dtype=np.float64)


def _less(one: Characteristic, mean: FloatArray) -> Characteristic:
    return replace(
        one,
        bins=tuple(_points(np.array(points) - mean) for points in one.bins),
        unknown=_points(np.array(one.unknown) - mean),
    )


def _points(values: FloatArray) -> Points:
    return tuple(map(float, values))
