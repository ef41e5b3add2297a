"""The two files of the benchmark: what was prescribed to which case, and what every training came to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
CASES: Final = HERE / "cases.jsonl"
TRIALS: Final = HERE / "trials.jsonl"
"""One JSON object a line, added as they come, so that an interrupted run goes on where it stopped."""


@dataclass(frozen=True)
class Measured:
    """What one training came to.

    Attributes
    ----------
    skill, train_skill
        1 - cross-entropy / chance level, of rows not trained on and of those trained on, class weights
        divided out; NaN where predictions are.
    balanced_skill
        The skill of rows not trained on where either class counts one half.
    auc
        Area under the ROC curve of the rows not trained on.
    seconds
        Time of the training.
    """

    skill: float
    train_skill: float
    balanced_skill: float
    auc: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """One training: which case, what was changed, which repetition.

    Attributes
    ----------
    plan_id
        The case.
    changes
        As JSON with sorted names; "{}" for the run as it was.
    repetition
        Number of the repetition.
    """

    plan_id: str
    changes: str
    repetition: int


def key_of(changes: Mapping[str, Any]) -> str:
    """Return changes as the text that a trial is known by."""
    return json.dumps(changes, sort_keys=True)


def read_trials(path: Path = TRIALS) -> dict[Trial, Measured]:
    """Return every training of the file; {} without one."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        Trial(row["plan_id"], key_of(row["changes"]), row["repetition"]): Measured(
            **{
                name: math.nan if row[name] is None else row[name]
                for name in ("skill", "train_skill", "balanced_skill", "auc")
            },
            seconds=row["seconds"],
        )
        for row in rows
    }


def add_trial(trial: Trial, measured: Measured, path: Path = TRIALS) -> None:
    """Write one training at the end of the file."""
    numbers = {
        name: (round(value, 6) if math.isfinite(value) else None) for name, value in asdict(measured).items()
    }
    row = {
        "plan_id": trial.plan_id,
        "changes": json.loads(trial.changes),
        "repetition": trial.repetition,
        **numbers,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
