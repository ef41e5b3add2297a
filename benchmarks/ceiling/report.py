"""Ours and the learner's scores side by side, over the same runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.ceiling.facts import Examples, FloatArray, matrix_of
from benchmarks.ceiling.learner import across_blocks, across_groups
from benchmarks.diagnosis.cases import Candidate, Case, answer_of
from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.table import Table, counted, decimal
from benchmarks.diagnosis.verdict_scores import VerdictScores, score_verdicts
from mlflow_bce_monitor.contract import NO_CAUSE, UNKNOWN, Verdict

Ask = Callable[[FloatArray, Sequence[str], Sequence[str]], list[str]]

OURS: Final = "rules and limits"


@dataclass(frozen=True)
class VerdictRow:
    """Who judged which runs, and how well.

    Attributes
    ----------
    who
        Ourselves or a learner, and over which facts.
    scores
        One a block, and of all runs last.
    """

    who: str
    scores: tuple[tuple[str, VerdictScores], ...]


@dataclass(frozen=True)
class CauseRow:
    """How often the first cause is a true one, one share a block and one of all runs last."""

    who: str
    first: tuple[tuple[str, Share], ...]


def verdict_rows(examples: Examples) -> tuple[VerdictRow, ...]:
    """Return our verdicts' scores and those of the learner, over the facts alone and with our verdict."""
    truths = [case.verdict.value for case in examples.cases]
    rows = [VerdictRow(OURS, _by_block(examples, examples.cases, score_verdicts))]
    for facts, with_ours in (("facts", False), ("facts and our verdict", True)):
        matrix = matrix_of(examples.rows, with_our_verdict=with_ours)
        for where, answers in _asked(matrix, truths, examples):
            said = [
                replace(case, said=Verdict(answer))
                for case, answer in zip(examples.cases, answers, strict=True)
            ]
            rows.append(VerdictRow(f"learner, {facts}, {where}", _by_block(examples, said, score_verdicts)))
    return tuple(rows)


def cause_rows(examples: Examples) -> tuple[CauseRow, ...]:
    """Return how often the first cause is right, ours and the learner's, where the true one is established.

    Causes that nothing logged can separate count as one answer. Of two true causes the learner is
    taught the injected one.
    """
    examples = _only(examples, [case.has_established_cause for case in examples.cases])
    ours = [_first(case) for case in examples.cases]
    rows = [CauseRow(OURS, _rights(examples, ours))]
    matrix = matrix_of(examples.rows, with_our_verdict=True)
    truths = ["/".join(sorted(_taught(case))) for case in examples.cases]
    for where, answers in _asked(matrix, truths, examples):
        said = [frozenset(answer.split("/")) for answer in answers]
        rows.append(CauseRow(f"learner, facts and our verdict, {where}", _rights(examples, said)))
    return tuple(rows)


def verdict_table(rows: Sequence[VerdictRow]) -> Table:
    """Return the verdicts' scores in words."""
    cells = tuple(
        (
            f"{row.who}: {block}",
            decimal(scores.macro_f1),
            *counted(scores.right),
            *counted(scores.stalls.found),
        )
        for row in rows
        for block, scores in row.scores
    )
    return Table(
        "Verdicts", ("who: asked about", "macro F1", "right", "runs", "stalls found", "stalls"), cells
    )


def cause_table(rows: Sequence[CauseRow]) -> Table:
    """Return the causes' scores in words."""
    cells = tuple((f"{row.who}: {block}", *counted(part)) for row in rows for block, part in row.first)
    return Table("True cause in the first place", ("who: asked about", "share", "runs"), cells)


def _asked(matrix: FloatArray, truths: Sequence[str], examples: Examples) -> list[tuple[str, list[str]]]:
    return [
        ("across groups", across_groups(matrix, truths, examples.groups)),
        ("from the other block", across_blocks(matrix, truths, examples.blocks)),
    ]


def _by_block(
    examples: Examples, cases: Sequence[Case], scored: Callable[[Sequence[Case]], VerdictScores]
) -> tuple[tuple[str, VerdictScores], ...]:
    parts = [
        (name, scored([case for case, of in zip(cases, examples.blocks, strict=True) if of == name]))
        for name in sorted(set(examples.blocks))
    ]
    return (*parts, ("all", scored(cases)))


def _rights(examples: Examples, said: Sequence[frozenset[str]]) -> tuple[tuple[str, Share], ...]:
    right = [bool(case.causes & causes) for case, causes in zip(examples.cases, said, strict=True)]
    parts = [
        (name, share([ok for ok, of in zip(right, examples.blocks, strict=True) if of == name], bool))
        for name in sorted(set(examples.blocks))
    ]
    return (*parts, ("all", share(right, bool)))


def _first(case: Case) -> frozenset[str]:
    candidates = case.candidates(grouped=True)
    first = candidates[0] if candidates else Candidate(frozenset(), 0.0)
    return first.causes if first.is_named else frozenset()


def _taught(case: Case) -> frozenset[str]:
    causes = case.causes - {NO_CAUSE, UNKNOWN}
    cause = case.fault if case.fault in causes else min(causes)
    return answer_of(cause, rate_known=case.rate_known)


def _only(examples: Examples, kept: Sequence[bool]) -> Examples:
    def those(values: Sequence[object]) -> tuple:  # type: ignore[type-arg] # of whatever there is
        return tuple(value for value, keep in zip(values, kept, strict=True) if keep)

    return Examples(
        those(examples.cases), those(examples.rows), those(examples.groups), those(examples.blocks)
    )
