"""Reruns of an MLflow project: each a child run, made by a process that is waited for."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mlflow.entities import Run

from mlflow_bce_monitor.contract import ARTIFACT_FOLDER, TAG_ARM, TAG_VERIFIES
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.tracking.store.opening import Store
from mlflow_bce_monitor.verifying.arm import Arm, CannotRerun, Measured
from mlflow_bce_monitor.verifying.family import Family
from mlflow_bce_monitor.verifying.origin import NAME, Origin
from mlflow_bce_monitor.verifying.params import SEED, param_for, written
from mlflow_bce_monitor.verifying.possible import possible
from mlflow_bce_monitor.verifying.reading import measured_of
from mlflow_bce_monitor.verifying.source import Source
from mlflow_bce_monitor.verifying.worker import LOCAL, Order

_GRACE: Final = 10.0
"""Seconds in which a project that is asked to end can put things in order."""

_WITHIN: Final = Path(__file__).with_name("within")
"""Folder that, ahead of all others, has a project's Keras trainings measured from inside."""

_LOG_CHARACTERS: Final = 300
"""Of the script's last words in a message."""

_NOISE: Final = re.compile(r"^\d{4}/\d\d/\d\d .* mlflow|^\s*$|^\s+at |^\s*\^+\s*$|During handling of")
_ERROR: Final = re.compile(r"^\w[\w.]*(?:Error|Exception|Interrupt|Warning|Exit)\b|error:", re.IGNORECASE)

# The variables by which a run that MLflow opened for us would be taken over by what we start.
_OF_OUR_RUN: Final = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")


