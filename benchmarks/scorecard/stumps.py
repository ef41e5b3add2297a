"""Boosted stumps, added up into the points of a scorecard.

A tree with one split says what one fact adds, so a sum of such trees is a sum over facts of step functions
(Friedman 2001, doi:10.1214/aos/1013203451; Lou, Caruana and Gehrke 2012, doi:10.1145/2339530.2339556).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from lightgbm import LGBMClassifier

from benchmarks.ceiling.facts import FloatArray
from mlflow_bce_monitor.scorecards import Characteristic, Scorecard
from mlflow_bce_monitor.scorecards.scorecard import Points

SETTINGS: Final[Mapping[str, Any]] = {
    "objective": "multiclass",  # of two answers as well: a tree for each
    "num_leaves": 2,
    "min_child_samples": 8,
    "max_bin": 32,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbose": -1,
}
"""Of every fit: bins of several runs each keep the steps few."""


@dataclass(frozen=True, eq=False)
class Answered:
    """Runs with what is true of them.

    Attributes
    ----------
    facts
        Names of the facts.
    numbers
        Shape (n_rows, n_facts), NaN where a fact is not known.
    answers
        Place of the true answer of each row.
    weights
        How often each row counts.
    """

    facts: Sequence[str]
    numbers: FloatArray
    answers: Sequence[int]
    weights: Sequence[float]

    def only(self, facts: Sequence[str]) -> Answered:
        """Return the same runs with some of the facts."""
        places = [list(self.facts).index(fact) for fact in facts]
        return replace(self, facts=facts, numbers=self.numbers[:, places])


def numbers_of(rows: Iterable[Mapping[str, Any]], facts: Sequence[str]) -> FloatArray:
    """Return shape (n_runs, n_facts), NaN where a fact is not known."""
    return np.array([[float(row.get(fact, math.nan)) for fact in facts] for row in rows], dtype=np.float64)


def gains(runs: Answered, **settings: Any) -> dict[str, float]:
    """Return how much each fact tells: by what its splits improve the fit."""
    booster = _boosted(runs, {**settings, "random_state": 0})
    return dict(zip(runs.facts, map(float, booster.feature_importance("gain")), strict=True))


def fit_stumps(
    runs: Answered,
    answers: Sequence[str],
    seeds: Sequence[int] = (0,),
    *,
    unknown_tells: bool,
    **settings: Any,
) -> Scorecard:
    """Return the scorecard of some runs.

    Parameters
    ----------
    runs
        Each of the answers is true of some.
    answers
        What is told apart.
    seeds
        Of the facts that each round may choose from; the points are means over these.
    unknown_tells
        Whether it says something that a fact is not known. If not, such a fact gets no points.
    settings
        Of the boosting, beside :data:`SETTINGS`.

    Raises
    ------
    ValueError
        When an answer is true of none of the runs: a scorecard would never give it.
    """
    there = set(runs.answers)
    missing = [answer for place, answer in enumerate(answers) if place not in there]
    if missing:
        raise ValueError(f"no run is {', '.join(missing)}; a scorecard takes runs of every answer")
    width = len(answers)
    splits = [
        split
        for seed in seeds
        for split in _splits(_boosted(runs, {**settings, "random_state": seed}), width, 1.0 / len(seeds))
    ]
    columns = list(zip(runs.facts, runs.numbers.T, strict=True))
    raw = [
        _characteristic(fact, [split for split in splits if split.place == place], numbers, width)
        for place, (fact, numbers) in enumerate(columns)
    ]
    # Answers are told from each other by differences: what a fact adds on average belongs to the base.
    weights = np.asarray(runs.weights, dtype=np.float64)
    means = [_mean(one, numbers, weights) for one, (_, numbers) in zip(raw, columns, strict=True)]
    nowhere = [_everywhere(split, width) for split in splits if split.place is None]
    asked = {split.place for split in splits}
    told = [
        _less(one, mean) for place, (one, mean) in enumerate(zip(raw, means, strict=True)) if place in asked
    ]
    if not unknown_tells:
        told = [replace(one, unknown=(0.0,) * width) for one in told]
    return Scorecard(tuple(answers), _points(np.sum([*means, *nowhere], axis=0)), tuple(told))


def _boosted(runs: Answered, settings: Mapping[str, Any]) -> Any:
    model = LGBMClassifier(**{**SETTINGS, **settings, "num_class": len(set(runs.answers))})
    return model.fit(runs.numbers, list(runs.answers), sample_weight=list(runs.weights)).booster_


class _Split(NamedTuple):
    """One stump: what it adds to one answer on either side of a cut, and where the fact is not known.

    Attributes
    ----------
    place
        Of the fact; None for a stump that found nothing to split, which adds ``left`` everywhere.
    """

    answer: int
    place: int | None
    cut: float
    left: float
    right: float
    unknown: float


def _splits(booster: Any, width: int, share: float) -> Iterator[_Split]:
    for number, tree in enumerate(booster.dump_model()["tree_info"]):
        yield _split(number % width, tree["tree_structure"], share)


def _split(answer: int, root: Mapping[str, Any], share: float) -> _Split:
    if "split_feature" not in root:
        return _Split(answer, None, math.nan, share * root["leaf_value"], 0.0, 0.0)
    left, right = (share * root[side]["leaf_value"] for side in ("left_child", "right_child"))
    unknown = left if root["default_left"] else right
    return _Split(answer, root["split_feature"], root["threshold"], left, right, unknown)


def _characteristic(fact: str, splits: Sequence[_Split], numbers: FloatArray, width: int) -> Characteristic:
    known = numbers[~np.isnan(numbers)]
    lowest, highest = float(known.min(initial=math.inf)), float(known.max(initial=-math.inf))
    # A cut beyond all numbers parts the runs that know the fact from those that do not.
    cuts = sorted({split.cut for split in splits if lowest <= split.cut < highest})
    bins = np.zeros((len(cuts) + 1, width))
    unknown = np.zeros(width)
    for split in splits:
        # A number on a cut belongs to the lower bin.
        after = len(bins) if split.cut >= highest else bisect_right(cuts, split.cut)
        bins[:after, split.answer] += split.left
        bins[after:, split.answer] += split.right
        unknown[split.answer] += split.unknown
    if known.size == numbers.size:
        # Nothing was learned about runs without it: they get what runs get on average.
        unknown = bins[np.searchsorted(cuts, known)].mean(axis=0)
    return Characteristic(fact, lowest, highest, tuple(cuts), tuple(map(_points, bins)), _points(unknown))


def _everywhere(split: _Split, width: int) -> FloatArray:
    added = np.zeros(width)
    added[split.answer] = split.left
    return added


def _mean(one: Characteristic, numbers: FloatArray, weights: FloatArray) -> FloatArray:
    added = np.array([one.rows[one.row(number)] for number in numbers])
    return np.asarray(np.average(added, axis=0, weights=weights))


def _less(one: Characteristic, mean: FloatArray) -> Characteristic:
    return replace(
        one,
        bins=tuple(_points(np.array(points) - mean) for points in one.bins),
        unknown=_points(np.array(one.unknown) - mean),
    )


def _points(values: FloatArray) -> Points:
    return tuple(map(float, values))
