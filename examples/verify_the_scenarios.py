"""Prove the remedies of the three scenarios, on learnable rows and on the published ones.

Each baseline is made by ``mlflow run`` and verified as ``bce-monitor verify`` does it, its reruns included::

    python examples/verify_the_scenarios.py                        # everything, into ./mlflow.db
    python examples/verify_the_scenarios.py --data-source published --name learning_rate --seeds 3

It takes about a quarter of an hour on two idle cores. Interrupt it when you like: what is finished is kept.
"""

from __future__ import annotations

from pathlib import Path

import click
import mlflow

from mlflow_bce_monitor.diagnosis import RankedCause
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS
from mlflow_bce_monitor.scenarios.scenario import BASELINE, SourceName
from mlflow_bce_monitor.verifying.of_run import VerifyOptions, verify_run
from mlflow_bce_monitor.verifying.plan import SEEDS

PROJECT = Path(__file__).parents[1]
NAMES = [one.name for one in SCENARIOS]
SOURCES = [str(one) for one in SourceName]


@click.command()
@click.option("--name", "names", type=click.Choice(NAMES), multiple=True, default=NAMES, help="Scenarios.")
@click.option(
    "--data-source", "sources", type=click.Choice(SOURCES), multiple=True, default=SOURCES, help="Rows."
)
@click.option("--seeds", type=click.IntRange(min=2), default=SEEDS, show_default=True, help="Pairs a remedy.")
def main(names: tuple[str, ...], sources: tuple[str, ...], seeds: int) -> None:
    """Make every baseline, verify it, and say what comes of it."""
    for source in sources:
        for name in names:
            run_id = baseline(name, source)
            report = verify_run(run_id, VerifyOptions(seeds=seeds), tell=tell)
            click.echo(f"\n{name}/{source}: {report.result}")
            click.echo(f"first {causes(report.first_causes)}; then {causes(report.causes)}")
            for step in report.steps:
                click.echo(f"- {step.because}")
            click.echo(f"{report.sentence}\n{report.n_reruns} reruns.")
            if report.interrupted:
                raise click.Abort


def baseline(name: str, source: str) -> str:
    """Make the run of one scenario's fault, and return its id."""
    parameters = {"name": name, "data_source": source, "variant": BASELINE}
    made = mlflow.projects.run(
        str(PROJECT), "scenario", parameters=parameters, env_manager="local", experiment_id="0"
    )
    [run] = mlflow.MlflowClient().search_runs(["0"], f"tags.`mlflow.parentRunId` = '{made.run_id}'")
    return str(run.info.run_id)


def tell(done: int, left: int, what: str) -> None:
    """Say which rerun comes."""
    click.echo(f"rerun {done + 1} of about {done + left}: {what}", err=True)


def causes(ranked: tuple[RankedCause, ...]) -> str:
    """Return the first causes with their probabilities."""
    return ", ".join(f"{one.cause} {one.probability:.0%}" for one in ranked[:3])


if __name__ == "__main__":
    main()
