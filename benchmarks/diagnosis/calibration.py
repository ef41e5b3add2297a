"""Whether probabilities mean what they say: of the answers stated with 80 %, 80 % should be right.

The expected calibration error is sum over bins of (answers in the bin / all answers) x
|share right - mean stated probability| (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML, section 2),
over bins of equal numbers of answers instead of equal widths (Nixon et al. 2019, "Measuring
Calibration in Deep Learning", CVPR workshops): stated probabilities crowd near 1, and bins with two
answers in them say nothing.

With few answers the error is above 0 even where every probability is exact, because the share of
right answers in a bin scatters. ``attainable`` is what exact probabilities would get: the mean
over simulated draws in which each answer is right with its own stated probability.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.diagnosis.shares import Share

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

N_BINS: Final = 10
TENTHS: Final = 10
DRAWS: Final = 1000
"""Simulated draws: the mean error of exact probabilities is then known to about 0.001."""
SEED: Final = 20_260_317


@dataclass(frozen=True)
class Bin:
    """Some answers of similar probability.

    Attributes
    ----------
    confidence
        Mean stated probability.
    low, high
        Smallest and largest stated probability.
    right
        The right answers among them.
    """

    confidence: float
    low: float
    high: float
    right: Share


@dataclass(frozen=True)
class Calibration:
    """Stated probabilities against what came true.

    Attributes
    ----------
    n
        Answers.
    right
        Those that were right.
    confidence
        Mean stated probability, NaN without answers.
    error
        Expected calibration error in [0, 1], NaN without answers.
    attainable, attainable_95
        Mean and 95 % quantile of the error of exact probabilities, by simulation.
    brier
        Mean squared distance of probability and outcome (Brier 1950), NaN without answers.
    bins
        From the least to the most probable.
    tenths
        Answers stated with [0, 0.1), [0.1, 0.2), ..., [0.9, 1].
    """

    n: int
    right: Share
    confidence: float
    error: float
    attainable: float
    attainable_95: float
    brier: float
    bins: tuple[Bin, ...]
    tenths: tuple[int, ...]


def calibration(answers: Sequence[tuple[float, bool]], n_bins: int = N_BINS) -> Calibration:
    """Return the calibration of some answers.

    Parameters
    ----------
    answers
        (stated probability in [0, 1], whether the answer was right) of each.
    n_bins
        Number of bins; with fewer answers, one bin an answer.

    Raises
    ------
    ValueError
        When a probability is outside [0, 1].
    """
    stated = np.array([probability for probability, _ in answers], dtype=np.float64)
    right = np.array([is_right for _, is_right in answers], dtype=np.bool_)
    # Probabilities are sums of floats, so 1 may be exceeded by their last digit.
    if not ((stated >= 0) & (stated <= 1 + 1e-9)).all():
        raise ValueError(f"a probability lies in [0, 1], got {stated.min()} to {stated.max()}")
    if not len(stated):
        nan = float("nan")
        return Calibration(0, Share(0, 0), nan, nan, nan, nan, nan, (), (0,) * TENTHS)
    order = np.argsort(stated, kind="stable")
    stated, right = np.minimum(stated[order], 1.0), right[order]
    edges = _edges(len(stated), n_bins)
    drawn = np.random.default_rng(SEED).random((DRAWS, len(stated))) < stated
    errors = _errors(stated, drawn, edges)
    return Calibration(
        n=len(stated),
        right=Share(int(right.sum()), len(right)),
        confidence=float(stated.mean()),
        error=float(_errors(stated, right[np.newaxis], edges)[0]),
        attainable=float(errors.mean()),
        attainable_95=float(np.quantile(errors, 0.95)),
        brier=float(np.mean((stated - right) ** 2)),
        bins=tuple(_bin(stated[start:end], right[start:end]) for start, end in itertools.pairwise(edges)),
        tenths=tuple(np.histogram(stated, TENTHS, (0.0, 1.0))[0].tolist()),
    )


def _edges(n: int, n_bins: int) -> list[int]:
    """Return the borders of bins whose sizes differ by one at most."""
    n_bins = min(n, n_bins)
    return [round(place * n / n_bins) for place in range(n_bins + 1)]


def _errors(stated: FloatArray, right: BoolArray, edges: Sequence[int]) -> FloatArray:
    """Return the error of every row of ``right``, shape (n_draws, n_answers); answers in order."""
    surplus = np.add.reduceat(right - stated, edges[:-1], axis=1)
    return np.asarray(np.abs(surplus).sum(axis=1) / len(stated))


def _bin(stated: FloatArray, right: BoolArray) -> Bin:
    return Bin(
        confidence=float(stated.mean()),
        low=float(stated[0]),
        high=float(stated[-1]),
        right=Share(int(right.sum()), len(right)),
    )
