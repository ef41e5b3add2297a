"""What a verification's page and Markdown say, in order: every string is plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.verifying.comparison import Result
from mlflow_bce_monitor.verifying.result import Step, Trial, VerificationReport
from mlflow_bce_monitor.verifying.wording import changed

TITLES = {
    Result.WORKS: "The remedy works",
    Result.NO_EFFECT: "No remedy has an effect",
    Result.WORSE: "The remedy makes it worse",
    Result.IMPOSSIBLE: "It could not be verified",
}
_SHOWN_CAUSES = 5

Table = tuple[tuple[str, ...], ...]
"""Rows of cells, the heading first."""


@dataclass(frozen=True)
class Content:
    """The parts of the page; a table with nothing but its heading is left out."""

    title: str
    sentence: str
    tone: str
    run: str
    run_id: str
    parent_run_id: str
    trials: Table
    path: Table
    causes: Table
    notes: tuple[str, ...]
    cost: str


def content(report: VerificationReport) -> Content:
    """Return what is said of a verification."""
    tones = {Result.WORKS: "good", Result.WORSE: "bad"}
    return Content(
        TITLES[report.result],
        plain(report.sentence),
        tones.get(report.result, "open"),
        plain(report.run_name or report.run_id or "a training in Python"),
        report.run_id,
        report.parent_run_id,
        _trials(report.trials),
        _path(report.steps),
        _causes(report.first_causes, report.causes),
        tuple(plain(note) for note in report.notes),
        f"{report.n_reruns} reruns in {report.seconds:.0f} s; {plain(report.stopped).rstrip('.')}.",
    )


def _trials(trials: Sequence[Trial]) -> Table:
    heading = (
        "remedy for",
        "change",
        "result",
        "skill before",
        "skill after",
        "gain (95 % interval)",
        "pairs",
    )
    return (heading, *(_trial(one) for one in trials))


def _trial(trial: Trial) -> tuple[str, ...]:
    found = trial.comparison
    start = (", ".join((trial.cause, *trial.also)), plain(changed(trial.arm.changes)))
    if found is None:
        return (*start, "not finished", "", "", plain(trial.note), str(len(trial.remedied)))
    return (
        *start,
        str(found.result),
        f"{found.baseline:.3f}",
        f"{found.remedied:.3f}",
        f"{found.gain:+.3f} ({found.low:+.3f} to {found.high:+.3f})",
        str(len(found.gains)),
    )


def _path(steps: Sequence[Step]) -> Table:
    heading = ("rerun", "what it showed", "most probable then")
    return (
        heading,
        *(
            (
                plain(f"{one.name}: {changed(one.measured.arm.changes)}"),
                plain(one.because),
                f"{one.after[0].cause} {numbers.probability(one.after[0].probability)}",
            )
            for one in steps
        ),
    )


def _causes(before: Sequence[RankedCause], after: Sequence[RankedCause]) -> Table:
    was = {one.cause: one.probability for one in before}
    rows = tuple(
        (
            one.cause,
            numbers.probability(was.get(one.cause, 0.0)),
            numbers.probability(one.probability),
            plain(one.because),
        )
        for one in after[:_SHOWN_CAUSES]
    )
    return (("cause", "before", "after", "because"), *rows)
