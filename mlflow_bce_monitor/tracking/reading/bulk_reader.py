"""Reads many runs through a tracking server with one request for each metric of a hundred runs.

The endpoint is the one behind the charts of the MLflow UI. It takes one metric name and at most
:data:`_RUNS_A_REQUEST` runs, and returns at most :data:`_ROWS_A_REQUEST` rows *in total*, run by run
in the order of their ids; what is beyond is cut without a word. So a full answer is taken up to its
last run, which may be incomplete, and the rest is asked for again.

A server without the endpoint, or a gateway that hides it, is read by
:class:`~mlflow_bce_monitor.tracking.reading.reader.ClientReader`, and so is every run of which the answer
leaves a doubt. Requests go through MLflow's own http function: credentials, certificates,
proxies, headers and time limits are the client's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from requests import Response

from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.tracking.reading.reader import ClientReader, ReadFailure, metric_names, record_of
from mlflow_bce_monitor.tracking.store.in_order import in_order
from mlflow_bce_monitor.tracking.store.opening import Store, StoreKind
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason

_ENDPOINT: Final = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
# Both are limits of the server (MLflow 2.0 to 3.17); it answers more runs with an error.
_RUNS_A_REQUEST: Final = 100
_ROWS_A_REQUEST: Final = 25_000
# Rows hoped for in one answer. A server makes an object of each, which takes it a quarter of a second: even
# on a busy machine less than a request may wait. A quarter or thrice as many cost it the same a row.
_ROWS_HOPED_FOR: Final = 8_000
# Rows reserved for one run at most: of a metric that is logged every thousandth step, the latest step says
# far too much, and a request would be made for each run.
_ROWS_RESERVED: Final = 1_000
# Points held at once, unless one run alone has more: 24 bytes each, besides JSON while it is parsed.
_POINTS_AT_ONCE: Final = 1_000_000

_Histories = dict[str, MetricHistory]
"""Run id to the history of one metric."""


class _NoBulkAnswer(Exception):  # noqa: N818 - no error: the other way is taken
    """The endpoint gave no usable answer."""


@dataclass(frozen=True)
class _Request:
    """One metric of runs that are few enough for one request.

    Attributes
    ----------
    name
        The metric.
    latest_steps
        Run id to the step of its latest point: at most :data:`_RUNS_A_REQUEST`, sorted by run id.
    """

    name: str
    latest_steps: Mapping[str, int]


class BulkReader:
    """Reads metric histories through a server's endpoint for many runs."""

    def __init__(self, store: Store, rows_a_request: int = _ROWS_A_REQUEST) -> None:
        self._store = store
        self._rows_a_request = rows_a_request
        self._single = ClientReader(store.client)
        self.is_there: bool | None = None
        """Whether the server has the endpoint; None until its first answer."""

    def read(self, runs: Sequence[Run], pool: Executor, ahead: int) -> Iterator[RunRecord | ReadFailure]:
        """Yield one record (or failure) for each run, with up to ``ahead`` requests at once."""
        for batch in _batches(runs):
            yield from self._read_batch(batch, pool, ahead)

    def close(self) -> None:
        """Do nothing: MLflow keeps its own connections."""

    def _read_batch(
        self, batch: Sequence[Run], pool: Executor, ahead: int
    ) -> Iterator[RunRecord | ReadFailure]:
        found: dict[str, _Histories] = {run.info.run_id: {} for run in batch}
        doubtful: set[str] = set()
        requests = list(_requests(batch))
        answers = in_order(pool, (partial(self._answer, request) for request in requests), ahead)
        for request, answer in zip(requests, answers, strict=True):
            for run_id, latest in request.latest_steps.items():
                # The search saw the latest point: without it the run was deleted, or something was cut.
                if run_id in answer and int(answer[run_id].steps.max()) >= latest:
                    found[run_id][request.name] = answer[run_id]
                else:
                    doubtful.add(run_id)
        calls = (partial(self._record, run, found.pop(run.info.run_id), doubtful) for run in batch)
        yield from in_order(pool, calls, ahead)

    def _record(self, run: Run, histories: _Histories, doubtful: set[str]) -> RunRecord | ReadFailure:
        if run.info.run_id in doubtful:
            return self._single.read_one(run)
        try:
            by_name = dict(sorted(histories.items()))
            return record_of(run, by_name, self._single.model_summary(run))
        except STORE_FAILURES as error:
            return ReadFailure(run.info.run_id, reason(error))

    def _answer(self, request: _Request) -> _Histories:
        """Return the complete histories that the endpoint has; none of those that it cannot give."""
        found: _Histories = {}
        left = list(request.latest_steps)
        try:
            while left and self.is_there is not False:
                rows = self._ask(request.name, left)
                answered = _by_run(request.name, rows)
                if len(rows) < self._rows_a_request:
                    return found | answered
                # Cut: the last run may go on, and so may any that fills an answer by itself.
                last = rows[-1]["run_id"]
                whole = {
                    run_id: history
                    for run_id, history in answered.items()
                    if run_id != last and len(history) < self._rows_a_request
                }
                if not whole:
                    return found
                found |= whole
                left = left[left.index(last) :]
        except _NoBulkAnswer:
            return found
        return found

    def _ask(self, name: str, run_ids: Sequence[str]) -> list[dict[str, Any]]:
        asked = [("metric_key", name), ("max_results", str(self._rows_a_request))]
        asked += [("run_id", run_id) for run_id in run_ids]
        try:
            credentials = get_default_host_creds(self._store.uri)  # type: ignore[no-untyped-call]
            response = http_request(credentials, _ENDPOINT, "GET", params=asked, raise_on_status=False)  # type: ignore[no-untyped-call]
        except MlflowException as error:
            raise _NoBulkAnswer from error
        rows = _rows(response)
        if rows is None:
            # An overload passes; any other refusal would be the same the next time.
            if self.is_there is None and not _may_pass(response):
                self.is_there = False
            raise _NoBulkAnswer
        self.is_there = True
        return rows


