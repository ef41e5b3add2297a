"""Siblings: the same ones whichever way a run is reached, at a bounded price."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from stores import SECOND, START, FilledStore, learning, stalled

from mlflow_bce_monitor import evaluate_run, judging, scan
from mlflow_bce_monitor.records import RunRecord, Sibling
from mlflow_bce_monitor.siblings import (
    NEIGHBOURS_PER_SIDE,
    SIBLINGS_PER_SIDE,
    Neighbour,
    neighbourhood,
)
from mlflow_bce_monitor.tracking.answers import State
from mlflow_bce_monitor.tracking.evaluation import scan_runs
from mlflow_bce_monitor.tracking.options import ScanOptions
from mlflow_bce_monitor.tracking.reading.sibling_search import SiblingSearch
from mlflow_bce_monitor.tracking.reading.surroundings import surrounded
from mlflow_bce_monitor.tracking.store.opening import Store, open_store
from mlflow_bce_monitor.tracking.store.pages import PAGE_RUNS, pages
from mlflow_bce_monitor.tracking.store.search import select
from mlflow_bce_monitor.tracking.writing.reports import Reports

PARENT = "mlflow.parentRunId"
DRY = ScanOptions(dry_run=True)


class CountingClient(MlflowClient):
    """MLflow's client, which also remembers how many results each search of runs was allowed."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.searches: list[int] = []

    def search_runs(self, *arguments: Any, **named: Any) -> Any:
        """Count, and search."""
        self.searches.append(named["max_results"])
        return super().search_runs(*arguments, **named)


def counting(store: FilledStore) -> tuple[Store, CountingClient]:
    """Return the store opened with a counting client."""
    client = CountingClient(store.uri)
    opened = open_store(store.uri)
    return Store(opened.uri, opened.kind, client), client


