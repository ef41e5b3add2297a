"""The scores of every view, in tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.diagnosis.cases import Case as Judged
from benchmarks.diagnosis.cases import case_of
from benchmarks.diagnosis.cause_scores import SURE
from benchmarks.diagnosis.scores import Scores, score
from benchmarks.diagnosis.shares import Share
from benchmarks.diagnosis.table import Table, count_of, decimal, interval, percent
from benchmarks.tiers.views import BOTH, CALLBACK, PROBES, VIEWS, View
from benchmarks.zoo.blocks import apart
from benchmarks.zoo.inside import Case
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.pipeline import diagnose, diagnose_many


def judged(view: View, cases: Sequence[Case]) -> dict[Case, Judged]:
    """Return the diagnoses, beside the truth, of those trainings that can be seen in this way."""
    seen = {case: view.of(case) for case in cases if view.shows(case)}
    # Together it takes half the time, but what probes found is of one run.
    together = iter(diagnose_many(record for record, facts in seen.values() if not facts))
    found: dict[Case, Judged] = {}
    for case, (record, facts) in seen.items():
        diagnosis = diagnose(record, probed=facts) if facts else next(together)
        if isinstance(diagnosis, RunError):
            raise diagnosis
        found[case] = case_of(record, case.truth, diagnosis)
    return found


@dataclass(frozen=True)
class Measured:
    """The scores of the four views.

    Attributes
    ----------
    every
        By view, of all trainings that it can see.
    same
        By view, of the trainings whose models were probed: the same ones for all four.
    by_block
        As ``every``, for each block among the trainings; empty where all are of one.
    n_groups
        Pairs of data set and architecture among the trainings.
    """

    every: dict[str, Scores]
    same: dict[str, Scores]
    by_block: dict[str, dict[str, Scores]]
    n_groups: int


def measured(cases: Sequence[Case]) -> Measured:
    """Judge the trainings in the four ways, each training once in each of them."""
    of_views = {view.title: judged(view, cases) for view in VIEWS}

    def in_every_view(some: Sequence[Case]) -> dict[str, Scores]:
        return {
            title: score([found[case] for case in some if case in found]) for title, found in of_views.items()
        }

    of_blocks = apart(cases, lambda case: case.truth.plan.block)
    return Measured(
        in_every_view(cases),
        in_every_view([case for case in cases if case.probes]),
        {block: in_every_view(its) for block, its in of_blocks.items()},
        len({case.truth.group for case in cases}),
    )


def named(scores: Scores) -> Share:
    """Return how often the true cause is first among the runs in trouble that were given causes.

    A training that knows its rows by heart and logged no held-back data looks learned to everyone, and
    "learning" is no wrong answer there: it is given no causes.
    """
    return Share(scores.exact_causes.top_1.count, scores.exact_causes.answered.count)


@dataclass(frozen=True)
class Goal:
    """A bound on the share of true causes in the first place."""

    view: View
    bound: float


GOALS: Final = (Goal(CALLBACK, 0.93), Goal(PROBES, 0.96), Goal(BOTH, 0.96))


def goals(found: Measured) -> Table:
    """Return what has to be reached, and what is."""
    rows = [
        (*_goal(goal, named(found.every[goal.view.title])), *_in_blocks(found.by_block, goal.view, named))
        for goal in GOALS
    ]
    for view in VIEWS[1:]:
        wrong = _called_ill(found.every[view.title])
        title = f"healthy trainings called ill, {view.title}"
        measured = (percent(wrong.value), count_of(wrong), interval(wrong), _yes(wrong.count == 0))
        rows.append((title, "at most 0", *measured, *_in_blocks(found.by_block, view, _called_ill)))
    columns = ("number", "goal", "measured", "runs", "95 % interval", "reached")
    return Table("Goals", (*columns, *(f"in {block}" for block in found.by_block)), tuple(rows))


def _called_ill(scores: Scores) -> Share:
    return scores.verdicts.false_alarms.wrong


def _in_blocks(
    blocks: dict[str, dict[str, Scores]], view: View, of: Callable[[Scores], Share]
) -> Iterator[str]:
    for scores in blocks.values():
        share = of(scores[view.title])
        yield f"{percent(share.value)} ({count_of(share)})"


def below(found: Measured, *, clearly: bool) -> list[str]:
    """Return the views whose share of true causes misses its goal, with its whole interval or not."""
    shares = [(goal, named(found.every[goal.view.title])) for goal in GOALS]
    return [
        goal.view.title
        for goal, share in shares
        if not share.value >= goal.bound and (share.interval[1] < goal.bound) is clearly
    ]


def _goal(goal: Goal, share: Share) -> tuple[str, ...]:
    title = f"true cause first, {goal.view.title}"
    reached = _yes(share.n > 0 and share.value >= goal.bound)
    return title, f"at least {goal.bound:g}", percent(share.value), count_of(share), interval(share), reached


def _yes(reached: bool) -> str:  # noqa: FBT001 - the only argument
    return "yes" if reached else "no"


def table(scores: dict[str, Scores], title: str) -> Table:
    """Return one row a view; no causes are counted as one."""
    columns = (
        "judged by",
        "runs",
        "verdict right",
        "true cause first, where causes were given",
        "of all in trouble",
        "among the first three",
        "ECE (if exact)",
        f"said with {SURE:g} or more: right",
        "healthy called ill",
    )
    return Table(title, columns, tuple(_row(name, one) for name, one in scores.items()))


def _row(title: str, scores: Scores) -> tuple[str, ...]:
    verdicts, causes = scores.verdicts, scores.exact_causes
    return (
        title,
        str(verdicts.n),
        _cell(verdicts.right),
        _cell(named(scores)),
        _cell(causes.top_1),
        _cell(causes.top_3),
        f"{decimal(causes.first_named.error)} ({decimal(causes.first_named.attainable)})",
        _cell(causes.sure),
        _cell(verdicts.false_alarms.wrong),
    )


def _cell(part: Share) -> str:
    return f"{percent(part.value)} ({count_of(part)}; {interval(part)})"


def by_cause(found: Measured) -> Table:
    """Return for each true cause how often it stands first in each view."""
    parts = [{row.cause: row.top_1 for row in found.every[view.title].exact_causes.rows} for view in VIEWS]
    causes = list(dict.fromkeys(cause for part in parts for cause in part))
    rows = tuple(
        (f"`{cause}`", *(count_of(part[cause]) if cause in part else "-" for part in parts))
        for cause in causes
    )
    return Table("True cause first, by cause", ("true cause", *(view.title for view in VIEWS)), rows)


def tables(found: Measured) -> tuple[Table, ...]:
    """Return every table in the order it is printed."""
    return (
        goals(found),
        table(found.every, "Every training that each can see"),
        table(found.same, "The trainings whose models were probed"),
        by_cause(found),
    )
