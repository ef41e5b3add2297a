"""The runs of the zoo as rows of numbers: every fact of the evidence, and our own verdict, or without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from benchmarks.diagnosis.cases import Case, case_of
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.truth import Truth

FloatArray = npt.NDArray[np.float64]
Row = Mapping[str, float | int | bool | str]

OUR_VERDICT: Final = "our_verdict"


@dataclass(frozen=True, eq=False)
class Examples:
    """Runs as a learner sees them.

    Attributes
    ----------
    cases
        One a run: truth and our answer.
    rows
        One a run: the facts by name, and our verdict as ``OUR_VERDICT``.
    groups
        One a run: data set and architecture, which no two folds share.
    blocks
        One a run: the block of the zoo.
    """

    cases: tuple[Case, ...]
    rows: tuple[Row, ...]
    groups: tuple[str, ...]
    blocks: tuple[str, ...]


def examples_of(pairs: Sequence[tuple[RunRecord, Truth]]) -> Examples:
    """Return the runs with every fact that a diagnosis gathers of them."""
    cases, rows = [], []
    for record, truth in pairs:
        diagnosis = diagnose(record)
        cases.append(case_of(record, truth, diagnosis))
        facts: Row = {fact.name: fact.value for fact in diagnosis.evidence.facts()}
        rows.append({**facts, OUR_VERDICT: diagnosis.verdict.value})
    groups = tuple(str(truth.group) for _, truth in pairs)
    return Examples(tuple(cases), tuple(rows), groups, tuple(truth.plan.block for _, truth in pairs))


def matrix_of(rows: Sequence[Row], *, with_our_verdict: bool) -> FloatArray:
    """Return shape (n_runs, n_facts): numbers, words as their place in the alphabet, NaN where unknown."""
    names = sorted({name for row in rows for name in row} - (set() if with_our_verdict else {OUR_VERDICT}))
    columns = [_column([row.get(name) for row in rows]) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def _column(values: Sequence[float | bool | str | None]) -> FloatArray:
    words = sorted({value for value in values if isinstance(value, str)})
    places = {word: float(place) for place, word in enumerate(words)}
    numbers = [
        np.nan if value is None else places[value] if isinstance(value, str) else float(value)
        for value in values
    ]
    return np.array(numbers, dtype=np.float64)
