"""Maximum likelihood of the true causes, drawn towards the authors' weights.

With m_c = prior_c * exp(sum of the weights of c's observations) and

    P(c) = m_c / (m_unknown + sum of m over the causes considered),
    m_unknown = unknown + the priors of the rules that could not be assessed,

the fit maximises sum over samples of weight * log P(one of the true causes), minus squared
distances from the authors' weights. An observation never changes sides: one that its author
says speaks for a cause may come to say nothing, but not to speak against it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.calibration.samples import Sample
from mlflow_bce_monitor.calibration import UNKNOWN_PRIOR, Calibration
from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.rules import RULES

FloatArray = npt.NDArray[np.float64]

CODES: Final = tuple(rule.code for rule in RULES)

LARGEST: Final = 7.0
"""Nats. No single observation makes odds of more than a thousand to one."""


@dataclass(frozen=True)
class Strength:
    """How strongly the fit is held back, as one over the variance allowed (nats ** -2).

    Attributes
    ----------
    pieces, verdicts, priors
        Of the observations' weights about their authors', of what the verdicts say about 0, and of the
        logarithms of the priors about their authors'.
    """

    pieces: float = 0.5
    verdicts: float = 1.0
    priors: float = 2.0


class _Layout:
    """Which parameter stands where: observations, verdicts, priors, unknown."""

    def __init__(self, authors: Mapping[str, float], samples: Sequence[Sample]) -> None:
        self.pieces = sorted(authors)
        self.verdicts = sorted({f"{code}.{one.verdict}" for one in samples for code in one.pieces})
        self.place = {name: place for place, name in enumerate([*self.pieces, *self.verdicts])}
        self.n_weights = len(self.place)
        # What speaks for a cause and was never seen with it was not put into the zoo: a share of positives
        # of a tenth, say, which is harmless there. That says nothing about the world, so it stays as it is.
        seen = {
            f"{code}.{key}" for one in samples for code in one.targets for key in one.pieces.get(code, ())
        }
        self.held = {name for name in self.pieces if authors[name] > 0 and name not in seen}
        self.priors = slice(self.n_weights, self.n_weights + len(CODES))
        self.unknown = self.n_weights + len(CODES)
        self.size = self.unknown + 1
        of_rule = {rule.code: math.log(rule.prior) for rule in RULES}
        self.centre = np.array(
            [
                *(authors[name] for name in self.pieces),
                *(0.0 for _ in self.verdicts),
                *(of_rule[code] for code in CODES),
                math.log(UNKNOWN_PRIOR),
            ]
        )

    def strengths(self, strength: Strength) -> FloatArray:
        return np.array(
            [
                *(strength.pieces for _ in self.pieces),
                *(strength.verdicts for _ in self.verdicts),
                *(strength.priors for _ in range(len(CODES) + 1)),
            ]
        )

    def bounds(self) -> list[tuple[float, float]]:
        low_high = []
        for place, centre in enumerate(self.centre):
            of_side = place < len(self.pieces) and centre != 0.0
            low = 0.0 if of_side and centre > 0 else -LARGEST
            high = 0.0 if of_side and centre < 0 else LARGEST
            held = place < len(self.pieces) and self.pieces[place] in self.held
            low_high.append((centre, centre) if held else (low, high))
        return low_high


def fit(samples: Sequence[Sample], authors: Mapping[str, float], strength: Strength) -> Calibration:
    """Return the weights that make the true causes of these samples most probable.

    Parameters
    ----------
    samples
        At least one.
    authors
        "rule.key" to the author's weight, of every observation that occurs.
    strength
        How strongly the fit is held to them.
    """
    layout = _Layout(authors, samples)
    problem = _Problem(samples, layout, strength)
    found = minimize(
        problem.loss,
        layout.centre,
        jac=True,
        method="L-BFGS-B",
        bounds=layout.bounds(),
        options={"maxiter": 500},
    )
    values = found.x
    return Calibration(
        pieces={name: float(values[layout.place[name]]) for name in layout.pieces},
        verdicts={name: float(values[layout.place[name]]) for name in layout.verdicts},
        priors={code: math.exp(value) for code, value in zip(CODES, values[layout.priors], strict=True)},
        unknown=math.exp(values[layout.unknown]),
    )


class _Problem:
    """The penalised negative log likelihood and its gradient; arrays of shape (n_samples, n_causes + 1)."""

    def __init__(self, samples: Sequence[Sample], layout: _Layout, strength: Strength) -> None:
        self._layout = layout
        self._strengths = layout.strengths(strength)
        n, causes = len(samples), len(CODES)
        self._weights = np.array([sample.weight for sample in samples])
        self._alive = np.zeros((n, causes + 1), dtype=bool)
        self._true = np.zeros((n, causes + 1), dtype=bool)
        self._open = np.zeros((n, causes), dtype=bool)
        rows, columns = [], []
        for row, sample in enumerate(samples):
            self._alive[row, causes] = True
            self._true[row, causes] = UNKNOWN in sample.targets
            for place, code in enumerate(CODES):
                self._open[row, place] = code in sample.not_assessed
                self._alive[row, place] = code in sample.pieces
                self._true[row, place] = code in sample.targets and code in sample.pieces
                for name in _names(code, sample):
                    if name in layout.place:
                        rows.append(row * causes + place)
                        columns.append(layout.place[name])
            if not self._true[row].any():
                # The true cause was ruled out or lacked a fact: unknown is what is left to say.
                self._true[row, causes] = True
        shape = (n * causes, layout.n_weights)
        self._design = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)

    def loss(self, values: FloatArray) -> tuple[float, FloatArray]:
        layout = self._layout
        n, causes = self._open.shape
        priors = values[layout.priors]
        logits = np.full((n, causes + 1), -np.inf)
        logits[:, :causes] = (self._design @ values[: layout.n_weights]).reshape(n, causes) + priors
        parts = np.concatenate(
            [self._open * np.exp(priors), np.full((n, 1), np.exp(values[layout.unknown]))], axis=1
        )
        logits[:, causes] = np.log(parts.sum(axis=1))
        logits[~self._alive] = -np.inf
        every = _shares(logits)
        of_true = _shares(np.where(self._true, logits, -np.inf))
        likelihood = np.log(np.where(self._true, every, 0.0).sum(axis=1))
        slopes = (every - of_true) * self._weights[:, np.newaxis]
        gradient = np.zeros(layout.size)
        gradient[: layout.n_weights] = self._design.T @ slopes[:, :causes].ravel()
        of_unknown = slopes[:, causes:] * parts / parts.sum(axis=1, keepdims=True)
        gradient[layout.priors] = slopes[:, :causes].sum(axis=0) + of_unknown[:, :causes].sum(axis=0)
        gradient[layout.unknown] = of_unknown[:, causes].sum()
        off = values - layout.centre
        penalty = 0.5 * float(self._strengths @ off**2)
        return penalty - float(self._weights @ likelihood), gradient + self._strengths * off


def _names(code: str, sample: Sample) -> list[str]:
    if code not in sample.pieces:
        return []
    return [*(f"{code}.{key}" for key in sample.pieces[code]), f"{code}.{sample.verdict}"]


def _shares(logits: FloatArray) -> FloatArray:
    """Return softmax over the last axis; -inf counts for nothing."""
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True))


def probabilities(sample: Sample, calibration: Calibration) -> dict[str, float]:
    """Return cause to probability of one sample under some weights, ``unknown`` included."""
    masses = {UNKNOWN: calibration.unknown + sum(calibration.priors[code] for code in sample.not_assessed)}
    for code in sample.pieces:
        total = sum(
            calibration.pieces.get(name, calibration.verdicts.get(name, 0.0)) for name in _names(code, sample)
        )
        masses[code] = calibration.priors[code] * math.exp(total)
    whole = sum(masses.values())
    return {code: mass / whole for code, mass in masses.items()}
