"""What a probe answers, and what all of them together say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from mlflow_bce_monitor.contract import NO_CAUSE
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import PROBED, Fact, FactValue
from mlflow_bce_monitor.evidence.of_model import probed


class Answer(str, Enum):
    """Whether a hypothesis holds."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ProbeResult:
    """What one experiment found.

    Attributes
    ----------
    name
        The experiment.
    hypothesis
        What it tested, as a statement.
    answer
        Whether that holds.
    numbers
        What was measured, raw; units are in :attr:`units`.
    seconds
        What it cost.
    sentence
        The finding in words.
    """

    name: str
    hypothesis: str
    answer: Answer
    numbers: Mapping[str, FactValue]
    seconds: float
    sentence: str

    @property
    def units(self) -> dict[str, str]:
        """Unit of each number."""
        return {name: CATALOGUE[PROBED + name].unit for name in self.numbers}

    def facts(self) -> Iterator[Fact]:
        """Yield the numbers as facts of tier ``model``."""
        return probed(self.name, self.numbers)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "name": self.name,
            "hypothesis": self.hypothesis,
            "answer": str(self.answer),
            "numbers": {
                name: {"value": value, "unit": self.units[name]} for name, value in self.numbers.items()
            },
            "seconds": round(self.seconds, 3),
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class ProbeReport:
    """All that was found, in the order in which it was done.

    Attributes
    ----------
    results
        One an experiment that was carried out.
    causes
        With their probabilities, most probable first; () for a model that is in no trouble.
    decided_by
        Name of the experiment that raised the first cause most, None without a cause.
    seconds
        All of it.
    stopped
        Why no further experiment was made.
    notes
        What could not be done, and why.
    diagnosis
        Of the run, with these findings; None when no record of a run was given.
    """

    results: tuple[ProbeResult, ...]
    causes: tuple[RankedCause, ...]
    decided_by: str | None
    seconds: float
    stopped: str
    notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = field(default=None, repr=False)

    @property
    def cause(self) -> str:
        """The most probable cause, "none" without trouble."""
        return self.causes[0].cause if self.causes else NO_CAUSE

    @property
    def probability(self) -> float:
        """Of that cause."""
        return self.causes[0].probability if self.causes else 1.0

    def result(self, name: str) -> ProbeResult:
        """Return what an experiment found; KeyError when it was not made."""
        for one in self.results:
            if one.name == name:
                return one
        made = ", ".join(one.name for one in self.results) or "none"
        raise KeyError(f"no probe {name!r} was made; made were: {made}")

    def facts(self) -> tuple[Fact, ...]:
        """Return everything that was measured as facts of tier ``model``."""
        return tuple(fact for one in self.results for fact in one.facts())

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "cause": self.cause,
            "probability": self.probability,
            "decided_by": self.decided_by,
            "causes": [
                {
                    "cause": one.cause,
                    "probability": one.probability,
                    "because": one.because,
                    "advice": one.advice,
                }
                for one in self.causes
            ],
            "results": [one.as_dict() for one in self.results],
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "notes": list(self.notes),
        }
