"""How runs are to be evaluated, as Python callers and the command line say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.tracking.writing.reports import Reports, parse_reports


@dataclass(frozen=True)
class ScanOptions:
    """How to evaluate.

    Attributes
    ----------
    question
        What the caller says about the runs.
    limits
        Thresholds of the diagnosis.
    force
        Evaluate and write runs that are current, too.
    dry_run
        Write nothing.
    reports
        Which runs get a report.
    workers
        Threads; None for a number that suits the store.
    max_rate
        Runs that are read and written in a second at most; None for no limit.
    full_rows
        Whether the rows of unchanged runs are complete, which takes reading their
        histories, or hold only what their tags say.
    news_of_unfinished
        Write to a run that is still training only when its verdict or cause is another than
        the one it carries; each of its points would make a new answer otherwise.
    """

    question: Question = field(default_factory=Question)
    limits: Limits = LIMITS
    force: bool = False
    dry_run: bool = False
    reports: Reports = Reports.FLAGGED
    workers: int | None = None
    max_rate: float | None = None
    full_rows: bool = True
    news_of_unfinished: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"workers={self.workers!r} is not a number of threads: give 1 or more.")


def options_of(
    metrics: Sequence[str],
    base_rate: float | None,
    reports: str,
    *,
    force: bool = False,
    dry_run: bool = False,
    workers: int | None = None,
    max_rate: float | None = None,
    full_rows: bool = True,
) -> ScanOptions:
    """Return what a caller asked for in words and numbers; UsageError names what is out of range."""
    return ScanOptions(
        question=question_of(metrics, base_rate),
        force=force,
        dry_run=dry_run,
        reports=parse_reports(reports),
        workers=workers,
        max_rate=max_rate,
        full_rows=full_rows,
    )


def question_of(metrics: Sequence[str], base_rate: float | None) -> Question:
    """Return what a caller said about the runs; UsageError when the base rate is no share."""
    try:
        return Question(names_of(metrics), base_rate)
    except ValueError as error:
        raise UsageError(str(error)) from error


def names_of(given: Sequence[str]) -> tuple[str, ...]:
    """Take one name for a list of one: a string is a sequence of letters to Python."""
    return (given,) if isinstance(given, str) else tuple(given)
