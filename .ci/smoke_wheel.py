"""Prove that the wheel works where only the wheel is installed: no TensorFlow, no source tree.

Logs one stalled run into a new store, evaluates it through the console script, and reads
the answer back.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Run the check; any failure ends with a traceback and a non-zero exit code."""
    if importlib.util.find_spec("tensorflow") is not None:
        raise SystemExit("tensorflow is installed here: this check proves nothing")
    import mlflow  # noqa: PLC0415 - after the check that needs no MLflow

    folder = Path(tempfile.mkdtemp())
    store = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(store)
    mlflow.create_experiment("smoke", artifact_location=str(folder / "artifacts"))
    mlflow.set_experiment("smoke")
    with mlflow.start_run() as run:
        for epoch in range(10):
            mlflow.log_metrics({"loss": 0.6931, "accuracy": 0.5}, step=epoch)
    command = Path(sys.executable).with_name("bce-monitor")
    done = subprocess.run(  # noqa: S603 - our own console script
        [command, "scan", "--tracking-uri", store, "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    tags = mlflow.get_run(run.info.run_id).data.tags
    if [row["verdict"] for row in answer] != ["stalled"] or tags.get("bce.verdict") != "stalled":
        raise SystemExit(f"expected one stalled run, got {answer} and tags {tags}")
    for module in ("mlflow_bce_monitor", "bce-monitor"):
        call = [sys.executable, "-m", module] if module == "mlflow_bce_monitor" else [command]
        subprocess.run([*call, "--version"], check=True)  # noqa: S603 - as above
    print("wheel: console script, module and write-back work without TensorFlow")  # noqa: T201


if __name__ == "__main__":
    main()
