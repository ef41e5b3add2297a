"""The runs of a store, page by page.

A store may hold a hundred thousand runs, so no more than a page of them is asked for at once.

Experiments come one after the other, the oldest first and in each the oldest run first, so that
the runs around a run are met around it (``siblings.py`` says which of them matter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from mlflow_bce_monitor.errors import StoreError
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.store.search import MissingRun, Selection, look_up

T = TypeVar("T")

Entries = list[Run | MissingRun]
"""The runs of one page."""

# Runs. A page of 500 runs with 50 params each is some megabytes, and takes a server half a second.
PAGE_RUNS: Final = 500
# Experiments named in one search: databases bound the number of values in one statement.
_EXPERIMENTS_PER_SEARCH: Final = 200
# Up to this share of a page, as many experiments again would fit on it, so twice as many are named next.
_ROOM_FOR_AS_MANY: Final = 0.5
# Oldest first, so that runs that start during a scan come at the end and move no page.
_OLDEST_FIRST: Final = ("attributes.start_time ASC",)
_LATEST_FIRST: Final = ("attributes.start_time DESC",)


def pages(store: Store, selection: Selection, page_runs: int = PAGE_RUNS) -> Iterator[Entries]:
    """Yield the selected runs, at most ``page_runs`` at once.

    Run ids come in the order they were given; otherwise the runs of each experiment come one
    after the other, oldest first.
    """
    if selection.run_ids:
        for run_ids in _chunks(selection.run_ids, page_runs):
            yield [look_up(store, run_id) for run_id in run_ids]
        return
    # Old experiments have no creation time. A fixed order keeps two scans of one store the same.
    oldest_first = sorted(selection.experiments, key=lambda one: (one.creation_time or 0, one.experiment_id))
    ids = [experiment.experiment_id for experiment in oldest_first]
    if selection.filter_string is None:
        yield from _whole_experiments(store.client, ids, page_runs)
        return
    for chunk in _chunks(ids, _EXPERIMENTS_PER_SEARCH):
        yield from _settled_pages(store.client, chunk, selection.filter_string, page_runs)


def listed(
    store: Store, selection: Selection, expect: Callable[[int], None], page_runs: int = PAGE_RUNS
) -> Iterator[Entries]:
    """Yield the pages, telling ``expect`` how many runs each has; StoreError when the store fails."""
    try:
        for page in pages(store, selection, page_runs):
            expect(len(page))
            yield page
    except STORE_FAILURES as error:
        raise StoreError(f"The runs of {store} cannot be listed: {reason(error)}") from error


def runs_from(
    client: MlflowClient, experiment_ids: Sequence[str], start_time: int, filter_string: str | None
) -> Entries:
    """Return all active runs of some experiments that started at a time or later and match a filter."""
    wanted = f"attributes.start_time >= {start_time}"
    if filter_string:
        wanted = f"{wanted} AND {filter_string}"
    found: Entries = []
    for chunk in _chunks(experiment_ids, _EXPERIMENTS_PER_SEARCH):
        # Collected before any is answered: an answer may change what the filter matches.
        for page in _search(client, chunk, wanted, PAGE_RUNS):
            found += page
    return found


def runs_by_id(client: MlflowClient, ids: Sequence[tuple[str, str]]) -> dict[str, Run]:
    """Return active runs by their id, of at most a page of (experiment id, run id); others are left out."""
    found: dict[str, Run] = {}
    experiment_ids = list(dict.fromkeys(experiment_id for experiment_id, _ in ids))
    for chunk in _chunks(experiment_ids, _EXPERIMENTS_PER_SEARCH):
        within = set(chunk)
        quoted = ", ".join(f"'{run_id}'" for experiment_id, run_id in ids if experiment_id in within)
        for page in _search(client, chunk, f"attributes.run_id IN ({quoted})", PAGE_RUNS):
            found |= {run.info.run_id: run for run in page}
    return found


def runs_before(client: MlflowClient, experiment_id: str, start_time: int, n_runs: int) -> list[Run]:
    """Return the last ``n_runs`` active runs of an experiment that started before a time, latest first."""
    # Equal starts are in the order of run ids, ascending: MLflow's stores end every order with it.
    found, _ = _search_once(
        client, [experiment_id], f"attributes.start_time < {start_time}", n_runs, order=_LATEST_FIRST
    )
    return found


def runs_since(
    client: MlflowClient, experiment_id: str, start_time: int, n_runs: int
) -> tuple[list[Run], bool]:
    """Return the first ``n_runs`` active runs that started at a time or later, and whether there are more."""
    found, token = _search_once(client, [experiment_id], f"attributes.start_time >= {start_time}", n_runs)
    return found, bool(token)


def _settled_pages(
    client: MlflowClient, experiment_ids: list[str], filter_string: str, page_runs: int
) -> Iterator[Entries]:
    """Yield the runs that match now, although writing answers may change what the filter matches.

    Pages of a search are counted by position. A filter such as ``tags.`bce.verdict` =
    'stalled'`` matches fewer runs after each answer, and a later page would skip as many;
    so the ids are collected first.
    """
    found = _search(client, experiment_ids, filter_string, page_runs)
    matching = [(run.info.experiment_id, run.info.run_id) for page in found for run in page]
    position = {experiment_id: n for n, experiment_id in enumerate(experiment_ids)}
    matching.sort(key=lambda ids: position[ids[0]])
    for chunk in _chunks(matching, page_runs):
        quoted = ", ".join(f"'{run_id}'" for _, run_id in chunk)
        for page in _search(client, experiment_ids, f"attributes.run_id IN ({quoted})", page_runs):
            yield _by_experiment(page, experiment_ids)


def _whole_experiments(
    client: MlflowClient, experiment_ids: Sequence[str], page_runs: int
) -> Iterator[Entries]:
    """Yield all runs; a page holds runs of one experiment, or all runs of several.

    Most stores hold many experiments with few runs, and a request for each would be slow. How
    many fit on a page is found by trying: half as many when they do not.
    """
    n_experiments = _EXPERIMENTS_PER_SEARCH
    start = 0
    while start < len(experiment_ids):
        chunk = list(experiment_ids[start : start + n_experiments])
        page, token = _search_once(client, chunk, "", page_runs)
        if token and len(chunk) > 1:
            n_experiments = len(chunk) // 2
            continue
        if page:
            yield _by_experiment(page, chunk)
        if token:
            for further in _search(client, chunk, "", page_runs, token):
                yield list(further)
        elif len(page) <= page_runs * _ROOM_FOR_AS_MANY:
            n_experiments = min(2 * n_experiments, _EXPERIMENTS_PER_SEARCH)
        start += len(chunk)


def _by_experiment(page: Iterable[Run], experiment_ids: Sequence[str]) -> Entries:
    """Return a page's runs experiment by experiment, otherwise in the order they have."""
    position = {experiment_id: n for n, experiment_id in enumerate(experiment_ids)}
    return [*sorted(page, key=lambda run: position[run.info.experiment_id])]


def _search(
    client: MlflowClient,
    experiment_ids: list[str],
    filter_string: str,
    page_runs: int,
    token: str | None = None,
) -> Iterator[list[Run]]:
    """Yield the pages that are not empty, from ``token`` on."""
    while True:
        page, token = _search_once(client, experiment_ids, filter_string, page_runs, token)
        if page:
            yield page
        if not token:
            return


def _search_once(
    client: MlflowClient,
    experiment_ids: list[str],
    filter_string: str,
    max_results: int,
    token: str | None = None,
    order: Sequence[str] = _OLDEST_FIRST,
) -> tuple[list[Run], str | None]:
    """Return one page, and the token of the next one."""
    page = client.search_runs(
        experiment_ids,
        filter_string=filter_string,
        run_view_type=ViewType.ACTIVE_ONLY,
        max_results=max_results,
        order_by=list(order),
        page_token=token,
    )
    return list(page), page.token or None


def _chunks(items: Sequence[T], size: int) -> Iterable[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
