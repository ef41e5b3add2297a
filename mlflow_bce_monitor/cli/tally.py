"""What a scan did, counted while it goes, and told at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.answers import RunAnswer, State
from mlflow_bce_monitor.tracking.overviews import Family, families_with_news

# Lines. What does not fit a screen is found faster in the ready view.
_MOST_RUNS: Final = 10


class FlaggedRun(NamedTuple):
    """A run that asks a person to act."""

    name: str
    verdict: str
    experiment_id: str
    run_id: str


@dataclass
class Tally:
    """Counts of one scan, and the first few of what a person will want to open.

    Attributes
    ----------
    n_runs, n_unchanged, n_failed
        Runs met; of those, runs that carried the current answer; runs with an error.
    verdicts
        Runs by verdict.
    experiments
        Verdicts by experiment id, of experiments with at least one run that carries an answer.
    flagged, errors
        The first flagged runs, the first errors.
    families
        Parents of runs that were evaluated now.
    rows
        All rows, where an overview of them was asked for; None otherwise.
    overview
        The file that holds it, once it is written.
    notes
        What was left out on purpose.
    """

    n_runs: int = 0
    n_unchanged: int = 0
    n_failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    experiments: dict[str, set[str]] = field(default_factory=dict)
    flagged: list[FlaggedRun] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    families: set[Family] = field(default_factory=set)
    rows: list[Mapping[str, Any]] | None = None
    overview: Path | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, answer: RunAnswer) -> None:
        """Count one answer."""
        row = answer.row
        name = plain(row["run_name"]) or row["run_id"]
        self.n_runs += 1
        self.n_unchanged += answer.state is State.UNCHANGED
        self.notes += answer.notes
        self.families |= families_with_news([answer])
        if self.rows is not None:
            self.rows.append(row)
        if row["error"] is not None:
            self.n_failed += 1
            if len(self.errors) < _MOST_RUNS:
                self.errors.append(f"{name}: {row['error']}")
        if row["verdict"] is None:
            return
        self.verdicts[row["verdict"]] += 1
        if row["error"] is None:
            self.experiments.setdefault(row["experiment_id"], set()).add(row["verdict"])
        if Verdict(row["verdict"]) in FLAGGED and len(self.flagged) < _MOST_RUNS:
            self.flagged.append(FlaggedRun(name, row["verdict"], row["experiment_id"], row["run_id"]))

    @property
    def n_flagged(self) -> int:
        """Runs that ask a person to act."""
        return sum(n for verdict, n in self.verdicts.items() if Verdict(verdict) in FLAGGED)

    def summary(self) -> str:
        """Return the counts in one sentence."""
        runs = "1 run" if self.n_runs == 1 else f"{self.n_runs:,} runs"
        verdicts = ", ".join(f"{n:,} {verdict}" for verdict, n in self.verdicts.most_common())
        parts = [
            verdicts,
            f"{self.n_unchanged:,} unchanged since the last scan" if self.n_unchanged else "",
            f"{self.n_failed:,} with errors" if self.n_failed else "",
        ]
        said = "; ".join(part for part in parts if part)
        return f"{runs}: {said}." if said else f"{runs}."
