"""The run that gathers a verification: opened when there is something to gather, and always ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run, RunStatus
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from mlflow_bce_monitor.contract import TAG_VERIFIES
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.verifying.family import Family

_NAME = "verify"


@dataclass
class Ending:
    """How the parent is to end.

    Attributes
    ----------
    status
        MLflow's word.
    """

    status: str = "FAILED"


@contextmanager
def gathered(store: Store, run: Run, experiment_id: str | None) -> Iterator[tuple[Family, Ending]]:
    """Yield the family of a verification; on leaving, nothing of it counts as running.

    Parameters
    ----------
    store, run
        The diagnosed run, and where it lies.
    experiment_id
        For the reruns; None for that of the run.
    """
    client = store.client
    adopted = _opened_for_us(client)
    parent = adopted or client.create_run(experiment_id or run.info.experiment_id)
    name = f"{_NAME} {run.info.run_name or run.info.run_id}"
    ending = Ending()
    family = Family(store, parent.info.experiment_id, parent.info.run_id, run.info.run_id)
    try:
        client.set_tag(parent.info.run_id, MLFLOW_RUN_NAME, name)
        client.set_tag(parent.info.run_id, TAG_VERIFIES, run.info.run_id)
        yield family, ending
    except KeyboardInterrupt:
        ending.status = "KILLED"
        raise
    finally:
        family.close_all("KILLED" if ending.status == "KILLED" else "FAILED")
        # MLflow ends the run that it opened for a project itself, by how the project ends.
        if adopted is None:
            client.set_terminated(parent.info.run_id, ending.status)


def _opened_for_us(client: MlflowClient) -> Run | None:
    """Return the run that MLflow has opened for a project whose entry point we are, None without."""
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if not run_id:
        return None
    try:
        run = client.get_run(run_id)
    except MlflowException:
        # A variable that was left behind, or of another store: a run of our own does as well.
        return None
    return None if RunStatus.is_terminated(RunStatus.from_string(run.info.status)) else run
