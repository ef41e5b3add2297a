"""Whether fitted probabilities hold on data sets and architectures that the fit did not see."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.calibration.fit import Strength, fit, probabilities
from benchmarks.calibration.samples import ALONE, AS_LOGGED, BARE, INSIDE_VIEWS, Sample
from benchmarks.calibration.together import fit_together, pooled_probabilities
from benchmarks.diagnosis.calibration import calibration
from benchmarks.diagnosis.cases import answer_of
from mlflow_bce_monitor.contract import UNKNOWN

N_FOLDS: Final = 8
SEED: Final = 0

LEAST_LIKELY: Final = 1e-6
"""A true cause that was ruled out counts as this probable, or one run would decide everything."""


@dataclass(frozen=True)
class Report:
    """Out-of-fold answers about the runs as they were logged.

    Attributes
    ----------
    n
        Runs.
    log_loss
        Mean of -ln P(one of the true causes), nats.
    top_1, top_3
        Share with a true cause first, among the first three; causes that nothing logged can separate
        count as one.
    error, attainable
        Expected calibration error of the most probable named cause, and that of exact probabilities
        for as many answers.
    sure
        (right, all) of the named causes stated first with at least 0.8.
    unknown
        Mean probability of ``unknown``.
    """

    n: int
    log_loss: float
    top_1: float
    top_3: float
    error: float
    attainable: float
    sure: tuple[int, int]
    unknown: float


REPORTED: Final = (AS_LOGGED, *(view.title for view in INSIDE_VIEWS))
"""Views that are reported on ..."""

REPORTED_APART: Final = (AS_LOGGED, BARE, ALONE, *REPORTED[1:])
"""... and those for blocks apart."""


def cross_validate(
    samples: Sequence[Sample], authors: Mapping[str, float], strength: Strength
) -> dict[str, Report]:
    """Return how well the fit does on groups that were left out, each once, by how the runs were seen."""
    stated: dict[str, list[tuple[Sample, Mapping[str, float]]]] = {}
    for held_out in folds(samples):
        fitted = fit([one for one in samples if one.group not in held_out], authors, strength)
        for one in samples:
            if one.view in REPORTED and one.group in held_out:
                stated.setdefault(one.view, []).append((one, probabilities(one, fitted)))
    return {view: report(of_view) for view, of_view in stated.items()}


@dataclass(frozen=True)
class Apart:
    """One sample, judged by what was fitted on the other blocks of the zoo.

    Attributes
    ----------
    sample
        The run.
    by_rules
        Cause to probability, by the rules alone.
    in_pool
        The same in the pool with the scorecard.
    """

    sample: Sample
    by_rules: Mapping[str, float]
    in_pool: Mapping[str, float]


def blocks_apart(
    samples: Sequence[Sample], authors: Mapping[str, float], strength: Strength
) -> Iterator[Apart]:
    """Yield every sample as the fits on all other blocks of the zoo judge it.

    Of all numbers here these come nearest to runs that nobody has seen.
    """
    for judged in sorted({one.block for one in samples}):
        others = [one for one in samples if one.block != judged]
        rules, together = fit(others, authors, strength), fit_together(others)
        for one in samples:
            if one.block == judged:
                yield Apart(one, probabilities(one, rules), pooled_probabilities(one, rules, together))


def folds(samples: Sequence[Sample]) -> list[set[tuple[str, str]]]:
    """Return the groups of each fold, dealt by a seed."""
    groups = sorted({one.group for one in samples})
    random.Random(SEED).shuffle(groups)  # noqa: S311 - deals, keeps no secret
    return [set(groups[start::N_FOLDS]) for start in range(N_FOLDS)]


def report(stated: Sequence[tuple[Sample, Mapping[str, float]]]) -> Report:
    """Return the scores of stated probabilities.

    Parameters
    ----------
    stated
        Samples with cause to probability; at least one.
    """
    log_losses, first, third, unknown = [], [], [], []
    named_first, sure = [], []
    for sample, by_cause in stated:
        ranked = _ranked(sample, by_cause)
        right = [bool(answer & sample.accepted) for answer, _ in ranked]
        log_losses.append(
            -math.log(max(sum(by_cause.get(cause, 0.0) for cause in sample.accepted), LEAST_LIKELY))
        )
        first.append(right[0])
        third.append(any(right[:3]))
        unknown.append(by_cause[UNKNOWN])
        named = [(p, ok) for (answer, p), ok in zip(ranked, right, strict=True) if UNKNOWN not in answer]
        named_first += named[:1]
        if UNKNOWN not in ranked[0][0] and ranked[0][1] >= _SURE:
            sure.append(right[0])
    found = calibration(named_first)
    return Report(
        n=len(first),
        log_loss=float(np.mean(log_losses)),
        top_1=float(np.mean(first)),
        top_3=float(np.mean(third)),
        error=found.error,
        attainable=found.attainable,
        sure=(sum(sure), len(sure)),
        unknown=float(np.mean(unknown)),
    )


_SURE: Final = 0.8


def _ranked(sample: Sample, by_cause: Mapping[str, float]) -> list[tuple[frozenset[str], float]]:
    sums: dict[frozenset[str], float] = {}
    for cause, probability in by_cause.items():
        answer = answer_of(cause, rate_known=sample.rate_known)
        sums[answer] = sums.get(answer, 0.0) + probability
    return sorted(sums.items(), key=lambda item: -item[1])
