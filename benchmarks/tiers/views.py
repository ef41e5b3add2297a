"""The four ways to see one training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.zoo.inside import Case
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.monitored import PREFIX, TAG
from mlflow_bce_monitor.records import RunRecord


@dataclass(frozen=True)
class View:
    """One way to see a training.

    Attributes
    ----------
    title
        As in the table.
    of
        Returns the run as it is seen, and what probes found.
    needs_probes
        Whether only trainings can be seen so whose models were probed.
    """

    title: str
    of: Callable[[Case], tuple[RunRecord, tuple[Fact, ...]]]
    needs_probes: bool = False

    def shows(self, case: Case) -> bool:
        """Whether a training can be seen in this way."""
        return bool(case.probes) or not self.needs_probes


def without_callback(record: RunRecord) -> RunRecord:
    """Return the run as it would be had the callback not been there."""
    return replace(
        record,
        histories={name: one for name, one in record.histories.items() if not name.startswith(PREFIX)},
        tags={name: value for name, value in record.tags.items() if name != TAG},
    )


AS_LOGGED: Final = View("what the run logged", lambda case: (without_callback(case.record), ()))
CALLBACK: Final = View("with the callback", lambda case: (case.record, ()))
PROBES: Final = View(
    "with probes", lambda case: (without_callback(case.record), case.facts()), needs_probes=True
)
BOTH: Final = View("with both", lambda case: (case.record, case.facts()), needs_probes=True)

VIEWS: Final = (AS_LOGGED, CALLBACK, PROBES, BOTH)
