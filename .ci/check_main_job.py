"""Prove that the main job left every scenario run FINISHED and tagged in the default store.

Run in the folder where ``mlflow run .`` was run.
"""

from __future__ import annotations

import mlflow
from mlflow.entities import ViewType

from mlflow_bce_monitor.contract import TAG_CAUSE, TAG_FINGERPRINT, TAG_VERDICT

LEAST_RUNS = 30
"""Fifteen variants on each of two data sources."""


def main() -> None:
    """Run the check; a run that is not finished or not tagged ends it with a sentence."""
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, run_view_type=ViewType.ACTIVE_ONLY, max_results=1000)
    scenarios = [run for run in runs if "variant" in run.data.params]
    if len(scenarios) < LEAST_RUNS:
        raise SystemExit(
            f"expected at least {LEAST_RUNS} scenario runs, found {len(scenarios)} of {len(runs)}"
        )
    for run in scenarios:
        missing = [tag for tag in (TAG_VERDICT, TAG_CAUSE, TAG_FINGERPRINT) if tag not in run.data.tags]
        if run.info.status != "FINISHED" or missing:
            raise SystemExit(f"{run.info.run_name}: status {run.info.status}, missing tags {missing}")
    print(f"{len(scenarios)} scenario runs finished and tagged")  # noqa: T201


if __name__ == "__main__":
    main()
