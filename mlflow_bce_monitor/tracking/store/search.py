"""Finding what a caller named: experiments by name or id, runs by id."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.entities.lifecycle_stage import LifecycleStage
from mlflow.exceptions import MlflowException

from mlflow_bce_monitor.errors import StoreError, UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.tracking.store.reasons import STORE_FAILURES, reason

_EXPERIMENTS_PER_PAGE: Final = 1_000
_SUGGESTIONS: Final = 3
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

    @property
    def whole(self) -> bool:
        """Whether all runs of the experiments are meant, so that a page holds the runs around each."""
        return not self.run_ids and self.filter_string is None


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


def find_run(store: Store, run_id: str) -> Run:
    """Return one active run; UsageError when it does not exist or is deleted."""
    found = look_up(store, run_id)
    if isinstance(found, MissingRun):
        raise UsageError(found.why)
    return found


def look_up(store: Store, run_id: str) -> Run | MissingRun:
    """Return one active run, or why it cannot be had."""
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
