"""The main job: train every variant as a tracked run, evaluate every run, compare them.

All trainings are children of one parent run, which gets the comparison. The parent logs no
metrics, so the evaluator finds nothing to judge in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import click
import mlflow
import pandas as pd
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.contract import NO_CAUSE
from mlflow_bce_monitor.report.terminal import row_from_answer
from mlflow_bce_monitor.scenarios import comparison
from mlflow_bce_monitor.scenarios.tracked import TrackedTraining, train_tracked
from mlflow_bce_monitor.scenarios.training import Training
from mlflow_bce_monitor.tracking.scan import scan
from mlflow_bce_monitor.tracking.store.opening import Store, open_store
from mlflow_bce_monitor.tracking.writing.links import report_link, run_link, ui_command, view_link, view_path

PARENT_NAME: Final = "bce-monitor scenarios"
_COLUMNS_OF_PANELS: Final = 4
_UI_ADDRESS: Final = "http://127.0.0.1:5000"  # of 'mlflow ui' without options
_PIPE_WIDTH: Final = 200  # columns of a table that goes to a file or a pipe: nothing is folded


@dataclass(frozen=True)
class JobResult:
    """What the job left behind.

    Attributes
    ----------
    parent_run_id, experiment_id
        Where everything lies.
    trainings
        In the order they were trained.
    answers
        Run id to the evaluator's answer in the form of the JSON contract.
    """

    parent_run_id: str
    experiment_id: str
    trainings: tuple[TrackedTraining, ...]
    answers: Mapping[str, Mapping[str, Any]]


def run_job(trainings: Sequence[Training]) -> JobResult:
    """Train, evaluate and compare; show progress and a closing table.

    Under ``mlflow run`` the parent is the run that MLflow has opened for the project.
    """
    with mlflow.start_run(run_name=PARENT_NAME) as parent:
        if "MLFLOW_RUN_ID" in os.environ:
            # A run that MLflow opened for a project has a random name.
            mlflow.set_tag("mlflow.runName", PARENT_NAME)
        done = _train_all(trainings)
        answers = _evaluate(done)
        _log_comparison(done, answers)
    result = JobResult(parent.info.run_id, parent.info.experiment_id, done, answers)
    _close(result)
    return result


def _train_all(trainings: Sequence[Training]) -> tuple[TrackedTraining, ...]:
    done = []
    with _progress(len(trainings)) as advance:
        for training in trainings:
            done.append(train_tracked(training))
            advance(training.name)
    return tuple(done)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, and one plain line a run anywhere else."""
    finished = 0
    if not sys.stderr.isatty():

        def tell(name: str) -> None:
            nonlocal finished
            finished += 1
            click.echo(f"{finished}/{total} {name}", err=True)

        yield tell
        return
    columns = (
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("training", total=total, name="")
        yield lambda name: bar.update(task, advance=1, name=name)


def _evaluate(trainings: Sequence[TrackedTraining]) -> dict[str, dict[str, Any]]:
    found = scan(mlflow.get_tracking_uri(), run_ids=[done.run_id for done in trainings])
    return {
        str(row["run_id"]): {str(key): value for key, value in row.items()}
        for row in found.to_dict(orient="records")
    }


def _log_comparison(trainings: Sequence[TrackedTraining], answers: dict[str, dict[str, Any]]) -> None:
    rows = pd.DataFrame(comparison.table(trainings, answers))
    mlflow.log_table(rows, "comparison.json")
    mlflow.log_text(rows.to_csv(index=False), "comparison.csv")
    for name, group in comparison.by_scenario(trainings):
        panels = comparison.curve_panels(group)
        mlflow.log_figure(comparison.draw_curves(name, panels, _COLUMNS_OF_PANELS), f"curves/{name}.png")
    mlflow.log_figure(comparison.draw_skill(comparison.skill_bars(trainings)), "skill.png")


def _close(result: JobResult) -> None:
    """Print the closing table and where to look."""
    store = open_store(mlflow.get_tracking_uri())
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    console.print(_closing_table(result, store))
    command = ui_command(store)
    click.echo(f"Browse them: run {command}, then open" if command else "Browse them:")
    click.echo(view_link(store, result.experiment_id) or _UI_ADDRESS + view_path(result.experiment_id))
    parent = run_link(store, result.experiment_id, result.parent_run_id)
    click.echo(f"The comparison lies on the parent run {parent or result.parent_run_id}.")


def _closing_table(result: JobResult, store: Store) -> Table:
    """Return one row a run; the link is a command where the store has no UI of its own."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for heading in ("run", "verdict", "cause", "skill", "link"):
        # A link that does not fit goes on in the next line, so that it stays whole to copy.
        table.add_column(heading, overflow="fold", justify="right" if heading == "skill" else "left")
    for done in result.trainings:
        row = row_from_answer(result.answers.get(done.run_id, {"run_id": done.run_id}))
        in_trouble = row.cause not in ("", NO_CAUSE)
        link = (report_link if in_trouble else run_link)(store, result.experiment_id, done.run_id)
        cells = (
            done.training.name,
            row.verdict,
            row.cause,
            row.skill,
            link or f"bce-monitor explain {done.run_id}",
        )
        table.add_row(*map(Text, cells))
    return table
