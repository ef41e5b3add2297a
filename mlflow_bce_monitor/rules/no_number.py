"""A loss that never was a number: what is left to weigh a cause by where no point of the curve can be read."""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.rules.rule import Piece, RuledOut

BROKEN_INPUTS = "inside_non_finite_inputs"
"""Share of the input values that are NaN or infinite, by the callback."""

LEAVES_NUMBERS = RuledOut("the loss never was a number, and what this leaves behind is one")
"""What is said of every cause that no overflow comes with."""


def never_a_number(evidence: Evidence) -> bool:
    """Whether the loss was logged, and every point of it is NaN or infinite."""
    return evidence.number_or("n_points", 1.0) == 0.0 and bool(evidence.get("had_non_finite"))


def by_inputs(evidence: Evidence) -> RuledOut | None:
    """Rule a cause out whose overflow nobody needs: NaN among the inputs makes every loss NaN."""
    share = evidence.number_or(BROKEN_INPUTS, 0.0)
    if share <= 0.0:
        return None
    return RuledOut(f"{share:.2%} of the input values are NaN or infinite, which explains the loss by itself")


def from_the_start(weight: float) -> Piece:
    """Return the observation itself, as much as it says about a cause."""
    return Piece("no_number", weight, "the loss is not a number from its first point on")
