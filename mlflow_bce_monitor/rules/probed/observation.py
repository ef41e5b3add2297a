"""What an observation is: one answer of one probe, and what it says about the causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits


@dataclass(frozen=True)
class Observation:
    """One answer of one probe.

    Attributes
    ----------
    key
        Of the pieces it gives; begins with ``probe_``.
    probe
        Name of the experiment.
    clause
        The answer in words.
    facts
        What it is read from; it is not made unless all of them are known.
    holds
        Whether this is the answer.
    weights
        Cause to log likelihood ratio.
    also
        What it is read from besides, where it is known.
    """

    key: str
    probe: str
    clause: str
    facts: tuple[str, ...]
    holds: Callable[[Evidence, Limits], bool]
    weights: Mapping[str, float]
    also: tuple[str, ...] = ()
