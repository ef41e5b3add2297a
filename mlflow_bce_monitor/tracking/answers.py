"""What came of a run: its row of the contract, what was done about it, and what its tags say already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from mlflow.entities import Run, RunStatus

from mlflow_bce_monitor.contract import (
    NO_CAUSE,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CHANCE_LEVEL,
    TAG_CONFIDENCE,
    TAG_METRIC,
    TAG_SKILL,
    TAG_TIER,
    TAG_VERDICT,
)
from mlflow_bce_monitor.diagnosis import failed_contract
from mlflow_bce_monitor.tracking.reading.neighbours import parent_of
from mlflow_bce_monitor.tracking.store.reasons import reason


class State(str, Enum):
    """What was done about a run."""

    EVALUATED = "evaluated"
    UNCHANGED = "unchanged"
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class RunAnswer:
    """The outcome for one run.

    Attributes
    ----------
    row
        The JSON object of the contract.
    state
        Whether it was evaluated now, was current already, or failed (then ``row["error"]``
        says why; a diagnosis that could not be written is in the row all the same).
    notes
        What was left out, on purpose or for want of an answer from the store, one sentence each.
    run
        The run as the search found it, before it was written to; None for one that was not found.
    """

    row: Mapping[str, Any]
    state: State
    notes: tuple[str, ...] = ()
    run: Run | None = None

    @property
    def parent(self) -> str | None:
        """Run id of the parent of a nested run."""
        return None if self.run is None else parent_of(self.run)

    def but_failed(self, error: str) -> RunAnswer:
        """Return this answer with what went wrong."""
        return replace(self, row={**self.row, "error": error}, state=State.FAILED, notes=())


def failed(run_id: str, run_name: str, experiment_id: str, error: str) -> RunAnswer:
    """Return what is said of a run without a diagnosis, and why there is none."""
    return RunAnswer(failed_contract(run_id, run_name, experiment_id, error), State.FAILED)


def not_written(error: BaseException) -> str:
    """Return why an answer was not written, and what to do."""
    return (
        f"Diagnosed, but the answer could not be written to the run: {reason(error)}. "
        "Check the permission to write to the store and to its artifacts "
        "(--reports none writes no artifacts, --dry-run writes nothing)."
    )


def is_unfinished(run: Run) -> bool:
    """Return whether a run is still training, as far as its store knows."""
    return not RunStatus.is_terminated(RunStatus.from_string(run.info.status))


def stored_row(run: Run) -> dict[str, Any]:
    """Return what the tags of an evaluated run say, as a row with the rest empty."""
    tags = run.data.tags
    row = failed_contract(run.info.run_id, run.info.run_name or "", run.info.experiment_id, "")
    return row | {
        "verdict": tags[TAG_VERDICT],
        "cause": tags.get(TAG_CAUSE, NO_CAUSE),
        "confidence": _number(tags.get(TAG_CONFIDENCE)),
        "causes": _stored_causes(tags),
        "metric": tags.get(TAG_METRIC),
        "chance_level": _number(tags.get(TAG_CHANCE_LEVEL)),
        "skill": _number(tags.get(TAG_SKILL)),
        "tier": tags.get(TAG_TIER),
        "error": None,
    }


def _stored_causes(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the first cause as the tags tell it: its advice may be cut, its grounds are not there."""
    if tags.get(TAG_CAUSE, NO_CAUSE) == NO_CAUSE:
        return []
    probability, advice = _number(tags.get(TAG_CONFIDENCE)), tags.get(TAG_ADVICE, "")
    return [{"cause": tags[TAG_CAUSE], "probability": probability, "because": "", "advice": advice}]


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
