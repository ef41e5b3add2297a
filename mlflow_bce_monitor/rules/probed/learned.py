"""Whether copies of a model learned something in an experiment: several probes' answers go by it."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence

LEARNS: Final = 0.05
"""Skill on held-back rows, after the steps of the sweep, from which a rate makes the loss fall."""

ERRORS: Final = 2.5
"""Standard errors that such a skill must be above 0: the best of seven rates would reach two by chance."""

CLEAR_ERROR: Final = 0.15
"""Standard error of a skill up to which a copy that has learned something shows it: it then has 0.4 or so."""

_NAMES: Final = ("best_rate", "uneven", "balanced")

SKILLS: Final = tuple(f"probe_{name}_{what}" for name in _NAMES for what in ("skill", "error"))
"""The facts behind :func:`a_copy_learned`."""


def is_learning(skill: float, error: float) -> bool:
    """Whether a skill on held-back rows is above chance: large enough, and not by luck.

    Parameters
    ----------
    skill, error
        The skill and its standard error.
    """
    return skill >= LEARNS and skill >= ERRORS * error


def learned(e: Evidence, name: str) -> bool:
    """Whether a copy learned; no where it was not tried."""
    return is_learning(e.number_or(f"probe_{name}_skill", 0.0), e.number_or(f"probe_{name}_error", 0.0))


def a_copy_learned(e: Evidence) -> bool:
    """Whether a copy of the model learned what a reference learner may have missed."""
    return any(learned(e, name) for name in _NAMES)


def could_tell(e: Evidence, name: str) -> bool:
    """Whether the held-back rows were enough to see a copy learn: a dozen of a class are not."""
    return e.number(f"probe_{name}_error") <= CLEAR_ERROR
