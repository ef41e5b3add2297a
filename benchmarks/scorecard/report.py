"""What the scorecard changes, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from benchmarks.diagnosis.breakdowns import by_confidence
from benchmarks.diagnosis.cases import Case
from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.table import SHARE_COLUMNS, Table, cells, counted, decimal
from benchmarks.diagnosis.verdict_scores import score_verdicts
from benchmarks.scorecard.validation import OfBlock


def tables(blocks: Sequence[OfBlock]) -> tuple[Table, ...]:
    """Return the scores by block, what came of disagreements, and how sure the verdicts are."""
    return _by_block(blocks), _asked_about(blocks), _by_confidence(blocks)


def _by_block(blocks: Sequence[OfBlock]) -> Table:
    rows = []
    for block in blocks:
        for who, cases in (("judges alone", block.alone), ("with the scorecard", block.with_scorecard)):
            scores = score_verdicts(cases)
            rows.append(
                (
                    f"{block.block}, {who}",
                    decimal(scores.macro_f1),
                    *counted(scores.right),
                    *counted(scores.stalls.found),
                    *counted(scores.false_alarms.wrong),
                )
            )
    columns = (
        "block, who",
        "macro F1",
        "right",
        "runs",
        "stalls found",
        "stalls",
        "false alarms",
        "sound runs",
    )
    return Table("Verdicts, each block with the scorecard of the others", columns, tuple(rows))


def _asked_about(blocks: Sequence[OfBlock]) -> Table:
    disputed = list(chain.from_iterable(block.disputed for block in blocks))
    overruled = list(chain.from_iterable(block.overruled for block in blocks))
    rows = (
        ("disputed: the judges' verdict is right", _right(disputed)),
        ("overruled: the scorecard's verdict is right", _right([after for _, after in overruled])),
        ("overruled: the judges' verdict was right", _right([before for before, _ in overruled])),
    )
    return Table(
        "Where the scorecard disagrees",
        ("what", *SHARE_COLUMNS),
        tuple((what, *cells(part)) for what, part in rows),
    )


def _by_confidence(blocks: Sequence[OfBlock]) -> Table:
    cases = list(chain.from_iterable(block.with_scorecard for block in blocks))
    return Table(
        "How sure the verdicts are",
        ("stated", "right", *SHARE_COLUMNS[1:]),
        tuple((decimal(one.stated), *cells(one.right)) for one in by_confidence(cases)),
    )


def _right(cases: Sequence[Case]) -> Share:
    return share(cases, lambda case: case.is_right)
