"""The runs of a verification: one parent, the reruns under it, and whatever those make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlflow.entities import Run, RunStatus
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.verifying.arm import CannotRerun

_PAGE = 1_000


class Family:
    """Parent and children in one experiment.

    Parameters
    ----------
    store, experiment_id, parent_run_id
        Where they are.
    verified_run_id
        The diagnosed run.
    """

    def __init__(self, store: Store, experiment_id: str, parent_run_id: str, verified_run_id: str) -> None:
        self._client = store.client
        self.experiment_id = experiment_id
        self.parent_run_id = parent_run_id
        self.verified_run_id = verified_run_id
        self._seen: set[str] = set()

    def new_children(self, rerun_id: str = "") -> list[Run]:
        """Return the children that were not returned before.

        Parameters
        ----------
        rerun_id
            A run that is to be among them: a backend that runs projects elsewhere may not know of parents.
        """
        if rerun_id and rerun_id not in self._seen:
            tags = self._client.get_run(rerun_id).data.tags
            if tags.get(MLFLOW_PARENT_RUN_ID) != self.parent_run_id:
                self._client.set_tag(rerun_id, MLFLOW_PARENT_RUN_ID, self.parent_run_id)
        new = [run for run in self._children(self.parent_run_id) if run.info.run_id not in self._seen]
        self._seen |= {run.info.run_id for run in new}
        return new

    def training_of(self, run_id: str, child_name: str) -> Run:
        """Return the run of the training itself: the rerun, or the one among its children that is meant.

        Raises
        ------
        CannotRerun
            There are several, and none has the name of the diagnosed run.
        """
        run = self._client.get_run(run_id)
        children = list(self._children(run_id))
        if not children or (run.data.metrics and not child_name):
            return run
        named = [child for child in children if child.info.run_name == child_name]
        if len(named) == 1 or len(children) == 1:
            return (named or children)[0]
        raise CannotRerun(
            f"The rerun {run_id} made {len(children)} runs, and {len(named)} of them have the name of the "
            f"diagnosed one, {child_name!r}. Its project can say by the tag bce.rerun how one is made alone."
        )

    def close(self, runs: Sequence[Run], status: str) -> None:
        """End runs, and all below them, that nothing works on any more and that still count as running."""
        for run in runs:
            for one in (*self._below(run.info.run_id), self._client.get_run(run.info.run_id)):
                if not RunStatus.is_terminated(RunStatus.from_string(one.info.status)):
                    self._client.set_terminated(one.info.run_id, status)

    def close_all(self, status: str) -> None:
        """End whatever child still counts as running."""
        self.close(list(self._children(self.parent_run_id)), status)

    def _below(self, run_id: str) -> Iterator[Run]:
        for child in self._children(run_id):
            yield from self._below(child.info.run_id)
            yield child

    def _children(self, run_id: str) -> Iterator[Run]:
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id],
                f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'",
                max_results=_PAGE,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            yield from page
            token = page.token
            if not token:
                return
