"""One rerun of a project, in a process of its own: ``python -m mlflow_bce_monitor.verifying.worker``.

A process of its own, because what the project prints must not mix with the answer, and because it and
whatever it starts can then be ended together.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

LOCAL: Final = "local"
"""MLflow's backend that runs a project on this machine."""

# What MLflow says of an entry point that ended with an error; its other failures come before that.
_SCRIPT_FAILED = re.compile(r"Run \(ID '\w+'\) failed")


@dataclass(frozen=True)
class Order:
    """What to run.

    Attributes
    ----------
    tracking_uri, experiment_id, parent_run_id
        Where the run is to lie.
    uri, version, entry_point, parameters
        Of the project.
    env_manager, backend, backend_config
        As MLflow takes them.
    outcome
        File for the run's id, or why there is none.
    """

    tracking_uri: str
    experiment_id: str
    parent_run_id: str
    uri: str
    version: str | None
    entry_point: str
    parameters: dict[str, str]
    env_manager: str | None
    backend: str
    backend_config: str | None
    outcome: str

    def as_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))


def cancel_when_ended() -> None:
    """Treat a request to end as Ctrl-C, on which MLflow cancels what it has submitted elsewhere."""

    def ended(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)


def work(order: Order) -> dict[str, Any]:
    """Run the project as a child of the parent run, and wait for it."""
    import mlflow  # noqa: PLC0415 - the process says first what it was asked for
    from git.exc import GitError  # noqa: PLC0415
    from mlflow.exceptions import ExecutionException, MlflowException  # noqa: PLC0415
    from mlflow.utils.process import ShellCommandException  # noqa: PLC0415

    mlflow.set_tracking_uri(order.tracking_uri)
    # Makes the parent the active run, which is how MLflow knows whose child a project's run is. The parent
    # is ours and running; it is left as it is by leaving without MLflow's clean-up, see below.
    mlflow.start_run(run_id=order.parent_run_id)
    try:
        submitted = mlflow.projects.run(  # type: ignore[no-untyped-call]
            order.uri,
            entry_point=order.entry_point,
            version=order.version,
            parameters=order.parameters,
            experiment_id=order.experiment_id,
            backend=order.backend,
            backend_config=_config(order.backend_config),
            env_manager=order.env_manager,
            synchronous=True,
        )
    except ShellCommandException as error:
        return {"failed": "environment", "why": _line(error)}
    except ExecutionException as error:
        is_script = _SCRIPT_FAILED.match(str(error))
        return {"failed": "script" if is_script else "project", "why": _line(error)}
    except (MlflowException, GitError, OSError, ValueError) as error:
        return {"failed": "project", "why": _line(error)}
    return {"run_id": submitted.run_id}


def _config(text: str | None) -> Any:
    """Return a backend's configuration: a path to a JSON file as it is, anything else as JSON."""
    return text if text is None or text.endswith(".json") else json.loads(text)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def main() -> None:
    """Carry out the order on standard input."""
    order = Order(**json.loads(sys.stdin.read()))
    if order.backend != LOCAL:  # what runs here gets the signal itself
        cancel_when_ended()
    try:
        outcome = work(order)
    except KeyboardInterrupt:
        outcome = {"failed": "interrupted", "why": "it was interrupted"}
    Path(order.outcome).write_text(json.dumps(outcome), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    # MLflow ends the active run when the interpreter exits, and the parent has to go on.
    os._exit(0)


if __name__ == "__main__":
    main()
