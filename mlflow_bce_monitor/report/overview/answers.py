"""The answers that an overview is made of: in which order their verdicts come, and whose curves are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mlflow_bce_monitor.contract import Verdict

Answer = Mapping[str, Any]
"""The JSON object of the contract for one run."""

MOST_DRAWN: Final = 24
"""Curves of one verdict: more cannot be compared at a glance, and 264 make a page of half a megabyte."""

URGENCY: Final = (
    # Those that ask a person to act first, the most definite before the others.
    *(Verdict.STALLED, Verdict.DIVERGED, Verdict.INCONSISTENT, Verdict.UNSTABLE, Verdict.OVERFITTING),
    *(Verdict.SLOW, Verdict.LEARNING, Verdict.ESCAPED, Verdict.BENIGN, Verdict.INCONCLUSIVE),
    Verdict.NOT_APPLICABLE,
)
"""Verdicts, the most urgent first."""


def by_verdict(answers: Iterable[Answer]) -> dict[Verdict, list[Answer]]:
    """Return the runs that have a verdict, by verdict, the most urgent first, without verdicts of no run."""
    found: dict[Verdict, list[Answer]] = {verdict: [] for verdict in URGENCY}
    for answer in answers:
        if answer["verdict"] is not None:
            found[Verdict(answer["verdict"])].append(answer)
    return {verdict: of_verdict for verdict, of_verdict in found.items() if of_verdict}


def sample(answers: Iterable[Answer], most: int = MOST_DRAWN) -> tuple[str, ...]:
    """Return the ids of the runs to draw: of each verdict all, or spread evenly over the range of skill.

    Parameters
    ----------
    answers
        All runs, in any order.
    most
        Runs of one verdict.
    """
    return tuple(
        str(answer["run_id"])
        for of_verdict in by_verdict(answers).values()
        for answer in _spread(of_verdict, most)
    )


def _spread(answers: Sequence[Answer], most: int) -> list[Answer]:
    """Return at most so many of the runs, evenly from the lowest skill to the highest."""
    if len(answers) <= most:
        return list(answers)
    ranked = sorted(answers, key=skill_of)
    step = (len(ranked) - 1) / max(most - 1, 1)
    return [ranked[round(place * step)] for place in range(most)]


def skill_of(answer: Answer) -> float:
    """Return the skill to sort by: a run without one comes before all others."""
    skill = answer["skill"]
    return float("-inf") if skill is None else float(skill)
