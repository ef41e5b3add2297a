"""Train the whole zoo and write its traces: ``python -m benchmarks.zoo.generate``.

Resumable: every finished training is one file in the work folder, and a second call goes on where the
first one stopped. What the traces file holds already is taken over, so only plans that are new or changed
are trained; delete the file to train everything again, about eight hours of one core.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import pickle
import sys
import time
import warnings
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from benchmarks.zoo.outcome import Outcome
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.traces import Specimen
from mlflow_bce_monitor.records import RunRecord

QUIET: Final = {
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""The environment of TensorFlow and MLflow, set before they are imported: one thread and no GPU, so that the
zoo can be made beside other work and comes out the same everywhere."""

SCRIPT: Final = "train.py"
"""What MLflow takes for the name of the program: a user's script, and no path of this machine."""

RUNS_A_PROCESS: Final = 100
"""Trainings after which the training process is replaced: by then it holds about 1.5 GB."""


def _train_all(work: Path, limit: int | None, only: str, refresh: tuple[int, Path]) -> None:
    """Train every plan that is not in the work folder yet, one after the other."""
    from benchmarks.zoo.catalogue import all_plans  # noqa: PLC0415 - imports Keras, after QUIET is set

    plans = [plan for plan in all_plans() if only in plan.plan_id][:limit]
    every, output = refresh
    _take_over(output, work)
    open_plans = [plan for plan in plans if not _is_done(work, plan)]
    started = time.monotonic()
    # One process at a time, in a folder of its own choice; TensorFlow keeps some megabytes of every
    # model, so it is replaced now and then.
    with get_context("spawn").Pool(1, enter_work, (work,), maxtasksperchild=RUNS_A_PROCESS) as pool:
        for place, line in enumerate(pool.imap(_train_one, open_plans), start=1):
            minutes = (time.monotonic() - started) / 60
            click.echo(f"{place}/{len(open_plans)}, {minutes:.1f} min: {line}", err=True)
            if place % every == 0:
                _assemble(work, output)
    click.echo(f"{len(plans)} of {len(plans)} trainings are in {work}", err=True)


def enter_work(work: Path) -> None:
    """Prepare a process for training: in the work folder, as a user's script, quietly, under autolog."""
    import mlflow  # noqa: PLC0415 - in this process only
    import tensorflow as tf  # noqa: PLC0415

    sys.argv = [SCRIPT]
    os.chdir(work)
    warnings.filterwarnings("ignore", category=UserWarning)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    mlflow.set_tracking_uri(f"sqlite:///{work / 'mlflow.db'}")
    mlflow.tensorflow.autolog(log_models=False, checkpoint=False, silent=True)


def _train_one(plan: TrainingPlan) -> str:
    """Train one plan and keep it; return a line about it."""
    import mlflow  # noqa: PLC0415

    from benchmarks.zoo import adversarial, preference, training  # noqa: PLC0415

    trainers = {
        "labels": training.train,
        "adversarial": adversarial.train,
        "preference": preference.train,
        "reward": preference.train,
    }
    before = time.monotonic()
    work = Path.cwd()
    enter_experiment(plan.experiment, work)
    record, outcome = trainers[plan.family](plan, mlflow.MlflowClient())
    _keep(work, plan.plan_id, (plan, record, outcome))
    skills = f"skill {outcome.train_skill:.3f} on its own rows, {outcome.judged_skill:.3f} on others"
    return f"{plan.plan_id}, {time.monotonic() - before:.1f} s, {skills}"


def enter_experiment(name: str, work: Path) -> None:
    """Make an experiment the active one; its artifacts lie in the work folder."""
    import mlflow  # noqa: PLC0415

    found = mlflow.get_experiment_by_name(name)
    experiment_id = found.experiment_id if found else None
    if experiment_id is None:
        experiment_id = mlflow.create_experiment(name, artifact_location=(work / "artifacts").as_uri())
    mlflow.set_experiment(experiment_id=experiment_id)


def _file_of(work: Path, plan_id: str) -> Path:
    return work / "runs" / f"{plan_id}.pickle.gz"


def _take_over(output: Path, work: Path) -> None:
    """Put the trainings that the traces file already holds into the work folder, unless they are there."""
    from benchmarks.zoo.traces import read  # noqa: PLC0415

    for specimen in read(output) if output.exists() else ():
        if not _file_of(work, specimen.plan.plan_id).exists():
            _keep(work, specimen.plan.plan_id, (specimen.plan, specimen.record, specimen.outcome))


def _is_done(work: Path, plan: TrainingPlan) -> bool:
    """Whether this plan, and not an older one of the same name, was trained."""
    path = _file_of(work, plan.plan_id)
    return path.exists() and _load(path)[0] == plan


def _load(path: Path) -> tuple[TrainingPlan, RunRecord, Outcome]:
    # Our own file in our own work folder.
    return pickle.loads(gzip.decompress(path.read_bytes()))  # type: ignore[no-any-return]  # noqa: S301


def _keep(work: Path, plan_id: str, specimen: object) -> None:
    """Write one finished training; renamed last, so that an interrupted write is no file."""
    path = _file_of(work, plan_id)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(pickle.dumps(specimen)))
    partial.rename(path)


def _assemble(work: Path, path: Path) -> int:
    """Write the traces of all finished trainings of today's plans, by plan id; return their number."""
    from benchmarks.zoo.catalogue import all_plans  # noqa: PLC0415
    from benchmarks.zoo.traces import write  # noqa: PLC0415

    plans = sorted(all_plans(), key=lambda plan: plan.plan_id)
    done = [plan for plan in plans if _is_done(work, plan)]
    specimens = [in_its_experiment(Specimen(*_load(_file_of(work, plan.plan_id)))) for plan in done]
    partial = path.with_suffix(".partial")
    write(specimens, partial)
    partial.rename(path)
    return len(specimens)


def in_its_experiment(specimen: Specimen) -> Specimen:
    """Give the run an experiment id that depends on the experiment's name alone.

    A store numbers its experiments in the order they come, and the zoo is trained in several sittings
    and stores: without this, strangers would share an experiment, and twins would not.
    """
    digest = hashlib.sha256(specimen.plan.experiment.encode()).hexdigest()
    experiment_id = str(int(digest[:15], 16)).zfill(18)
    return replace(specimen, record=replace(specimen.record, experiment_id=experiment_id))


@click.command()
@click.option(
    "--work", type=click.Path(file_okay=False, path_type=Path), default=Path("zoo-work"), show_default=True
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: the repository's own file."
)
@click.option("--limit", type=int, help="Only the first so many plans; any beginning is a fair sample.")
@click.option("--only", default="", help="Only plans whose id contains this.")
@click.option(
    "--refresh", type=int, default=100, show_default=True, help="Write the file anew every so many runs."
)
def generate(work: Path, output: Path | None, limit: int | None, only: str, refresh: int) -> None:
    """Train the zoo, or the rest of it, and write its traces."""
    from benchmarks.zoo.traces import TRACES  # noqa: PLC0415 - imports what is not needed for --help

    output, work = (output or TRACES).resolve(), work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    os.environ.update(QUIET)
    _train_all(work, limit, only, (refresh, output))
    click.echo(f"{_assemble(work, output)} runs in {output}")


if __name__ == "__main__":
    generate()