@dataclass(frozen=True)
class ProjectOptions:
    """How a project is run.

    Attributes
    ----------
    env_manager
        As MLflow takes it; None for the one the run was made with.
    backend, backend_config
        As MLflow takes them; the latter a path to a JSON file, or JSON.
    param_map
        Setting to param, where the usual names do not tell.
    """

    env_manager: str | None = None
    backend: str = LOCAL
    backend_config: str | None = None
    param_map: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ProjectTrainer:
    """Trains by running a project.

    Attributes
    ----------
    store
        Where the runs lie.
    family
        The parent run and its children.
    origin, source
        How the run was made, and from what now.
    params
        What the entry point takes: name to the value the run had.
    options, question
        How to run, and what the user knows about the runs.
    settings
        Current values of the settings, for the cost.
    """

    store: Store
    family: Family
    origin: Origin
    source: Source
    params: Mapping[str, str]
    options: ProjectOptions
    question: Question
    settings: Mapping[str, object]

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return which settings are params of the project, in a form that is known."""
        refused = [name for name, value in changes.items() if self._param(name, value) is None]
        return possible(changes, refused, f"the entry point {self.origin.entry_point!r} has no param for")

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return the epochs of a training with these changes, in those without."""
        before, after = self.settings.get("epochs"), changes.get("epochs")
        if isinstance(before, (int, float)) and isinstance(after, (int, float)) and before > 0:
            return max(float(after) / float(before), 0.1)
        return 1.0

    def train(self, arm: Arm, seed: int, *, look_inside: bool) -> Measured:
        """Run the project once more, and read what it logged."""
        start = time.monotonic()
        outcome, log = self._run(self._parameters(arm, seed), look_inside=look_inside)
        new = self.family.new_children(outcome.get("run_id", ""))
        for run in new:
            self._mark(run, arm, seed)
        run_id = outcome.get("run_id") or next((run.info.run_id for run in new), "")
        if "failed" in outcome or not run_id:
            self.family.close(new, "FAILED")
            self._keep_log(log, arm, seed)
            raise CannotRerun(self._why(outcome, log))
        self.family.close(new, "FINISHED")
        return measured_of(
            self.store,
            self.family.training_of(run_id, self.origin.child_name),
            self.question,
            arm,
            seed,
            time.monotonic() - start,
        )

    def _parameters(self, arm: Arm, seed: int) -> dict[str, str]:
        parameters = dict(self.params)
        seed_param = param_for(SEED, self.params, self.options.param_map)
        if seed_param is not None:
            parameters[seed_param] = str(seed)
        for name, value in arm.changes.items():
            found = self._param(name, value)
            if found is not None:
                param, text = found
                parameters[param] = text
        return parameters

    def _param(self, setting: str, value: object) -> tuple[str, str] | None:
        param = param_for(setting, self.params, self.options.param_map)
        if param is None:
            return None
        text = written(setting, param, value, self.params.get(param, ""))
        return None if text is None else (param, text)

    def _run(self, parameters: Mapping[str, str], *, look_inside: bool) -> tuple[Mapping[str, str], str]:
        """Run the project in a process group of its own; return its outcome, and what was printed."""
        with TemporaryDirectory(prefix="bce-monitor-") as folder:
            outcome, log = Path(folder, "outcome.json"), Path(folder, "log.txt")
            order = Order(
                self.store.uri,
                self.family.experiment_id,
                self.family.parent_run_id,
                self.source.uri,
                self.source.version,
                self.origin.entry_point,
                dict(parameters),
                self.options.env_manager or self.origin.env_manager,
                self.options.backend,
                self.options.backend_config,
                str(outcome),
            )
            environment = {name: value for name, value in os.environ.items() if name not in _OF_OUR_RUN}
            if look_inside:
                path = [str(_WITHIN), *filter(None, [environment.get("PYTHONPATH")])]
                environment["PYTHONPATH"] = os.pathsep.join(path)
            with log.open("wb") as printed:
                process = subprocess.Popen(
                    [sys.executable, "-m", "mlflow_bce_monitor.verifying.worker"],
                    stdin=subprocess.PIPE,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
                try:
                    process.communicate(order.as_json().encode())
                except BaseException:
                    _end(process)
                    self.family.close(self.family.new_children(), "KILLED")
                    raise
            text = log.read_text(encoding="utf-8", errors="replace")
            if not outcome.is_file():
                return {"failed": "worker", "why": "its process ended without an answer"}, text
            found: Mapping[str, str] = json.loads(outcome.read_text(encoding="utf-8"))
            return found, text

    def _mark(self, run: Run, arm: Arm, seed: int) -> None:
        client = self.store.client
        client.set_tag(run.info.run_id, NAME, f"{arm.name}, seed {seed}")
        client.set_tag(run.info.run_id, TAG_ARM, arm.name)
        client.set_tag(run.info.run_id, TAG_VERIFIES, self.family.verified_run_id)

    def _keep_log(self, log: str, arm: Arm, seed: int) -> None:
        name = f"{arm.name} seed {seed}".replace(" ", "_")
        self.store.client.log_text(self.family.parent_run_id, log, f"{ARTIFACT_FOLDER}/logs/{name}.txt")

    def _why(self, outcome: Mapping[str, str], log: str) -> str:
        """Return why a rerun failed, with what the script said last."""
        failed, why = outcome.get("failed"), outcome.get("why", "")
        manager = self.options.env_manager or self.origin.env_manager
        if failed == "script":
            return (
                f"The entry point {self.origin.entry_point!r} failed when run again: {last_words(log)}. "
                f"Its log lies on run {self.family.parent_run_id} under {ARTIFACT_FOLDER}/logs."
            )
        if failed == "environment" or (failed == "project" and manager != "local"):
            return (
                f"The environment of the project could not be made by {manager!r}: "
                f"{why[:_LOG_CHARACTERS]}. Pass --env-manager local to use the active environment."
            )
        return f"MLflow could not run the project: {why[:_LOG_CHARACTERS]}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def last_words(log: str) -> str:
    """Return the line in which a script said what was wrong, as far as that can be told."""
    lines = [line.strip() for line in log.splitlines() if not _NOISE.search(line)]
    lines = [line for line in lines if "=== Run" not in line]
    errors: Sequence[str] = [line for line in lines if _ERROR.search(line)]
    own = [line for line in errors if "mlflow.exceptions" not in line and "ExecutionException" not in line]
    return (own or errors or lines or ["it printed nothing"])[-1][:_LOG_CHARACTERS].rstrip(".")
