"""Every table of the benchmark, in words."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.diagnosis.calibration import Calibration
from benchmarks.diagnosis.cause_scores import PLACES, SURE, CauseScores
from benchmarks.diagnosis.comparison import COLUMNS, Contender
from benchmarks.diagnosis.goals import GOALS
from benchmarks.diagnosis.report import Report
from benchmarks.diagnosis.scores import FEW_POINTS, Scores
from benchmarks.diagnosis.table import (
    SHARE_COLUMNS,
    Table,
    cells,
    count_of,
    counted,
    decimal,
    percent,
)
from benchmarks.diagnosis.verdict_scores import StallScores, VerdictScores
from mlflow_bce_monitor.contract import Verdict


def goals(scores: Scores, by_block: Mapping[str, Scores]) -> Table:
    """Return what has to be reached, and what is, in all and in each block."""
    rows = tuple(
        (
            goal.title,
            f"{goal.better.value} {goal.bound:g}",
            decimal(goal.of(scores)),
            "yes" if goal.is_reached(scores) else "no",
            *(decimal(goal.of(of_block)) for of_block in by_block.values()),
        )
        for goal in GOALS
    )
    columns = ("number", "goal", "measured", "reached", *(f"in {name}" for name in by_block))
    return Table("Goals", columns, rows)


def f1(scores: VerdictScores, title: str = "Verdicts") -> Table:
    """Return precision, recall and F1 of every verdict, and their means."""
    rows = [
        (
            score.verdict.value,
            str(score.n),
            decimal(score.precision),
            decimal(score.recall),
            decimal(score.f1),
        )
        for score in scores.classes
    ]
    right, strictly = scores.right, scores.right_strictly
    rows += [
        ("macro F1", str(scores.n), "", "", decimal(scores.macro_f1)),
        ("macro F1, strict", str(scores.n), "", "", decimal(scores.macro_f1_strict)),
        ("right", count_of(right), "", percent(right.value), ""),
        ("right, strict", count_of(strictly), "", percent(strictly.value), ""),
    ]
    return Table(title, ("verdict", "runs", "precision", "recall", "F1"), tuple(rows))


def confusion(scores: VerdictScores) -> Table:
    """Return how many runs of each true verdict were counted as each verdict."""
    found = scores.confusion
    true = [verdict for verdict in Verdict if any(row is verdict for row, _ in found)]
    said = [verdict for verdict in Verdict if any(column is verdict for _, column in found)]
    rows = tuple((row.value, *(str(found.get((row, column), 0) or "") for column in said)) for row in true)
    return Table("True verdicts (rows) and what they were counted as", ("true", *map(str, said)), rows)


def stalls(scores: Scores) -> Table:
    """Return how many stalls are found, among all runs and among short ones."""
    rows = [
        *_stalls("clear", scores.verdicts.clear_stalls),
        *_stalls("all", scores.verdicts.stalls),
        *_stalls(f"clear, at most {FEW_POINTS} points", scores.short_verdicts.clear_stalls),
        *_stalls(f"all, at most {FEW_POINTS} points", scores.short_verdicts.stalls),
    ]
    return Table("Stalls found", ("stalls", "counted", *SHARE_COLUMNS), tuple(rows))


def _stalls(name: str, scores: StallScores) -> list[tuple[str, ...]]:
    return [
        (name, "found", *cells(scores.found)),
        (name, "called stalled", *cells(scores.named)),
        (name, "flagged at all", *cells(scores.flagged)),
    ]


def alarms(scores: Scores) -> Table:
    """Return how many runs that learned are flagged, by kind."""
    short = scores.short_verdicts.false_alarms
    rows = [
        *((row.kind, *cells(row.wrong), count_of(row.any_alarm)) for row in scores.verdicts.alarms),
        *(
            (name, *cells(row.wrong), count_of(row.any_alarm))
            for name, row in (
                ("all without a fault", scores.verdicts.false_alarms),
                (f"those of at most {FEW_POINTS} points", short),
            )
        ),
    ]
    return Table("False alarms", ("runs that learned", *SHARE_COLUMNS, "any alarm"), tuple(rows))


def by_confidence(scores: Scores) -> Table:
    """Return how often a verdict is right that was stated with some confidence."""
    rows = tuple((decimal(row.stated), *cells(row.right)) for row in scores.by_confidence)
    return Table("Verdicts by confidence", ("stated", "right", *SHARE_COLUMNS[1:]), rows)


def by_what_was_logged(scores: Scores) -> Table:
    """Return the verdicts' scores of runs that logged what decides them, and of those that did not."""
    rows = tuple(
        (
            row.logged,
            *counted(row.right),
            decimal(row.macro_f1),
            *counted(row.stalls),
            *counted(row.false_alarms),
        )
        for row in scores.by_what_was_logged
    )
    columns = (
        "runs with",
        "right",
        "runs",
        "macro F1",
        "stalls found",
        "stalls",
        "false alarms",
        "sound runs",
    )
    return Table("Verdicts by what was logged", columns, rows)


