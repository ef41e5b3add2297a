"""A project backend that runs projects elsewhere, as an installed package brings one to MLflow."""

from __future__ import annotations

from pathlib import Path

NAME = "elsewhere"

MODULE = """
import json, os, subprocess, sys
from mlflow import MlflowClient
from mlflow.entities import RunStatus
from mlflow.projects import SubmittedRun
from mlflow.projects.backend.abstract_backend import AbstractBackend


class Submitted(SubmittedRun):
    def __init__(self, run_id, job, folder):
        self._run_id, self.job, self.folder = run_id, job, folder

    @property
    def run_id(self):
        return self._run_id

    def wait(self):
        return self.job.wait() == 0

    def get_status(self):
        return RunStatus.RUNNING if self.job.poll() is None else RunStatus.FINISHED

    def cancel(self):
        self.job.kill()
        self.job.wait()
        open(os.path.join(self.folder, "cancelled"), "w").close()


class Elsewhere(AbstractBackend):
    def run(self, project_uri, entry_point, params, version, backend_config, tracking_uri, experiment_id):
        # A cluster knows nothing of the run that is active here, nor is its job in our process group.
        run = MlflowClient().create_run(experiment_id)
        folder = backend_config["folder"]
        with open(os.path.join(folder, "jobs.jsonl"), "a") as file:
            file.write(json.dumps({"entry_point": entry_point, "params": params}) + os.linesep)
        command = [sys.executable, "train.py", params["eta"], params["rng_seed"], params["rows"]]
        environment = {**os.environ, "MLFLOW_RUN_ID": run.info.run_id, "MLFLOW_TRACKING_URI": tracking_uri}
        job = subprocess.Popen(command, cwd=project_uri, env=environment, start_new_session=True)
        return Submitted(run.info.run_id, job, folder)
"""


def installed(site: Path) -> Path:
    """Write the package into a folder as an installer leaves it, and return the folder."""
    about = site / f"{NAME}-1.0.dist-info"
    about.mkdir(parents=True)
    (site / f"{NAME}.py").write_text(MODULE, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        f"[mlflow.project_backend]\n{NAME} = {NAME}:Elsewhere\n", encoding="utf-8"
    )
    return site
