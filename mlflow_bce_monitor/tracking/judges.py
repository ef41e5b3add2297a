"""Who reads and diagnoses the runs of a page: this process, or a second one beside it.

:class:`JudgesHere` works for every store. :class:`JudgesBeside` hands chunks of large pages of a SQLite store
to a :class:`~mlflow_bce_monitor.tracking.coworker.parent.Coworker`, takes the answers in their order, and
goes on here when that process cannot be had. Both give the same answers; a test holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from mlflow.entities import Run
from sqlalchemy.engine import make_url

from mlflow_bce_monitor.judging import RUNS_TOGETHER, Judged, judge_together, points_of, together
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.tracking.coworker.parent import Coworker, CoworkerLost, cores
from mlflow_bce_monitor.tracking.coworker.tasks import Task
from mlflow_bce_monitor.tracking.reading.fastest import reader_of
from mlflow_bce_monitor.tracking.reading.neighbours import SiblingsOf, with_siblings
from mlflow_bce_monitor.tracking.reading.reader import (
    ReadFailure,
    RunReader,
    local_model_summary,
    record_of,
)
from mlflow_bce_monitor.tracking.reading.sql_reader import SqlReader
from mlflow_bce_monitor.tracking.store.in_order import in_order
from mlflow_bce_monitor.tracking.store.opening import Store, sqlite_path
from mlflow_bce_monitor.tracking.store.reasons import reason

Verdicts = Iterator[tuple[Judged, tuple[str, ...]]]
"""What came of each run, and what was left out, one sentence each."""

Notes = Mapping[str, tuple[str, ...]]
"""What was left out, by run id."""

# Runs on a page from which on a second process pays for its start: it takes half a second to be ready,
# and a second process more than the page would be read in by this one is no gain.
_FEWEST_RUNS: Final = 400
# Runs in one task: enough to read well, few enough that the answers of several tasks are no burden.
_RUNS_A_TASK: Final = 100
# This process searches, compares and writes while others read and diagnose, which takes about twice as
# long; more than this many would wait for it.
_MOST_COWORKERS: Final = 3


@dataclass(frozen=True)
class Asked:
    """A run of a page.

    Attributes
    ----------
    run
        As a search found it.
    siblings_of
        Tells its siblings.
    written
        Whether its answer may be written.
    """

    run: Run
    siblings_of: SiblingsOf
    written: bool


class JudgesHere:
    """Reads and diagnoses in this process."""

    def __init__(
        self,
        reader: RunReader,
        pool: Executor,
        workers: int,
        question: Question,
        limits: Limits,
        together: int,
    ) -> None:
        self._reader = reader
        self._pool = pool
        self._workers = workers
        self._question = question
        self._limits = limits
        self._together = together

    def judge(self, asked: Sequence[Asked]) -> Verdicts:
        """Yield what came of each run, in order."""
        records = self._reader.read([one.run for one in asked], self._pool, self._workers)
        for chunk in together(zip(asked, records, strict=True), _points_of, self._together):
            yield from self._judged(chunk)

    def close(self) -> None:
        """Let go of connections."""
        self._reader.close()

    def _judged(self, chunk: Sequence[tuple[Asked, RunRecord | ReadFailure]]) -> Verdicts:
        found = [
            with_siblings(record, one.run, one.siblings_of)
            for one, record in chunk
            if isinstance(record, RunRecord)
        ]
        written = {one.run.info.run_id for one, _ in chunk if one.written}
        records = [record for record, _ in found]
        judged = judge_together(records, self._question, self._limits, written)
        verdicts = zip(judged, (notes for _, notes in found), strict=True)
        for _, record in chunk:
            yield (
                next(verdicts) if isinstance(record, RunRecord) else (unread(record.run_id, record.why), ())
            )


class JudgesBeside:
    """Has the runs of large pages read and diagnosed by other processes, all others by ``here``."""

    def __init__(
        self, here: JudgesHere, path: Path, question: Question, limits: Limits, coworkers: int
    ) -> None:
        self.here = here
        self._path = path
        self._question = question
        self._limits = limits
        self._n_coworkers = coworkers
        self._free: SimpleQueue[Coworker] = SimpleQueue()
        self._all: list[Coworker] = []
        self._threads: ThreadPoolExecutor | None = None

    def judge(self, asked: Sequence[Asked]) -> Verdicts:
        """Yield what came of each run, in order."""
        if not self._are_there(len(asked)) or self._threads is None:
            yield from self.here.judge(asked)
            return
        chunks = (asked[start : start + _RUNS_A_TASK] for start in range(0, len(asked), _RUNS_A_TASK))
        calls = (partial(self._ask, chunk, *_records(chunk)) for chunk in chunks)
        for chunk, found in in_order(self._threads, calls, self._n_coworkers):
            # Without an answer the process is lost: the memory may have been too small for two.
            yield from self.here.judge(chunk) if found is None else found

    def close(self) -> None:
        """End the other processes."""
        for coworker in self._all:
            coworker.close()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
        self.here.close()

    def _are_there(self, n_runs: int) -> bool:
        """Start the processes at the first page that is large enough; False when there are none."""
        if self._threads is None and n_runs >= _FEWEST_RUNS and self._n_coworkers:
            self._threads = ThreadPoolExecutor(self._n_coworkers, thread_name_prefix="bce-monitor-beside")
            try:
                self._all = [Coworker() for _ in range(self._n_coworkers)]
            except CoworkerLost:
                self._n_coworkers = 0
            for coworker in self._all:
                self._free.put(coworker)
        return bool(self._n_coworkers)

    def _ask(
        self, chunk: Sequence[Asked], records: Sequence[RunRecord], known: Mapping[str, Judged], notes: Notes
    ) -> tuple[Sequence[Asked], list[tuple[Judged, tuple[str, ...]]] | None]:
        """Return the chunk, and what came of it; None when the other process is gone."""
        written = frozenset(one.run.info.run_id for one in chunk if one.written)
        coworker = self._free.get()
        try:
            answers = coworker.answer(Task(self._path, tuple(records), written, self._question, self._limits))
        except CoworkerLost:
            return chunk, None
        finally:
            self._free.put(coworker)
        found = dict(known)
        for answer in answers:
            if isinstance(answer, Judged):
                found[answer.run_id] = answer
            else:
                found |= {run_id: unread(run_id, reason(answer.error)) for run_id in answer.run_ids}
        run_ids = [one.run.info.run_id for one in chunk]
        return chunk, [(found[run_id], notes.get(run_id, ())) for run_id in run_ids]


def _points_of(pair: tuple[Asked, RunRecord | ReadFailure]) -> int:
    _, record = pair
    return points_of(record) if isinstance(record, RunRecord) else 0


def unread(run_id: str, why: str) -> Judged:
    """Return what is said of a run that cannot be read."""
    return Judged(run_id, error=f"Run {run_id} cannot be read: {why}")


def _records(chunk: Sequence[Asked]) -> tuple[list[RunRecord], dict[str, Judged], Notes]:
    """Return the records without histories, what came of runs that have none, and notes by run id."""
    records: list[RunRecord] = []
    known: dict[str, Judged] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for one in chunk:
        run_id = one.run.info.run_id
        try:
            record = record_of(one.run, {}, local_model_summary(one.run))
        except OSError as error:
            known[run_id] = unread(run_id, reason(error))
            continue
        record, notes[run_id] = with_siblings(record, one.run, one.siblings_of)
        records.append(record)
    return records, known, notes


def judges_of(
    store: Store, pool: Executor, workers: int, question: Question, limits: Limits, *, paced: bool
) -> JudgesHere | JudgesBeside:
    """Return who judges the runs of a store; one run after the other when it is ``paced``."""
    reader = reader_of(store)
    here = JudgesHere(reader, pool, workers, question, limits, 1 if paced else RUNS_TOGETHER)
    path = sqlite_path(make_url(store.uri)) if isinstance(reader, SqlReader) else None
    if path is None or paced or cores() == 1:
        return here
    return JudgesBeside(here, path, question, limits, min(cores(), _MOST_COWORKERS))
