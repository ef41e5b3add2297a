"""Facts that were found by experiments on a copy of the model (tier ``model``).

Each has the measurement's own name with ``probe_`` before it, so that a rule sees at a glance
which of its facts need model and data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import PROBED, Fact, FactValue


def probed(probe: str, numbers: Mapping[str, FactValue]) -> Iterator[Fact]:
    """Yield what one experiment found.

    Parameters
    ----------
    probe
        The experiment's name.
    numbers
        Names without prefix to values, in the catalogue's units.

    Raises
    ------
    KeyError
        When the catalogue has no such fact.
    """
    for name, value in numbers.items():
        if PROBED + name not in CATALOGUE:
            raise KeyError(
                f"the catalogue of facts has no {PROBED + name!r}, which the probe {probe!r} found"
            )
        yield Fact(PROBED + name, value, f"probe {probe!r}", Tier.MODEL)