def _rows(response: Response) -> list[dict[str, Any]] | None:
    """Return the rows of an answer, None when it is none, such as the start page of a gateway."""
    if response.status_code != HTTPStatus.OK:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    rows = body.get("metrics", []) if isinstance(body, dict) else None
    return rows if isinstance(rows, list) else None


def _may_pass(response: Response) -> bool:
    """Return whether a refusal is about this request, not about the endpoint."""
    overloaded = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    failed = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    # A server on a folder says so of a run that was deleted since the search.
    return overloaded or failed or "RESOURCE_DOES_NOT_EXIST" in response.text


def bulk_reader(store: Store) -> BulkReader | None:
    """Return a reader for a tracking server, None for any other store."""
    return BulkReader(store) if store.kind is StoreKind.SERVER else None


def _batches(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Cut ``runs`` so that a batch holds few enough points, by their latest steps."""
    batch: list[Run] = []
    room = _POINTS_AT_ONCE
    for run in runs:
        needed = sum(_points_at_most(step) for step in _latest_steps(run).values())
        if batch and (len(batch) == _RUNS_A_REQUEST or needed > room):
            yield batch
            batch, room = [], _POINTS_AT_ONCE
        batch.append(run)
        room -= needed
    if batch:
        yield batch


def _requests(batch: Sequence[Run]) -> Iterator[_Request]:
    """Yield one request for each metric, or several where their rows would not fit one answer."""
    steps = {run.info.run_id: _latest_steps(run) for run in batch}
    for name in sorted({name for of_run in steps.values() for name in of_run}):
        asked: dict[str, int] = {}
        room = _ROWS_HOPED_FOR
        for run_id in sorted(run_id for run_id, of_run in steps.items() if name in of_run):
            needed = _points_at_most(steps[run_id][name])
            if asked and needed > room:
                yield _Request(name, asked)
                asked, room = {}, _ROWS_HOPED_FOR
            asked[run_id] = steps[run_id][name]
            room -= needed
        yield _Request(name, asked)


def _latest_steps(run: Run) -> dict[str, int]:
    """Return the latest step of each metric to read."""
    wanted = set(metric_names(run))
    # The protocol message is MLflow's public way to the step of the latest points.
    return {point.key: point.step for point in run.data.to_proto().metrics if point.key in wanted}


def _points_at_most(step: int) -> int:
    """Return the points of a metric that is logged at every step: a guess, which a full answer corrects."""
    return min(max(step, 0) + 1, _ROWS_RESERVED)


def _by_run(name: str, rows: Sequence[Mapping[str, Any]]) -> _Histories:
    """Return rows, which come run by run, as histories in the order of MLflow's client."""
    found: _Histories = {}
    for run_id, group in groupby(rows, key=itemgetter("run_id")):
        points = list(group)
        steps = np.array([point["step"] for point in points], dtype=np.int64)
        timestamps = np.array([point["timestamp"] for point in points], dtype=np.int64)
        values = np.array([point["value"] for point in points], dtype=np.float64)
        found[run_id] = MetricHistory(name, steps, timestamps, values)
    return found
