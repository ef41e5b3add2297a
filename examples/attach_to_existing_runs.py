"""Attach the evaluator to runs that somebody else logged, and read the answers in Python.

Logs three runs as a training loop without any framework would, then scans them: only the
names and the numbers are looked at. Replace the first half by your own tracking URI.

    python examples/attach_to_existing_runs.py
"""

from __future__ import annotations

import math
import random

import mlflow

import mlflow_bce_monitor

EXPERIMENT = "attach-example"
EPOCHS = 20


def log_run(name: str, losses: list[float], accuracies: list[float], **params: object) -> str:
    """Log one run by hand and return its id."""
    with mlflow.start_run(run_name=name) as run:
        mlflow.log_params(params)
        for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True)):
            mlflow.log_metrics({"train/loss": loss, "train/accuracy": accuracy}, step=epoch)
    return str(run.info.run_id)


def main() -> None:
    """Log, scan, print."""
    noise = random.Random(0)  # noqa: S311 - noise for an example, no secret
    mlflow.set_experiment(EXPERIMENT)
    flat = [math.log(2) + noise.gauss(0, 1e-3) for _ in range(EPOCHS)]
    coin = [0.5 + noise.gauss(0, 0.01) for _ in range(EPOCHS)]
    log_run("tiny-rate", [0.6935 - 2e-5 * epoch for epoch in range(EPOCHS)], coin, lr=1e-7, optimizer="Adam")
    log_run("nothing-known", flat, coin)
    falling = [0.69 * math.exp(-0.1 * epoch) for epoch in range(EPOCHS)]
    log_run("fine", falling, [0.5 + 0.02 * epoch for epoch in range(EPOCHS)], lr=1e-3, optimizer="Adam")

    table = mlflow_bce_monitor.scan(experiments=[EXPERIMENT])
    print(table[["run_name", "verdict", "cause", "confidence", "skill"]].to_string(index=False))

    # One run, with everything that is known about it:
    run_id = table.loc[table["run_name"] == "tiny-rate", "run_id"].iloc[0]
    diagnosis = mlflow_bce_monitor.evaluate_run(run_id)
    for ranked in diagnosis.causes:
        print(f"{ranked.probability:5.0%}  {ranked.cause:24s} {ranked.because}")


if __name__ == "__main__":
    main()
