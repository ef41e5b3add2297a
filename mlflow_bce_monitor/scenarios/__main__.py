"""The entry points of the MLflow project: ``python -m mlflow_bce_monitor.scenarios``."""

from __future__ import annotations

import importlib.util
from typing import Final

import click

from mlflow_bce_monitor.errors import BCEMonitorError, UsageError
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS, find_scenario
from mlflow_bce_monitor.scenarios.overrides import KEEP, overridden
from mlflow_bce_monitor.scenarios.scenario import SourceName
from mlflow_bce_monitor.scenarios.training import Training, plan

ALL: Final = "all"
_NEEDED: Final = ("keras", "tensorflow", "sklearn", "imblearn")

seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")


@click.group()
def commands() -> None:
    """Train the classic stagnation scenarios as tracked MLflow runs, and evaluate them."""


@commands.command()
@seed_option
def main(seed: int) -> None:
    """Train all scenarios on both data sources, evaluate every run, and compare them."""
    _run(plan(SCENARIOS, [seed]))


@commands.command()
@click.option("--name", required=True, help=f"One of {', '.join(one.name for one in SCENARIOS)}.")
@click.option(
    "--data-source",
    type=click.Choice([ALL, *(source.value for source in SourceName)]),
    default=ALL,
    show_default=True,
    help="Rows to train on.",
)
@click.option("--variant", default=ALL, show_default=True, help="One variant, or all.")
@seed_option
@click.option(
    "--epochs",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Epochs of each training; 0 keeps the number in the scenario's table.",
)
@click.option(
    "--learning-rate",
    default=KEEP,
    show_default=True,
    help="Learning rate of each training, without schedule.",
)
@click.option("--optimizer", default=KEEP, show_default=True, help="adam, sgd or rmsprop.")
@click.option(
    "--hidden-units", default=KEEP, show_default=True, help="Units of the hidden layers: 128 or 64,32."
)
@click.option("--class-weight", default=KEEP, show_default=True, help="balanced, none, or two weights: 1,9.")
@click.option("--batch-size", default=KEEP, show_default=True, help="Rows of a batch.")
def scenario(name: str, data_source: str, variant: str, seed: int, epochs: int, **given: str) -> None:
    """Train one scenario, evaluate its runs, and compare them."""
    overrides = {key: value for key, value in given.items() if value != KEEP}
    if epochs:
        overrides["epochs"] = str(epochs)
    trainings = _selected(name, data_source, variant, seed)
    _run(tuple(overridden(training, overrides) for training in trainings) if overrides else trainings)


def _selected(name: str, data_source: str, variant: str, seed: int) -> tuple[Training, ...]:
    """Return the trainings that were asked for; UsageError for a name that is not known."""
    chosen = find_scenario(name)
    sources = [source for source in chosen.sources if data_source in (ALL, source.name.value)]
    if variant != ALL and not any(one.name == variant for source in sources for one in source.variants):
        sources[0].variant(variant)  # says which variants there are
    return tuple(
        Training(chosen, source, one, seed, one.recipe)
        for source in sources
        for one in source.variants
        if variant in (ALL, one.name)
    )


def _run(trainings: tuple[Training, ...]) -> None:
    missing = [module for module in _NEEDED if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(
            f"Training needs {', '.join(missing)}, not installed here. "
            "Run: pip install 'mlflow-bce-monitor[scenarios]'"
        )
    from mlflow_bce_monitor.scenarios.job import run_job  # noqa: PLC0415 - loads MLflow, after the names are checked

    run_job(trainings)


def entry_point() -> None:
    """Run the command; an error raised on purpose ends it with one line and exit code 2."""
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except BCEMonitorError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    entry_point()
