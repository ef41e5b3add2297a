"""Maximum likelihood of the true causes, drawn towards the authors' weights.

With m_c = prior_c * exp(sum of the weights of c's observations) and

    P(c) = m_c / (m_unknown + sum of m over the causes considered),
    m_unknown = unknown + the priors of the rules that could not be assessed,

the fit maximises sum over samples of weight * log P(one of the true causes), minus squared
distances from the authors' weights. An observation never changes sides: one that its author
says speaks for a cause may come to say nothing, but not to speak against it.

An observation that belongs to no rule may speak for or against every cause. Its weights are drawn to 0
by their squares and by their sizes (the elastic net; Zou and Hastie 2005,
doi:10.1111/j.1467-9868.2005.00503.x): most of them are exactly 0, and what is left can be read.
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
from scipy.special import logsumexp

from benchmarks.calibration.samples import Sample
from mlflow_bce_monitor.calibration import UNKNOWN_PRIOR, Calibration
from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.observations import QUESTIONS
from mlflow_bce_monitor.rules import RULES

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

CODES: Final = tuple(rule.code for rule in RULES)

ABOUT: Final = {
    key: question.about for question in QUESTIONS if question.about for key in question.observations()
}
"""Shared observation to the causes that it is about, where these are not all."""

LARGEST: Final = 7.0
"""Nats. No single observation makes odds of more than a thousand to one."""

LARGEST_ACROSS: Final = 3.0
"""Nats. No single shared observation makes odds of more than twenty to one ..."""

LARGEST_UNSEEN: Final = 1.0
"""... and not of more than three to one against a cause that it never occurred together with: the zoo's
variety is not the world's."""

NEXT_TO_NOTHING: Final = 0.05
"""Nats below which a weight of a shared observation is dropped: a twentieth more or less likely."""

N_ITERATIONS: Final = 500


@dataclass(frozen=True)
class Strength:
    """How strongly the fit is held back, as one over the variance allowed (nats ** -2).

    Attributes
    ----------
    pieces, verdicts, priors
        Of the observations' weights about their authors', of what the verdicts say about 0, and of the
        logarithms of the priors about their authors'.
    across
        Of what the shared observations say about each cause, about 0.
    sparing
        Cost of a nat of these (nats ** -1): what gains less is left at 0.
    """

    pieces: float = 0.5
    verdicts: float = 1.0
    priors: float = 2.0
    across: float = 1.0
    sparing: float = 0.6


class _Layout:
    """Which parameter stands where: observations, verdicts, shared observations, priors, unknown.

    Behind them stand the negative parts of the shared observations' weights: the size of a weight has no
    slope at 0, that of two parts of one sign each has.
    """

    def __init__(self, authors: Mapping[str, float], samples: Sequence[Sample]) -> None:
        self.pieces = sorted(authors)
        self.verdicts = sorted({f"{code}.{one.verdict}" for one in samples for code in one.pieces})
        self.shared = sorted({key for one in samples for key in one.seen})
        self.across = [_across(key, code) for key in self.shared for code in ABOUT.get(key, CODES)]
        names = [*self.pieces, *self.verdicts, *self.across]
        self.place = {name: place for place, name in enumerate(names)}
        self.n_weights = len(self.place)
        # What speaks for a cause and was never seen with it was not put into the zoo: a share of positives
        # of a tenth, say, which is harmless there. That says nothing about the world, so it stays as it is.
        seen = {
            f"{code}.{key}" for one in samples for code in one.targets for key in one.pieces.get(code, ())
        }
        self.held = {name for name in self.pieces if authors[name] > 0 and name not in seen}
        self.together = {_across(key, code) for one in samples for code in one.targets for key in one.seen}
        self.positive = slice(self.n_weights - len(self.across), self.n_weights)
        self.priors = slice(self.n_weights, self.n_weights + len(CODES))
        self.unknown = self.n_weights + len(CODES)
        self.size = self.unknown + 1
        of_rule = {rule.code: math.log(rule.prior) for rule in RULES}
        self.centre = np.array(
            [
                *(authors[name] for name in self.pieces),
                *(0.0 for _ in (*self.verdicts, *self.across)),
                *(of_rule[code] for code in CODES),
                math.log(UNKNOWN_PRIOR),
            ]
        )

    def strengths(self, strength: Strength) -> FloatArray:
        return np.array(
            [
                *(strength.pieces for _ in self.pieces),
                *(strength.verdicts for _ in self.verdicts),
                *(strength.across for _ in self.across),
                *(strength.priors for _ in range(len(CODES) + 1)),
            ]
        )

    def start(self) -> FloatArray:
        """Return where the search begins: at the authors' weights."""
        return np.concatenate([self.centre, np.zeros(len(self.across))])

    def whole(self, parts: FloatArray) -> FloatArray:
        """Return the parameters with the negative parts taken off."""
        values: FloatArray = parts[: self.size].copy()
        values[self.positive] -= parts[self.size :]
        return values

    def bounds(self) -> list[tuple[float, float]]:
        return [
            *(self._of_piece(name) for name in self.pieces),
            *((-LARGEST, LARGEST) for _ in self.verdicts),
            *((0.0, LARGEST_ACROSS if name in self.together else 0.0) for name in self.across),
            *((-LARGEST, LARGEST) for _ in range(len(CODES) + 1)),
            *((0.0, LARGEST_ACROSS if name in self.together else LARGEST_UNSEEN) for name in self.across),
        ]

    def _of_piece(self, name: str) -> tuple[float, float]:
        centre = float(self.centre[self.place[name]])
        if name in self.held:
            return centre, centre
        return (0.0 if centre > 0 else -LARGEST), (0.0 if centre < 0 else LARGEST)