def insert(store: FilledStore, experiment_id: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    """Put runs straight into the tables; ``start``, ``parent`` and ``status`` as given."""
    assert store.database is not None
    seeded = np.random.default_rng(int(experiment_id))
    run_ids = []
    with sqlite3.connect(store.database) as connection:
        for run in runs:
            run_id = seeded.bytes(16).hex()
            run_ids.append(run_id)
            connection.execute(
                "INSERT INTO runs (run_uuid, name, user_id, source_type, status, start_time, lifecycle_stage,"
                " artifact_uri, experiment_id) VALUES (?, 'a run', '', 'UNKNOWN', ?, ?, ?, ?, ?)",
                (
                    run_id,
                    run.get("status", "FINISHED"),
                    run["start"],
                    run.get("stage", "active"),
                    str(store.folder / run_id),
                    int(experiment_id),
                ),
            )
            if run.get("parent"):
                connection.execute("INSERT INTO tags VALUES (?, ?, ?)", (PARENT, run["parent"], run_id))
    connection.close()
    return run_ids


def hostile_runs() -> list[dict[str, Any]]:
    """Return runs that try every edge: sweeps in parallel, a long one, failures, many equal starts, gaps."""
    seeded = np.random.default_rng(1)

    def one_of(choices: Sequence[Any]) -> Any:
        return choices[seeded.integers(len(choices))]

    parents = [None, None, *(f"{n:032x}" for n in range(7))]
    statuses = ["FINISHED"] * 7 + ["FAILED", "RUNNING", "KILLED"]
    runs: list[dict[str, Any]] = []
    start = START
    for _ in range(230):
        # Several runs may start in one millisecond.
        start += one_of((0, 0, 1, 50, 10_000))
        runs.append({"start": start, "parent": one_of(parents), "status": one_of(statuses)})
    # A sweep so long that it hides from each other the runs on its two sides.
    runs += [{"start": start + n, "parent": "f" * 32} for n in range(1, 131)]
    start += 500
    # Imported runs: one start time for more of them than a page or a side holds.
    runs += [{"start": start, "parent": one_of(parents[:3])} for _ in range(190)]
    for _ in range(90):
        start += one_of((0, 1, 7))
        stage = one_of(("active", "active", "deleted"))
        runs.append({"start": start, "parent": one_of(parents), "stage": stage})
    return runs


def by_the_rule(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return the ids of each run's siblings, found by comparing every run with every other."""
    by_id = {run.info.run_id: run for run in runs}
    timed = [(run.info.start_time, run.info.run_id) for run in runs]
    parent = {run.info.run_id: run.data.tags.get(PARENT) for run in runs}
    expected: dict[str, list[str]] = {}
    for run in runs:
        run_id, start = run.info.run_id, run.info.start_time
        before = sorted((-time, other) for time, other in timed if time < start)[:NEIGHBOURS_PER_SIDE]
        after = sorted(pair for pair in timed if pair[0] >= start and pair[1] != run_id)
        found = []
        for side in ([(-time, other) for time, other in before], after[:NEIGHBOURS_PER_SIDE]):
            fit = [
                pair
                for pair in side
                if by_id[pair[1]].info.status == "FINISHED" and parent[pair[1]] == parent[run_id]
            ]
            found += fit[:SIBLINGS_PER_SIDE]
        expected[run_id] = [other for _, other in sorted(found)]
    return expected


def ids(siblings: Sequence[Sibling]) -> list[str]:
    """Return who the siblings are."""
    return [one.run_id for one in siblings]


def shown(siblings: Sequence[Sibling]) -> list[str]:
    """Return everything that is known of siblings, so that NaN equals NaN."""
    return [
        repr((one.run_id, sorted(one.params.items()), sorted(one.latest.items()), one.datasets))
        for one in siblings
    ]


@pytest.fixture
def hostile(store: FilledStore) -> tuple[FilledStore, dict[str, Run]]:
    """Return a store with a long experiment between small and empty ones, and all its runs."""
    experiments = [store.experiment() for _ in range(6)]
    insert(store, experiments[0], hostile_runs()[:30])
    insert(store, experiments[1], hostile_runs()[:12])
    insert(store, experiments[3], hostile_runs())
    insert(store, experiments[4], hostile_runs()[:80])
    insert(store, experiments[5], hostile_runs()[:7])
    runs = [run for one in experiments for run in store.client.search_runs([one], max_results=5_000)]
    assert len(runs) > 700
    return store, {run.info.run_id: run for run in runs}


def expected_of(runs: dict[str, Run]) -> dict[str, list[str]]:
    """Return the siblings of all runs, experiment by experiment."""
    experiments = {run.info.experiment_id for run in runs.values()}
    expected: dict[str, list[str]] = {}
    for one in experiments:
        expected |= by_the_rule([run for run in runs.values() if run.info.experiment_id == one])
    return expected


@pytest.mark.parametrize("page_runs", [7, 50, 101, 500])
def test_pages_of_any_size_give_the_siblings_of_the_rule(
    hostile: tuple[FilledStore, dict[str, Run]], page_runs: int
) -> None:
    """However a scan cuts experiments into pages, each run has exactly the siblings of the rule."""
    store, runs = hostile
    opened = open_store(store.uri)
    found = {}
    for page in surrounded(pages(opened, select(opened), page_runs)):
        for run in page.entries:
            assert isinstance(run, Run)
            found[run.info.run_id] = ids(page.siblings_of(run))
    assert found == expected_of(runs)
    counts = {len(siblings) for siblings in found.values()}
    assert {0, SIBLINGS_PER_SIDE, 2 * SIBLINGS_PER_SIDE} <= counts


@pytest.mark.parametrize("order", ["forwards", "backwards", "shuffled"])
def test_searching_gives_the_siblings_of_the_rule(
    hostile: tuple[FilledStore, dict[str, Run]], order: str
) -> None:
    """Searched in any order, each run has exactly the siblings of the rule."""
    store, runs = hostile
    wanted = sorted(runs.values(), key=lambda run: (run.info.start_time, run.info.run_id))
    if order == "backwards":
        wanted.reverse()
    if order == "shuffled":
        wanted = [wanted[n] for n in np.random.default_rng(0).permutation(len(wanted))]
    search = SiblingSearch(store.client)
    expected = expected_of(runs)
    for run in wanted if order == "forwards" else wanted[::8]:
        assert ids(search.siblings_of(run)) == expected[run.info.run_id]


def test_every_way_to_a_run_judges_it_with_the_same_siblings(
    hostile: tuple[FilledStore, dict[str, Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan of everything, of a filter and of run ids, and evaluate_run hand over the same siblings."""
    store, runs = hostile
    expected = expected_of(runs)
    judged: dict[str, list[str]] = {}
    together, alone_of = judging.diagnose_many, judging.diagnose

    def listening_to_many(records: Sequence[RunRecord], *arguments: Any) -> Any:
        judged.update({record.run_id: ids(record.siblings) for record in records})
        return together(records, *arguments)

    def listening_to_one(record: RunRecord, *arguments: Any) -> Any:
        judged[record.run_id] = ids(record.siblings)
        return alone_of(record, *arguments)

    monkeypatch.setattr(judging, "diagnose_many", listening_to_many)
    monkeypatch.setattr(judging, "diagnose", listening_to_one)
    opened = open_store(store.uri)

    def of_scan(**selection: Any) -> dict[str, list[str]]:
        judged.clear()
        answers = list(scan_runs(opened, select(opened, **selection), DRY, page_runs=50))
        assert {answer.state for answer in answers} == {State.EVALUATED}
        assert len(answers) == len(judged)
        return dict(judged)

    assert of_scan() == expected
    (largest,) = {run.info.experiment_id for run in runs.values() if run.data.tags.get(PARENT) == "f" * 32}
    alone = {run_id for run_id, run in runs.items() if run.info.experiment_id == largest}
    assert of_scan(experiments=[largest]) == {run_id: expected[run_id] for run_id in alone}
    some = [str(run_id) for run_id in np.random.default_rng(3).permutation(sorted(runs))[:40]]
    assert of_scan(run_ids=some) == {run_id: expected[run_id] for run_id in some}
    finished = {run_id for run_id, run in runs.items() if run.info.status == "FINISHED"}
    assert of_scan(filter_string="attributes.status = 'FINISHED'") == {
        run_id: expected[run_id] for run_id in finished
    }
    for run_id in some[:10]:
        judged.clear()
        evaluate_run(run_id, tracking_uri=store.uri, dry_run=True)
        assert judged == {run_id: expected[run_id]}


def test_children_of_one_parent_are_siblings_and_nobody_else(store: FilledStore) -> None:
    """Nested runs have the other children of their parent, top-level runs each other, neither the parent."""
    experiment, other = store.experiment(), store.experiment()
    first = store.run(experiment, {"loss": stalled()})
    children = [store.run(experiment, tags={PARENT: first}) for _ in range(3)]
    second = store.run(experiment)
    strangers = [store.run(experiment, tags={PARENT: second}) for _ in range(2)]
    unfinished = store.run(experiment, tags={PARENT: first}, status="FAILED")
    deleted = store.run(experiment)
    store.client.delete_run(deleted)
    store.run(other)
    search = SiblingSearch(store.client)

    def siblings_of(run_id: str) -> list[str]:
        return ids(search.siblings_of(store.client.get_run(run_id)))

    assert siblings_of(first) == [second]
    assert siblings_of(second) == [first]
    assert siblings_of(children[1]) == [children[0], children[2]]
    assert siblings_of(unfinished) == children
    assert siblings_of(strangers[0]) == [strangers[1]]


def test_a_run_that_is_its_own_parent_is_no_sibling_of_its_children() -> None:
    """Whatever somebody wrote into the parent tag, a parent is never put beside its children."""
    runs = [Neighbour(Sibling(name), START, "a", finished=True) for name in ("a", "b", "c")]
    assert ids(neighbourhood(runs).siblings_of("b", START, "a")) == ["c"]


def test_a_sibling_holds_what_the_run_logged_and_no_answer_of_ours(store: FilledStore) -> None:
    """Params, latest values and data sets are there as stored; the evaluator's own metrics are not."""
    experiment = store.experiment()
    metrics = {
        "loss": [0.7, 0.6],
        "auc": [math.nan],
        "bce/output_spread": [0.1],
        "late": [(9, START, 1.0), (2, START + 9, 2.0)],
    }
    params = {"lr": "1e-3", "note": ""}
    shown_run = store.run(experiment, metrics, params=params)
    tag = [InputTag("mlflow.data.context", "training")]
    inputs = [
        DatasetInput(Dataset("rows", "digest2", "local", "{}"), tag),
        DatasetInput(Dataset("rows", "digest1", "local", "{}")),
    ]
    store.client.log_inputs(shown_run, inputs)
    asking = store.client.get_run(store.run(experiment, {"loss": stalled()}))
    (before,) = SiblingSearch(store.client).siblings_of(asking)
    assert before.params == params
    assert math.isnan(before.latest["auc"])
    assert {**before.latest, "auc": 0.0} == {"loss": 0.6, "auc": 0.0, "bce/output_spread": 0.1, "late": 1.0}
    assert before.datasets == (("", "digest1"), ("training", "digest2"))
    scan(store.uri)
    assert "bce/skill" in store.client.get_run(shown_run).data.metrics
    (after,) = SiblingSearch(store.client).siblings_of(asking)
    assert shown([after]) == shown([before])


def test_a_scan_of_whole_experiments_searches_for_no_sibling(store: FilledStore) -> None:
    """The pages of a long experiment are all that is asked for: one is read ahead, and one more meanwhile."""
    experiment = store.experiment()
    insert(store, experiment, [{"start": START + n} for n in range(620)])
    opened, client = counting(store)
    answers = scan_runs(opened, select(opened, [experiment]), DRY, page_runs=150)
    next(answers)
    assert client.searches in ([150] * 2, [150] * 3)
    assert len(list(answers)) == 619
    assert client.searches == [150] * 5


def test_an_experiment_that_has_ended_is_not_waited_for(store: FilledStore) -> None:
    """A page is handed on when the next one is there, however few runs that holds of other experiments."""
    for n_runs in (30, 20, 20):
        insert(store, store.experiment(), [{"start": START + n} for n in range(n_runs)])
    opened, client = counting(store)
    walk = surrounded(pages(opened, select(opened), page_runs=32))
    first = next(walk)
    n_searches = len(client.searches)
    assert len(first.entries) == 30
    assert [len(page.entries) for page in walk] == [20, 20]
    assert len(client.searches) > n_searches


def test_small_experiments_share_a_search(store: FilledStore) -> None:
    """Many experiments with few runs cost about one search a full page, not one each."""
    for _ in range(40):
        insert(store, store.experiment(), [{"start": START + n} for n in range(5)])
    opened, client = counting(store)
    found = list(pages(opened, select(opened), page_runs=50))
    assert sum(len(page) for page in found) == 200
    assert len(found) <= 5
    assert len(client.searches) <= len(found) + 3


def test_long_and_short_experiments_in_turn_cost_two_searches_each_at_most(store: FilledStore) -> None:
    """In the worst of stores, finding out how many experiments fit on a page stays cheap."""
    lengths = [0, 3, 45, 1, 1, 0, 0, 25] * 3
    for n_runs in lengths:
        insert(store, store.experiment(), [{"start": START + n} for n in range(n_runs)])
    opened, client = counting(store)
    found = list(pages(opened, select(opened), page_runs=20))
    assert sum(len(page) for page in found) == sum(lengths)
    n_pages = sum(math.ceil(n_runs / 20) for n_runs in lengths)
    assert len(client.searches) <= n_pages + 2 * len(lengths)


def test_the_price_of_picked_runs_is_bounded(store: FilledStore) -> None:
    """One run costs two searches of one side each; runs close to each other share larger ones."""
    experiment = store.experiment()
    run_ids = insert(store, experiment, [{"start": START + n * SECOND} for n in range(1_200)])
    runs = {run.info.run_id: run for run in store.client.search_runs([experiment], max_results=5_000)}
    one = CountingClient(store.uri)
    SiblingSearch(one).siblings_of(runs[run_ids[600]])
    assert one.searches == [NEIGHBOURS_PER_SIDE, NEIGHBOURS_PER_SIDE + 1]
    many = CountingClient(store.uri)
    search = SiblingSearch(many)
    for run_id in run_ids[::3]:
        assert len(search.siblings_of(runs[run_id])) >= SIBLINGS_PER_SIDE
    assert max(many.searches) == PAGE_RUNS
    assert len(many.searches) <= 2 + math.ceil(1_200 / (PAGE_RUNS - NEIGHBOURS_PER_SIDE))
    small = CountingClient(store.uri)
    search = SiblingSearch(small)
    for run_id in run_ids[-60:]:
        search.siblings_of(runs[run_id])
    assert len(small.searches) == 2


def test_unchanged_runs_are_not_searched_for(store: FilledStore) -> None:
    """A scan that reads no history of current runs asks for no sibling of theirs either."""
    experiment = store.experiment()
    run_ids = [store.run(experiment, {"loss": learning(seed=n)}) for n in range(3)]
    scan(store.uri)
    opened, client = counting(store)
    options = ScanOptions(full_rows=False)
    answers = list(scan_runs(opened, select(opened, run_ids=run_ids), options))
    assert {answer.state for answer in answers} == {State.UNCHANGED}
    assert client.searches == []


def test_scanning_runs_with_siblings_twice_writes_the_same(store: FilledStore) -> None:
    """Neither a second scan nor --force changes a row or a file of runs judged with siblings."""
    experiment = store.experiment()
    for n, rate in enumerate(("1e-5", "1e-3", "1e-2", "1e-1")):
        loss = stalled(seed=n) if n % 2 else learning(seed=n)
        store.run(experiment, {"loss": loss}, params={"learning_rate": rate, "positive_share": "0.5"})
    scan(store.uri)
    tables, files = store.tables(), store.files()
    scan(store.uri)
    assert (store.tables(), store.files()) == (tables, files)
    scan(store.uri, force=True)
    assert (store.tables(), store.files()) == (tables, files)


def test_a_new_run_makes_no_answer_stale(store: FilledStore) -> None:
    """Siblings are no part of the fingerprint: a growing experiment is not evaluated from the start again."""
    experiment = store.experiment()
    store.run(experiment, {"loss": stalled()})
    scan(store.uri)
    store.run(experiment, {"loss": learning()})
    opened = open_store(store.uri)
    states = [answer.state for answer in scan_runs(opened, select(opened), ScanOptions())]
    assert states == [State.UNCHANGED, State.EVALUATED]


def test_a_file_store_gives_the_siblings_of_the_rule(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow sorts a file store itself; ties and limits come out as from a database."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = tmp_path_factory.mktemp("files")
    files = FilledStore((folder / "mlruns").as_uri(), folder / "artifacts")
    experiment = files.experiment()
    # Three starts, so that the limit of a side cuts through runs with equal starts.
    for n in range(2 * NEIGHBOURS_PER_SIDE + 10):
        tags = {PARENT: "f" * 32} if n % 20 else {}
        run = files.client.create_run(
            experiment, start_time=START + 3 * n // (2 * NEIGHBOURS_PER_SIDE), tags=tags
        )
        files.client.set_terminated(run.info.run_id)
    runs = {run.info.run_id: run for run in files.client.search_runs([experiment], max_results=5_000)}
    expected = by_the_rule(list(runs.values()))
    search = SiblingSearch(files.client)
    for run in list(runs.values())[::40]:
        assert ids(search.siblings_of(run)) == expected[run.info.run_id]


@pytest.mark.server
def test_a_server_gives_the_same_siblings_as_its_database(server: FilledStore) -> None:
    """Who reads over http and who reads the database see the same siblings, to the last digit."""
    experiment = server.experiment()
    run_ids = [
        server.run(experiment, {"loss": [1 / 3, math.nan], "big": [math.inf, 1 / 7]}, params={"a": "ü"})
        for _ in range(5)
    ]
    direct = MlflowClient(f"sqlite:///{server.database}")
    for run_id in run_ids:
        remote = SiblingSearch(server.client).siblings_of(server.client.get_run(run_id))
        local = SiblingSearch(direct).siblings_of(direct.get_run(run_id))
        assert len(remote) == 4
        assert shown(remote) == shown(local)


class _Gateway(BaseHTTPRequestHandler):
    """Passes requests on to a tracking server, but lets nobody search runs."""

    target = ""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/runs/search"):
            self._send(403, b'{"error_code": "PERMISSION_DENIED", "message": "searching is forbidden"}')
            return
        headers = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.target}{self.path}", data=body or None, headers=headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                self._send(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            self._send(error.code, error.read())
            error.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the base class's names

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""


@pytest.fixture
def gateway(server: FilledStore) -> Iterator[str]:
    """Return the address of a gateway to the server that forbids searching runs."""
    handler = type("Gateway", (_Gateway,), {"target": server.uri})
    gate = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=gate.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{gate.server_port}"
    gate.shutdown()
    thread.join()
    gate.server_close()


@pytest.mark.server
def test_a_run_whose_siblings_cannot_be_searched_is_judged_without(
    server: FilledStore, gateway: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused search costs the siblings, not the answer, and the answer says that they are missing."""
    experiment = server.experiment()
    run_id, _ = (server.run(experiment, {"loss": stalled(seed=n)}) for n in range(2))
    opened = open_store(gateway)
    (answer,) = scan_runs(opened, select(opened, run_ids=[run_id]), ScanOptions(reports=Reports.NONE))
    assert answer.state is State.EVALUATED
    assert answer.row["verdict"] == "stalled"
    (note,) = answer.notes
    assert f"Run {run_id} was judged without the runs around it" in note
    assert "searching is forbidden" in note
    assert "--force" in note
    assert server.client.get_run(run_id).data.tags["bce.verdict"] == "stalled"
    with caplog.at_level(logging.WARNING):
        assert evaluate_run(run_id, tracking_uri=gateway, dry_run=True).verdict == "stalled"
    assert "judged without the runs around it" in caplog.text
