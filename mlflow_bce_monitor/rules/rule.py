"""What a rule is: data, examples, and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mlflow_bce_monitor.evidence.fact import Evidence, FactValue
from mlflow_bce_monitor.limits import Limits


class Piece(NamedTuple):
    """One observation that speaks for or against a cause.

    A tuple and no dataclass, as facts are: every rule makes some for every run, and fits them anew.

    Attributes
    ----------
    key
        The observation's own word within its rule; fitted weights go by it.
    weight
        Natural-log likelihood ratio as the rule's author estimates it: ln 3 = 1.1 says three times as
        likely under this cause as under trouble of unknown cause. Negative speaks against.
    clause
        The observation in words.
    """

    key: str
    weight: float
    clause: str


@dataclass(frozen=True)
class Supported:
    """The evidence speaks for the cause, or mildly against it.

    Attributes
    ----------
    weight
        Natural-log likelihood ratio of the evidence: how much more likely it is under
        this cause than under a troubled run of unknown cause. 0 says nothing either way.
    because
        One clause a person can read: "recall is 0 and 90 % of labels are negative".
    speaks_for, speaks_against
        Every observation behind the weight as a clause, strongest first: a cause that
        leads may have evidence against it as well.
    pieces
        The observations themselves, in the order in which the rule made them.
    """

    weight: float
    because: str
    # No default is kept in the class, which would be found before __getattr__ is asked.
    speaks_for: tuple[str, ...] = field(default_factory=tuple)
    speaks_against: tuple[str, ...] = field(default_factory=tuple)
    pieces: tuple[Piece, ...] = field(default_factory=tuple)

    @classmethod
    def by(cls, pieces: tuple[Piece, ...], weight: float) -> Supported:
        """Return what some pieces say together, put into words when somebody reads them.

        Most outcomes are weighed anew by the fit, and of those that are not read nobody needs the words.
        """
        made = object.__new__(cls)
        made.__dict__.update(pieces=pieces, weight=weight)
        return made

    def __getattr__(self, name: str) -> Any:
        if name not in _WORDS:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        speaks_for, speaks_against = _clauses(self.pieces)
        telling = speaks_for if self.weight >= 0 else speaks_against
        because = ", ".join(telling[:SHOWN_PIECES]) or NOTHING_SEEN
        self.__dict__.update(because=because, speaks_for=speaks_for, speaks_against=speaks_against)
        return self.__dict__[name]


_WORDS: Final = ("because", "speaks_for", "speaks_against")

SHOWN_PIECES: Final = 3
"""Pieces named in the reason: more do not fit a sentence."""

NOTHING_SEEN: Final = "nothing seen speaks for or against it"


def _clauses(pieces: Sequence[Piece]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what speaks for and what against the cause, strongest first; the same words twice are one clause."""
    weights: dict[str, float] = {}
    for _, weight, clause in pieces:
        if clause:
            weights[clause] = weights.get(clause, 0.0) + weight
    strongest = sorted(weights.items(), key=lambda item: -abs(item[1]))
    return (
        tuple(clause for clause, weight in strongest if weight > 0),
        tuple(clause for clause, weight in strongest if weight < 0),
    )


@dataclass(frozen=True)
class RuledOut:
    """The evidence cannot happen under this cause, or so rarely that it need not be considered."""

    because: str


@dataclass(frozen=True)
class NotAssessed:
    """A fact the rule cannot do without is missing. Only the engine says this."""

    missing: tuple[str, ...]


Outcome = Supported | RuledOut | NotAssessed


@dataclass(frozen=True, init=False)
class Example:
    """Evidence with a known answer; every example of a rule is run as a test."""

    title: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)

    def __init__(self, title: str, **facts: FactValue) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "facts", facts)


class NoNumber(NamedTuple):
    """How a rule weighs its cause where the loss never was a number."""

    needs: tuple[str, ...]
    assess: Callable[[Evidence, Limits], Supported | RuledOut]


@dataclass(frozen=True)
class Rule:
    """One cause.

    Attributes
    ----------
    code
        The cause's word in the contract; also the name of the rule's file.
    title
        The cause in a few words, as a heading.
    explanation
        What happens, in one paragraph for a person who has never met it.
    advice
        What to change, in one sentence, for the tag and the table.
    remedy
        What to change, as lines of Python to paste: for Keras, unless ``remedy_torch`` is "".
    remedy_torch
        The same for PyTorch; "" where ``remedy`` does for any framework.
    confused_with
        Codes of the causes that look alike.
    separated_by
        The measurement that would tell this cause from those, and how to log it.
    prior
        How common the cause is among troubled runs, before looking: any positive
        number, normalised by the engine.
    needs
        Facts the rule cannot do without.
    uses
        Facts the rule looks at when they are there.
    assess
        (evidence, limits) -> Supported or RuledOut; called only with every needed fact.
    no_number
        What stands for ``needs`` and ``assess`` where the loss never was a number, and no fact about its
        course can be had; None where such a loss speaks against the cause by itself.
    fires, stays_quiet
        Examples that must give a positive weight, and examples that must not.
    source
        Paper, documentation or measurement behind the rule.
    normal
        Whether it can also be a normal state: only such causes explain the verdict "benign".
    """

    code: str
    title: str
    explanation: str
    advice: str
    remedy: str
    confused_with: tuple[str, ...]
    separated_by: str
    prior: float
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    assess: Callable[[Evidence, Limits], Supported | RuledOut]
    fires: tuple[Example, ...]
    stays_quiet: tuple[Example, ...]
    source: str
    normal: bool = False
    remedy_torch: str = ""
    no_number: NoNumber | None = None
