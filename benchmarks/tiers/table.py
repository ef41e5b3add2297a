"""The scores of every view in one table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.diagnosis.scores import Scores, measure
from benchmarks.diagnosis.shares import Share
from benchmarks.diagnosis.table import Table, decimal, percent
from benchmarks.tiers.views import VIEWS, View
from benchmarks.zoo.inside import Case
from mlflow_bce_monitor.pipeline import diagnose


def scores_of(view: View, cases: Sequence[Case]) -> Scores:
    """Return the scores of the diagnoses of those trainings that can be seen in this way."""
    cases = [case for case in cases if view.shows(case)]
    seen = [view.of(case) for case in cases]
    diagnoses = [diagnose(record, probed=facts) for record, facts in seen]
    pairs = [(record, case.truth) for (record, _), case in zip(seen, cases, strict=True)]
    return measure(pairs, diagnoses)


def table(cases: Sequence[Case]) -> Table:
    """Return one row a view; no causes are counted as one."""
    rows = tuple(_row(view, scores_of(view, cases)) for view in VIEWS)
    columns = (
        "judged by",
        "trainings",
        "verdict right",
        "stalls found",
        "true cause first",
        "of those given causes",
        "first three",
        "ECE",
        "said with 0.8 or more: right",
        "healthy run called ill",
    )
    return Table("Evidence from inside", columns, rows)


def _row(view: View, scores: Scores) -> tuple[str, ...]:
    verdicts, causes = scores.verdicts, scores.exact_causes
    named = Share(causes.top_1.count, causes.answered.count)
    return (
        view.title,
        str(verdicts.n),
        _cell(verdicts.right),
        _cell(verdicts.stalls.found),
        _cell(causes.top_1),
        _cell(named),
        _cell(causes.top_3),
        f"{decimal(causes.first_named.error)} ({decimal(causes.first_named.attainable)} if exact)",
        _cell(causes.sure),
        _cell(verdicts.false_alarms.wrong),
    )


def _cell(part: Share) -> str:
    return f"{percent(part.value)} ({part.count} of {part.n})"
