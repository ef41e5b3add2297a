"""Finding runs: experiments by name or id, then their runs, page by page.

A store may hold a hundred thousand runs, so no more than one page of them is held at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.entities.lifecycle_stage import LifecycleStage
from mlflow.exceptions import MlflowException

from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.reasons import STORE_FAILURES, reason
from mlflow_bce_monitor.tracking.store import Store

T = TypeVar("T")

# Runs. A page of 500 runs with 50 params each is some megabytes, and takes a server half a second.
PAGE_RUNS: Final = 500
# Experiments named in one search: databases bound the number of values in one statement.
_EXPERIMENTS_PER_SEARCH: Final = 200
_EXPERIMENTS_PER_PAGE: Final = 1_000
_SUGGESTIONS: Final = 3
# Oldest first, so that runs that start during a scan come at the end and move no page.
_ORDER: Final = ["attributes.start_time ASC"]
_MISSING: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"})


@dataclass(frozen=True)
class MissingRun:
    """A run that was asked for by id and cannot be had."""

    run_id: str
    why: str


@dataclass(frozen=True)
class Selection:
    """Which runs to evaluate.

    Attributes
    ----------
    experiments
        All runs of these that are not deleted and match ``filter_string``.
    run_ids
        These runs; then ``experiments`` is empty.
    filter_string
        MLflow's search filter, None for all.
    problems
        What was asked for and does not exist, one sentence each.
    """

    experiments: tuple[Experiment, ...] = ()
    run_ids: tuple[str, ...] = ()
    filter_string: str | None = None
    problems: tuple[str, ...] = ()


def select(
    store: Store,
    experiments: Sequence[str] = (),
    run_ids: Sequence[str] = (),
    filter_string: str | None = None,
) -> Selection:
    """Find the experiments that a caller named.

    Parameters
    ----------
    store
        Where to look.
    experiments
        Names or ids; a name wins over an id that reads the same. () for all active
        experiments.
    run_ids
        Runs to evaluate instead of whole experiments.
    filter_string
        MLflow's search filter.

    Raises
    ------
    UsageError
        None of the experiments exists, or run ids come together with experiments or a
        filter, or the filter cannot be parsed.
    StoreError
        The store failed.
    """
    if run_ids:
        if experiments or filter_string:
            raise UsageError(
                "Run ids were given together with experiments or a filter. Give the ids alone, or no ids."
            )
        return Selection(run_ids=tuple(dict.fromkeys(run_ids)))
    problems: list[str] = []
    try:
        if experiments:
            found, problems = _named_experiments(store, experiments)
        else:
            found = tuple(_all_experiments(store.client))
        if experiments and not found:
            raise UsageError(" ".join(problems))
        if filter_string and found:
            _try_filter(store.client, found, filter_string)
    except STORE_FAILURES as error:
        raise StoreError(f"The experiments of {store} cannot be listed: {reason(error)}") from error
    return Selection(experiments=found, filter_string=filter_string or None, problems=tuple(problems))


def pages(store: Store, selection: Selection, page_runs: int = PAGE_RUNS) -> Iterator[list[Run | MissingRun]]:
    """Yield the selected runs, at most ``page_runs`` at once, oldest first."""
    if selection.run_ids:
        for run_ids in _chunks(selection.run_ids, page_runs):
            yield [_run(store, run_id) for run_id in run_ids]
        return
    ids = [experiment.experiment_id for experiment in selection.experiments]
    for chunk in _chunks(ids, _EXPERIMENTS_PER_SEARCH):
        if selection.filter_string is None:
            for page in _search(store.client, chunk, "", page_runs):
                yield list(page)
        else:
            yield from _settled_pages(store.client, chunk, selection.filter_string, page_runs)


def find_run(store: Store, run_id: str) -> Run:
    """Return one active run; UsageError when it does not exist or is deleted."""
    found = _run(store, run_id)
    if isinstance(found, MissingRun):
        raise UsageError(found.why)
    return found


def _run(store: Store, run_id: str) -> Run | MissingRun:
    try:
        run = store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code in _MISSING:
            why = f"There is no run {plain(run_id)!r} in {store}. Copy a run's id from the MLflow UI."
        else:
            why = f"Run {plain(run_id)!r} cannot be read: {reason(error)}"
        return MissingRun(run_id, why)
    if run.info.lifecycle_stage == LifecycleStage.DELETED:
        why = (
            f"Run {run_id} is deleted. Restore it ('mlflow runs restore --run-id {run_id}') or leave it out."
        )
        return MissingRun(run_id, why)
    return run


def _settled_pages(
    client: MlflowClient, experiment_ids: list[str], filter_string: str, page_runs: int
) -> Iterator[list[Run | MissingRun]]:
    """Yield the runs that match now, although writing answers may change what the filter matches.

    Pages of a search are counted by position. A filter such as ``tags.`bce.verdict` =
    'stalled'`` matches fewer runs after each answer, and a later page would skip as many;
    so the ids are collected first.
    """
    found = _search(client, experiment_ids, filter_string, page_runs)
    ids = [run.info.run_id for page in found for run in page]
    for chunk in _chunks(ids, page_runs):
        quoted = ", ".join(f"'{run_id}'" for run_id in chunk)
        for page in _search(client, experiment_ids, f"attributes.run_id IN ({quoted})", page_runs):
            yield list(page)


def _search(
    client: MlflowClient, experiment_ids: list[str], filter_string: str, page_runs: int
) -> Iterator[list[Run]]:
    token: str | None = None
    while True:
        page = client.search_runs(
            experiment_ids,
            filter_string=filter_string,
            run_view_type=ViewType.ACTIVE_ONLY,
            max_results=page_runs,
            order_by=_ORDER,
            page_token=token,
        )
        if page:
            yield list(page)
        token = page.token
        if not token:
            return


def _try_filter(client: MlflowClient, experiments: Sequence[Experiment], filter_string: str) -> None:
    ids = [experiment.experiment_id for experiment in experiments[:1]]
    try:
        client.search_runs(ids, filter_string=filter_string, max_results=1)
    except MlflowException as error:
        if error.error_code != "INVALID_PARAMETER_VALUE":
            raise
        raise UsageError(
            f"MLflow cannot read the filter {plain(filter_string)!r}: {reason(error)}. "
            "It has the form of the search box in the MLflow UI, such as \"params.optimizer = 'adam'\"."
        ) from error


def _all_experiments(client: MlflowClient) -> Iterator[Experiment]:
    token: str | None = None
    while True:
        page = client.search_experiments(
            view_type=ViewType.ACTIVE_ONLY, max_results=_EXPERIMENTS_PER_PAGE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _named_experiments(store: Store, names: Sequence[str]) -> tuple[tuple[Experiment, ...], list[str]]:
    found: dict[str, Experiment] = {}
    problems: list[str] = []
    for name in names:
        experiment = store.client.get_experiment_by_name(name) or _experiment_by_id(store.client, name)
        if experiment is None:
            problems.append(_no_such_experiment(store, name))
        elif experiment.lifecycle_stage == LifecycleStage.DELETED:
            problems.append(
                f"Experiment {plain(name)!r} is deleted. Restore it with "
                f"'mlflow experiments restore --experiment-id {experiment.experiment_id}', or leave it out."
            )
        else:
            found[experiment.experiment_id] = experiment
    return tuple(found.values()), problems


def _experiment_by_id(client: MlflowClient, experiment_id: str) -> Experiment | None:
    try:
        return client.get_experiment(experiment_id)
    except MlflowException as error:
        if error.error_code in _MISSING:
            return None
        raise


def _no_such_experiment(store: Store, name: str) -> str:
    names = [experiment.name for experiment in _all_experiments(store.client)]
    close = difflib.get_close_matches(name, names, n=_SUGGESTIONS) or names[:_SUGGESTIONS]
    offered = ", ".join(repr(plain(other)) for other in close)
    more = f" and {len(names) - len(close)} more" if len(names) > len(close) else ""
    has = f"It has {offered}{more}." if offered else "It has no experiments."
    return f"There is no experiment {plain(name)!r} in {store}. {has}"


def _chunks(items: Sequence[T], size: int) -> Iterable[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
