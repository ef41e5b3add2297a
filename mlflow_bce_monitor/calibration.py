"""How much each observation says: weights of evidence, fitted on real trainings.

The authors of the rules estimate how strongly an observation speaks for or against their cause
(:class:`Piece`). How strongly it does is measured: ``calibration.json`` holds what
``python -m benchmarks.calibration`` fitted on the fault zoo's blocks for fitting, drawn towards the authors'
estimates where the runs say little. An observation that was never fitted keeps its author's
weight. What the observations that belong to no cause (``observations/``) say about each of them is
fitted alone: by its author such an observation says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.observations.question import Seen
from mlflow_bce_monitor.rules.rule import Outcome, Piece, Rule, Supported
from mlflow_bce_monitor.rules.weighing import weigh

FITTED_FILE: Final = "calibration.json"

LEAST_SHOWN: Final = 0.3
"""Nats below which what the verdict or a shared observation says about a cause is not worth a clause."""

UNKNOWN_PRIOR: Final = 1.5
"""Weight of the causes that no rule covers, on the scale of the rules' priors, before any fit."""


@dataclass(frozen=True)
class Calibration:
    """Fitted weights, in nats; what is missing is as its author set it.

    Attributes
    ----------
    pieces
        "rule.key" to the log likelihood ratio of that observation.
    across
        Shared observation to what it says about each cause, as log likelihood ratios; of a cause that is
        missing it says nothing.
    verdicts
        "rule.verdict" to the log likelihood ratio of the verdict itself: an overfitted run is seldom the
        work of frozen parameters.
    priors
        Rule to the prior weight of its cause, above 0.
    unknown
        Prior weight of the causes that no rule covers, above 0.
    """

    pieces: Mapping[str, float] = field(default_factory=dict)
    across: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    verdicts: Mapping[str, float] = field(default_factory=dict)
    priors: Mapping[str, float] = field(default_factory=dict)
    unknown: float = UNKNOWN_PRIOR

    def prior(self, rule: Rule) -> float:
        """Return the prior weight of a rule's cause."""
        return self.priors.get(rule.code, rule.prior)

    def weighed(
        self, outcomes: Mapping[str, Outcome], verdict: Verdict, seen: Sequence[Seen] = ()
    ) -> dict[str, Outcome]:
        """Return what the rules said with the fitted weights, and with what belongs to no rule.

        Parameters
        ----------
        outcomes
            What each rule said, by code. Those other than :class:`Supported`, and those without pieces, come
            back as they are.
        verdict
            It says something about the cause by itself.
        seen
            The shared observations; () where they say nothing, as about a state that is normal.
        """
        across = [(one, self.across[one.key]) for one in seen if one.key in self.across]
        return {code: self._of_rule(code, said, verdict, across) for code, said in outcomes.items()}

    @cached_property
    def _pieces_of(self) -> Mapping[str, Mapping[str, float]]:
        """Rule to key to weight."""
        by_rule: dict[str, dict[str, float]] = {}
        for name, weight in self.pieces.items():
            code, _, key = name.partition(".")
            by_rule.setdefault(code, {})[key] = weight
        return by_rule

    def _of_rule(
        self, code: str, said: Outcome, verdict: Verdict, across: Sequence[tuple[Seen, Mapping[str, float]]]
    ) -> Outcome:
        if not isinstance(said, Supported) or not (said.pieces or said.weight == 0.0):
            return said
        of_rule = self._pieces_of.get(code, _NOTHING_FITTED)
        fitted = [Piece(key, of_rule.get(key, weight), clause) for key, weight, clause in said.pieces]
        of_verdict = self.verdicts.get(f"{code}.{verdict.value}", 0.0)
        if of_verdict:
            fitted.append(Piece(f"verdict_{verdict}", of_verdict, _clause(verdict, of_verdict)))
        fitted += _shared_pieces([(one, weights[code]) for one, weights in across if code in weights])
        return weigh(*fitted)


_NOTHING_FITTED: Final[Mapping[str, float]] = {}

SMALL_SIGNS: Final = "small_signs"
"""Key of what shared observations say together that are too weak for a clause."""


def _shared_pieces(weighed: list[tuple[Seen, float]]) -> Iterator[Piece]:
    """Yield shared observations with clauses, the strongest first, until what is left is too weak for one."""
    left = sum([weight for _, weight in weighed])
    for one, weight in sorted(weighed, key=lambda pair: -abs(pair[1])):
        tells = abs(weight) >= LEAST_SHOWN
        if not tells and abs(left) < LEAST_SHOWN:
            break  # nor does any that follows
        if tells or (abs(left) >= LEAST_SHOWN and weight * left > 0.0):
            yield Piece(one.key, weight, one.clause)
            left -= weight
    if left:
        yield Piece(SMALL_SIGNS, left, "")


_AS_ADJECTIVE: Final = {Verdict.OVERFITTING: "overfitted"}
"""Verdicts that do not read as a word about a run."""


def _clause(verdict: Verdict, weight: float) -> str:
    if abs(weight) < LEAST_SHOWN:
        return ""
    how_often = "mostly" if weight > 0 else "seldom"
    return f"it is {how_often} behind runs that are {_AS_ADJECTIVE.get(verdict, verdict)}"


def read_calibration(text: str) -> Calibration:
    """Return the calibration in a JSON text, as :data:`FITTED_FILE` holds it."""
    stored = json.loads(text)
    return Calibration(
        stored["pieces"], stored["across"], stored["verdicts"], stored["priors"], stored["unknown"]
    )


HAND_SET: Final = Calibration()
"""The authors' own weights."""


def _fitted() -> Calibration:
    path = Path(__file__).with_name(FITTED_FILE)
    return read_calibration(path.read_text(encoding="utf-8")) if path.is_file() else HAND_SET


FITTED: Final = _fitted()
"""What the package was shipped with."""