def _across(key: str, code: str) -> str:
    return f"{key} of {code}"


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
        layout.start(),
        jac=True,
        method="L-BFGS-B",
        bounds=layout.bounds(),
        options={"maxiter": N_ITERATIONS},
    )
    values = layout.whole(found.x)
    of_cause = {
        key: {code: float(values[layout.place[_across(key, code)]]) for code in ABOUT.get(key, CODES)}
        for key in layout.shared
    }
    return Calibration(
        pieces={name: float(values[layout.place[name]]) for name in layout.pieces},
        across={
            key: kept
            for key, weights in of_cause.items()
            if (kept := {code: weight for code, weight in weights.items() if abs(weight) >= NEXT_TO_NOTHING})
        },
        verdicts={name: float(values[layout.place[name]]) for name in layout.verdicts},
        priors={code: math.exp(value) for code, value in zip(CODES, values[layout.priors], strict=True)},
        unknown=math.exp(values[layout.unknown]),
    )


class _Problem:
    """The penalised negative log likelihood and its gradient; arrays of shape (n_samples, n_causes + 1)."""

    def __init__(self, samples: Sequence[Sample], layout: _Layout, strength: Strength) -> None:
        self._layout = layout
        self._strengths = layout.strengths(strength)
        self._sparing = strength.sparing
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

    def loss(self, parts: FloatArray) -> tuple[float, FloatArray]:
        layout = self._layout
        value, slope = self._of_values(layout.whole(parts))
        of_shared = slope[layout.positive]
        sizes = parts[layout.positive], parts[layout.size :]
        gradient = np.concatenate([slope, self._sparing - of_shared])
        gradient[layout.positive] += self._sparing
        return value + self._sparing * float(sizes[0].sum() + sizes[1].sum()), gradient

    def _of_values(self, values: FloatArray) -> tuple[float, FloatArray]:
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
        likelihood = log_likelihoods(logits, self._true)
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
    return [
        *(f"{code}.{key}" for key in sample.pieces[code]),
        f"{code}.{sample.verdict}",
        *(_across(key, code) for key in sample.seen),
    ]


def log_likelihoods(logits: FloatArray, true: BoolArray) -> FloatArray:
    """Return ln of the probability that one of the true answers has, a number where it itself is 0.

    Parameters
    ----------
    logits, true
        Shape (n_samples, n_answers); of each sample at least one true answer is above -inf.
    """
    return np.asarray(logsumexp(np.where(true, logits, -np.inf), axis=1) - logsumexp(logits, axis=1))


def _shares(logits: FloatArray) -> FloatArray:
    """Return softmax over the last axis; -inf counts for nothing."""
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True))


def probabilities(sample: Sample, calibration: Calibration) -> dict[str, float]:
    """Return cause to probability of one sample under some weights, ``unknown`` included."""
    masses = {UNKNOWN: calibration.unknown + sum(calibration.priors[code] for code in sample.not_assessed)}
    for code, keys in sample.pieces.items():
        total = sum(calibration.pieces.get(f"{code}.{key}", 0.0) for key in keys)
        total += calibration.verdicts.get(f"{code}.{sample.verdict}", 0.0)
        total += sum(calibration.across.get(key, {}).get(code, 0.0) for key in sample.seen)
        masses[code] = calibration.priors[code] * math.exp(total)
    whole = sum(masses.values())
    return {code: mass / whole for code, mass in masses.items()}