def causes(scores: Scores) -> Table:
    """Return the causes' scores, the inseparable ones as one answer and every word for itself."""
    both = (scores.causes, scores.exact_causes)
    names = (
        "in the first place",
        f"in the first {PLACES} places",
        "in the first place, where a cause stands there",
        f"stated first with {SURE:g} or more: right",
        "given causes at all",
        "`unknown` first",
    )
    shares = [
        (one.top_1, one.top_3, one.top_1_when_named, one.sure, one.answered, one.abstained) for one in both
    ]
    rows = tuple(
        (name, *cells(grouped), *counted(exact)) for name, grouped, exact in zip(names, *shares, strict=True)
    )
    return Table("Causes", ("true cause", *SHARE_COLUMNS, "exact word", "runs"), rows)


def calibrations(scores: Scores) -> Table:
    """Return what the probabilities are worth."""
    rows = [
        (f"{name}, {counted}", *_calibration(part))
        for counted, one in (("grouped", scores.causes), ("exact", scores.exact_causes))
        for name, part in (
            ("first named cause", one.first_named),
            ("first answer", one.first),
            ("every named cause", one.pairs),
        )
    ]
    columns = (
        "probabilities of",
        "answers",
        "stated",
        "right",
        "ECE",
        "ECE if exact",
        "95 % below",
        "Brier",
    )
    return Table("Calibration", columns, tuple(rows))


def _calibration(part: Calibration) -> tuple[str, ...]:
    numbers = (part.confidence, part.right.value, part.error, part.attainable, part.attainable_95, part.brier)
    return (str(part.n), *map(decimal, numbers))


def by_cause(scores: CauseScores) -> Table:
    """Return one row a true cause."""
    rows = tuple(
        (
            f"`{row.cause}`",
            str(row.top_1.n),
            percent(row.top_1.value),
            percent(row.top_3.value),
            decimal(row.probability),
        )
        for row in scores.rows
    )
    columns = ("true cause", "runs", "first", f"first {PLACES}", "mean probability")
    return Table("By true cause", columns, rows)


def bare(scores: Scores, without: Scores) -> Table:
    """Return what is left when only the metrics are."""
    rows = [
        ("verdicts, macro F1", *(decimal(one.verdicts.macro_f1) for one in (scores, without))),
        ("cause in the first place", *(percent(one.causes.top_1.value) for one in (scores, without))),
        (
            f"cause in the first {PLACES} places",
            *(percent(one.causes.top_3.value) for one in (scores, without)),
        ),
        (
            "expected calibration error",
            *(decimal(one.causes.first_named.error) for one in (scores, without)),
        ),
        (
            "the same, if probabilities were exact",
            *(decimal(one.causes.first_named.attainable) for one in (scores, without)),
        ),
        ("mean probability of `unknown`", *(decimal(one.causes.unknown) for one in (scores, without))),
        ("`unknown` first", *(percent(one.causes.abstained.value) for one in (scores, without))),
    ]
    return Table("Without params", ("", "as above", "metrics alone"), tuple(rows))


def rivals(contenders: tuple[Contender, ...]) -> Table:
    """Return all contenders on all columns."""
    rows = tuple(
        (
            one.name,
            *(f"{percent(column.of(one).value)} ({count_of(column.of(one))})" for column in COLUMNS),
            percent(one.answered.value),
        )
        for one in contenders
    )
    return Table("Rivals", ("", *(column.title for column in COLUMNS), "could judge"), rows)


def speed(report: Report) -> Table:
    """Return how fast the runs are judged."""
    ours, theirs = report.speed.ours, report.speed.runmedic
    rows = (
        ("mlflow-bce-monitor", f"{ours:.0f}", "1"),
        ("runmedic", f"{theirs:.0f}", f"{theirs / ours:.1f}"),
    )
    return Table("Speed", ("", "runs a second", "ratio"), rows)


def all_tables(report: Report) -> tuple[Table, ...]:
    """Return every table in the order it is printed."""
    scores = report.scores
    return (
        goals(scores, report.by_block),
        f1(scores.verdicts),
        confusion(scores.verdicts),
        stalls(scores),
        alarms(scores),
        by_what_was_logged(scores),
        by_confidence(scores),
        causes(scores),
        calibrations(scores),
        by_cause(scores.causes),
        bare(scores, report.bare_scores),
        rivals(report.contenders),
        speed(report),
    )
