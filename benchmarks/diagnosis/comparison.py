"""The diagnosis and its rivals on the same runs, column by column.

Every column is read in the rivals' favour. A stall is found by a rival when it says anything about the
learning; by us only when the verdict is not wrong either. A cause is named when any word of
a rival's counts, as one answer with those that nothing logged can separate; ours has to be
among the first three places. A run that a rival cannot judge counts as one it says nothing of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.diagnosis.cases import Case, answer_of
from benchmarks.diagnosis.cause_scores import PLACES
from benchmarks.diagnosis.scores import FEW_POINTS
from benchmarks.diagnosis.shares import Better, Share, share
from benchmarks.diagnosis.verdict_scores import is_sound
from benchmarks.rivals.answer import RivalAnswer
from mlflow_bce_monitor.contract import FLAGGED, Verdict

OURS: Final = "mlflow-bce-monitor"


@dataclass(frozen=True)
class Statement:
    """What one contender says of one run, as far as the columns ask.

    Attributes
    ----------
    found
        Whether it counts as having found a stall, if there is one.
    alarmed
        Whether it raises an alarm.
    first_right, any_right
        Whether its first cause is true, and any that counts.
    could_answer
        Whether the run holds what it needs.
    """

    found: bool
    alarmed: bool
    first_right: bool
    any_right: bool
    could_answer: bool


@dataclass(frozen=True)
class Contender:
    """One contender on all columns.

    Attributes
    ----------
    name
        As in the tables.
    clear_stalls, stalls, short_stalls
        Stalls found: where no other verdict is acceptable, all of them, those of at most ten points.
    false_alarms
        Alarms on runs that learned, without a fault and not near a boundary.
    first_cause, any_cause
        Runs in trouble with an established cause whose cause is named.
    answered
        Runs it could judge, of all.
    alarms_in_trouble, alarms_when_learned
        Runs with an alarm among those in trouble, and among all those that learned: what the columns
        above have to be seen against.
    """

    name: str
    clear_stalls: Share
    stalls: Share
    short_stalls: Share
    false_alarms: Share
    first_cause: Share
    any_cause: Share
    answered: Share
    alarms_in_trouble: Share
    alarms_when_learned: Share


@dataclass(frozen=True)
class Column:
    """One column of the comparison.

    Attributes
    ----------
    title
        As in the table.
    of
        The share of a contender that stands there.
    better
        Which share is ahead.
    against
        What a rival that is ahead pays for it, in words and as a share.
    """

    title: str
    of: Callable[[Contender], Share]
    better: Better
    against: tuple[str, Callable[[Contender], Share]]


_ON_LEARNING = ("alarms on runs that learned", lambda contender: contender.alarms_when_learned)
_ON_TROUBLE = ("alarms on runs in trouble", lambda contender: contender.alarms_in_trouble)

COLUMNS: Final = (
    Column("clear stalls found", lambda one: one.clear_stalls, Better.HIGH, _ON_LEARNING),
    Column("all stalls found", lambda one: one.stalls, Better.HIGH, _ON_LEARNING),
    Column(f"of {FEW_POINTS} points at most", lambda one: one.short_stalls, Better.HIGH, _ON_LEARNING),
    Column("false alarms", lambda one: one.false_alarms, Better.LOW, _ON_TROUBLE),
    Column("first cause right", lambda one: one.first_cause, Better.HIGH, _ON_LEARNING),
    Column("a cause right", lambda one: one.any_cause, Better.HIGH, _ON_LEARNING),
)


def compare(cases: Sequence[Case], rivals: Mapping[str, Sequence[RivalAnswer]]) -> tuple[Contender, ...]:
    """Return ourselves, then every rival, on the same runs.

    Parameters
    ----------
    cases
        All runs with our answers.
    rivals
        Name to the rival's answers, one a run and in the same order.

    Raises
    ------
    ValueError
        When a rival has not as many answers as there are runs.
    """
    contenders = [_contender(OURS, cases, [our_statement(case) for case in cases])]
    for name, answers in rivals.items():
        if len(answers) != len(cases):
            raise ValueError(f"{name}: every run needs one answer, got {len(answers)} for {len(cases)} runs")
        statements = [rival_statement(case, said) for case, said in zip(cases, answers, strict=True)]
        contenders.append(_contender(name, cases, statements))
    return tuple(contenders)


def our_statement(case: Case) -> Statement:
    """Return what the diagnosis says of a run."""
    ranked = [case.accepts(candidate) for candidate in case.candidates(grouped=True)[:PLACES]]
    return Statement(
        found=case.is_flagged and case.is_right,
        alarmed=case.is_flagged,
        first_right=any(ranked[:1]),
        any_right=any(ranked),
        could_answer=case.said not in {Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE},
    )


def rival_statement(case: Case, answer: RivalAnswer) -> Statement:
    """Return what a rival says of a run."""
    right = [bool(answer_of(cause, rate_known=case.rate_known) & case.causes) for cause in answer.causes]
    return Statement(
        found=answer.found,
        alarmed=answer.flagged,
        first_right=any(right[:1]),
        any_right=any(right),
        could_answer=answer.could_answer,
    )


def standings(contenders: Sequence[Contender]) -> tuple[str, ...]:
    """Return one sentence a column that says who is ahead, by how much, and at what price.

    Parameters
    ----------
    contenders
        Ourselves first, then at least one rival.
    """
    return tuple(_standing(column, contenders[0], contenders[1:]) for column in COLUMNS)


def rivals_ahead(contenders: Sequence[Contender], column: Column) -> tuple[Contender, ...]:
    """Return the rivals that are ahead of us in a column, the best first."""
    ours, rivals = contenders[0], contenders[1:]
    ahead = [rival for rival in rivals if _lead(column, rival, ours) > 0]
    return tuple(sorted(ahead, key=lambda rival: -_lead(column, rival, ours)))


def words(part: Share) -> str:
    """Return a share in words: "97.7 % (42 of 43)", "none to judge" of nothing."""
    return f"{100 * part.value:.1f} % ({part.count} of {part.n})" if part.n else "none to judge"


def _standing(column: Column, ours: Contender, rivals: Sequence[Contender]) -> str:
    start = f"{column.title[0].upper()}{column.title[1:]}:"
    if not column.of(ours).n:
        return f"{start} no such run."
    ahead = rivals_ahead((ours, *rivals), column)
    if ahead:
        price, share_of = column.against
        lines = [
            f"{rival.name} is ahead with {words(column.of(rival))}; its {price}: {words(share_of(rival))}, "
            f"ours: {words(share_of(ours))}"
            for rival in ahead
        ]
        return f"{start} {'; '.join(lines)}. Ours: {words(column.of(ours))}."
    best = max(rivals, key=lambda rival: _lead(column, rival, ours))
    verb = "is level with" if _lead(column, best, ours) == 0 else "is ahead of"
    against = f"{words(column.of(best))} of {best.name}"
    return f"{start} {OURS} {verb} every rival, {words(column.of(ours))} against {against}."


def _lead(column: Column, one: Contender, other: Contender) -> float:
    lead = column.of(one).value - column.of(other).value
    return lead if column.better is Better.HIGH else -lead


def _contender(name: str, cases: Sequence[Case], statements: Sequence[Statement]) -> Contender:
    pairs = list(zip(cases, statements, strict=True))

    def among(belongs: Callable[[Case], bool], holds: Callable[[Statement], bool]) -> Share:
        return share([said for case, said in pairs if belongs(case)], holds)

    def is_stall(case: Case) -> bool:
        return case.verdict is Verdict.STALLED

    return Contender(
        name=name,
        clear_stalls=among(
            lambda case: is_stall(case) and len(case.acceptable) == 1, lambda said: said.found
        ),
        stalls=among(is_stall, lambda said: said.found),
        short_stalls=among(
            lambda case: is_stall(case) and case.n_points <= FEW_POINTS, lambda said: said.found
        ),
        false_alarms=among(
            lambda case: case.learned and is_sound(case) and not case.acceptable & FLAGGED,
            lambda said: said.alarmed,
        ),
        first_cause=among(lambda case: case.has_established_cause, lambda said: said.first_right),
        any_cause=among(lambda case: case.has_established_cause, lambda said: said.any_right),
        answered=among(lambda _: True, lambda said: said.could_answer),
        alarms_in_trouble=among(lambda case: case.in_trouble, lambda said: said.alarmed),
        alarms_when_learned=among(lambda case: case.learned, lambda said: said.alarmed),
    )
