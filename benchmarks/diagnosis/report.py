"""The whole benchmark, all stages in order: runs -> diagnoses, rivals -> scores -> report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.diagnosis.bare import without_params
from benchmarks.diagnosis.cases import cases_of
from benchmarks.diagnosis.comparison import Contender, compare
from benchmarks.diagnosis.scores import Scores, measure, score
from benchmarks.rivals import autotrainer, deepdiagnosis, runmedic
from benchmarks.rivals.answer import RivalAnswer, no_answer
from benchmarks.rivals.store import write_store
from benchmarks.zoo.blocks import BLOCKS, apart, asked_for
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.truth import Truth

Pairs = Sequence[tuple[RunRecord, "Truth"]]

ALL: Final = "all"


@dataclass(frozen=True)
class Speed:
    """Runs judged in a second, from runs in memory to answers; imports and reading left out."""

    ours: float
    runmedic: float


@dataclass(frozen=True)
class Report:
    """Everything that is printed and written.

    Attributes
    ----------
    block
        Which runs: those of one block, "held-out" or "all".
    n_runs, n_groups
        Runs, and groups of data set and architecture among them.
    scores
        Of the diagnoses of what the runs logged.
    by_block
        The same for each block among them; empty where all are of one.
    bare_scores
        Of the diagnoses of their metrics alone.
    contenders
        Ourselves, then the rivals.
    """

    block: str
    n_runs: int
    n_groups: int
    scores: Scores
    by_block: Mapping[str, Scores]
    bare_scores: Scores
    contenders: tuple[Contender, ...]
    speed: Speed


def select(pairs: Pairs, block: str) -> Pairs:
    """Return the runs of one block, of those held out, or all."""
    asked = BLOCKS if block == ALL else asked_for(block)
    return [pair for pair in pairs if pair[1].plan.block in asked]


def report(pairs: Pairs, block: str) -> Report:
    """Diagnose the runs and ask the rivals.

    Parameters
    ----------
    pairs
        Runs with their truths.
    block
        What they were asked for by.

    Raises
    ------
    ModuleNotFoundError
        When runmedic is not installed.
    """
    records = [record for record, _ in pairs]
    start = time.perf_counter()
    diagnoses = [diagnose(record) for record in records]
    seconds = time.perf_counter() - start
    bare = [without_params(record) for record in records]
    cases = cases_of(pairs, diagnoses)
    of_blocks = apart(zip(pairs, cases, strict=True), lambda one: one[0][1].plan.block)
    rivals, rival_seconds = ask_rivals(records)
    return Report(
        block=block,
        n_runs=len(pairs),
        n_groups=len({truth.group for _, truth in pairs}),
        scores=score(cases),
        by_block={block: score([case for _, case in its]) for block, its in of_blocks.items()},
        bare_scores=measure(pairs, [diagnose(record) for record in bare]),
        contenders=compare(cases, rivals),
        speed=Speed(ours=len(records) / seconds, runmedic=len(records) / rival_seconds),
    )


def ask_rivals(records: Sequence[RunRecord]) -> tuple[Mapping[str, Sequence[RivalAnswer]], float]:
    """Return what every rival says of every run, and the seconds that runmedic's checks took."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "mlflow.db")
        write_store(records, database)
        from_store = runmedic.answers(database)
    unread = no_answer("it has no metric")
    answers = {
        runmedic.NAME: [from_store.by_run.get(record.run_id, unread) for record in records],
        autotrainer.NAME: [autotrainer.answer(record) for record in records],
        deepdiagnosis.NAME: [deepdiagnosis.answer(record) for record in records],
    }
    return answers, from_store.seconds
