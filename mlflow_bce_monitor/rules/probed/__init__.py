"""What the probes' answers say about each cause (tier ``model``): the decision table, as data.

An observation is one answer of one probe. Its weights say which causes it speaks for (positive)
and against (negative), as natural-log likelihood ratios against trouble of unknown cause. Rules
take their pieces from here (:func:`by_probes`), docs/probes.md is generated from here, and the
choice of the next probe reads here which causes a probe can separate.

Each probe has a file of its name with all of its answers. The weights are estimates of the author: a controlled experiment on the model itself is wrong
in about one case of a hundred (5 nats), an indirect one in one of ten.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed.balance import BALANCE
from mlflow_bce_monitor.rules.probed.capacity import CAPACITY
from mlflow_bce_monitor.rules.probed.gradients import GRADIENTS
from mlflow_bce_monitor.rules.probed.inputs import INPUTS
from mlflow_bce_monitor.rules.probed.observation import Observation
from mlflow_bce_monitor.rules.probed.overfit import OVERFIT
from mlflow_bce_monitor.rules.probed.predictions import PREDICTIONS
from mlflow_bce_monitor.rules.probed.rates import RATES
from mlflow_bce_monitor.rules.probed.signal import SIGNAL
from mlflow_bce_monitor.rules.rule import Piece

OBSERVATIONS: Final[tuple[Observation, ...]] = (
    *SIGNAL,
    *PREDICTIONS,
    *INPUTS,
    *GRADIENTS,
    *OVERFIT,
    *RATES,
    *BALANCE,
    *CAPACITY,
)
"""Everything the probes can say, in the order of the docs."""


def by_probes(cause: str, evidence: Evidence, limits: Limits) -> tuple[Piece, ...]:
    """Return what the probes say about a cause; () where nothing was probed."""
    if not evidence.is_probed:
        return ()
    return tuple(
        Piece(one.key, one.weights[cause], one.clause)
        for one in _about(cause)
        if evidence.has_all(one.facts) and one.holds(evidence, limits)
    )


@cache
def _about(cause: str) -> tuple[Observation, ...]:
    return tuple(one for one in OBSERVATIONS if cause in one.weights)


def facts_for(cause: str) -> tuple[str, ...]:
    """Return the facts behind the probes' pieces of a cause, for its rule's ``uses``."""
    seen = [one for one in OBSERVATIONS if cause in one.weights]
    return tuple(dict.fromkeys(name for one in seen for name in (*one.facts, *one.also)))


def separated_by(probe: str) -> frozenset[str]:
    """Return the causes that an answer of a probe can make at least e times as likely."""
    return frozenset(
        cause
        for one in OBSERVATIONS
        if one.probe == probe
        for cause, weight in one.weights.items()
        if weight >= 1.0
    )
