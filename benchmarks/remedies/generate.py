"""Train the cases again, as they were and changed: ``python -m benchmarks.remedies.generate``.

Resumable: every finished training is a line of ``trials.jsonl``, known by its case, its changes and its
repetition, and only those that are missing are trained. One process, one thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from benchmarks.zoo.blocks import BLOCKS, TEST

if TYPE_CHECKING:
    from benchmarks.remedies.cases import Case
    from benchmarks.remedies.trials import Measured, Trial

QUIET: Final = {
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
    "--xla_backend_optimization_level=0",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""The environment of Keras on JAX, set before they are imported: one thread and no GPU. A training is one
compiled function there, which takes a tenth of the time of ``fit``."""

REPETITIONS: Final = 5
"""Seeds of every arm; the first takes seconds to compile, every further one a tenth of a second."""

TASKS_A_PROCESS: Final = 60
"""Compiled trainings after which the training process is replaced, because some of each stays in memory."""


class Task(NamedTuple):
    """A plan as JSON, and what to train of it: changes as JSON to repetitions."""

    plan: str
    wanted: dict[str, tuple[int, ...]]


def _train(task: Task) -> list[tuple[Trial, Measured]]:
    """Train in a process of its own."""
    import json  # noqa: PLC0415 - in this process only

    from benchmarks.remedies.changed import with_changes  # noqa: PLC0415 - as above
    from benchmarks.remedies.trial import Workshop  # noqa: PLC0415 - as above
    from benchmarks.remedies.trials import Trial  # noqa: PLC0415 - as above
    from benchmarks.zoo.traces import plan_from  # noqa: PLC0415 - as above

    plan, workshop = plan_from(task.plan), Workshop()
    done = []
    for changes, repetitions in task.wanted.items():
        measured = workshop.train(with_changes(plan, json.loads(changes)), repetitions)
        trials = [Trial(plan.plan_id, changes, repetition) for repetition in repetitions]
        done += list(zip(trials, measured, strict=True))
    return done


@click.command()
@click.option(
    "--block", "blocks", type=click.Choice(BLOCKS), multiple=True, default=(TEST,), show_default=True
)
@click.option("--per-cause", type=int, default=4, show_default=True, help="Cases of every true cause.")
@click.option("--repetitions", type=int, default=REPETITIONS, show_default=True, help="Seeds of every arm.")
@click.option("--arm", "arms", multiple=True, help="Only these arms; default all.")
@click.option(
    "--choose", is_flag=True, help="Draw the cases and prescribe anew; otherwise as in cases.jsonl."
)
def generate(
    blocks: tuple[str, ...], per_cause: int, repetitions: int, arms: tuple[str, ...], *, choose: bool
) -> None:
    """Train what is missing."""
    os.environ.update(QUIET)
    from benchmarks.remedies.arms import ARMS  # noqa: PLC0415 - not for --help
    from benchmarks.remedies.cases import read_cases  # noqa: PLC0415 - as above
    from benchmarks.remedies.trials import add_trial  # noqa: PLC0415 - as above

    if choose:
        _choose(blocks, per_cause)
    tasks = missing([case for case in read_cases() if case.block in blocks], arms or ARMS, repetitions)
    started = time.monotonic()
    with get_context("spawn").Pool(1, maxtasksperchild=TASKS_A_PROCESS) as pool:
        for place, done in enumerate(pool.imap(_train, tasks), start=1):
            for trial, measured in done:
                add_trial(trial, measured)
            minutes = (time.monotonic() - started) / 60
            click.echo(f"{place}/{len(tasks)}, {minutes:.1f} min: {done[0][0].plan_id}", err=True)
    click.echo(f"{len(tasks)} cases trained")


def _choose(blocks: Sequence[str], per_cause: int) -> None:
    """Draw the cases of these blocks anew, and keep what is prescribed to each."""
    from benchmarks.remedies.cases import case_of, read_cases, sample, write_cases  # noqa: PLC0415 - as above
    from benchmarks.zoo.traces import load  # noqa: PLC0415 - as above

    pairs = load()
    kept = [case for case in read_cases() if case.block not in blocks]
    drawn = [case_of(*pair) for block in blocks for pair in sample(pairs, block, per_cause)]
    write_cases([*kept, *drawn])


def missing(cases: Sequence[Case], arms: Sequence[str], repetitions: int) -> list[Task]:
    """Return what is not trained yet: the first case of every cause with all its arms, then the second."""
    from benchmarks.remedies.arms import changes_of  # noqa: PLC0415 - as above
    from benchmarks.remedies.trials import Trial, key_of, read_trials  # noqa: PLC0415 - as above
    from benchmarks.zoo.traces import read, to_text  # noqa: PLC0415 - as above

    plans = {one.plan.plan_id: to_text(one.plan) for one in read()}
    done = set(read_trials())
    tasks = []
    for case in _in_turn(cases):
        keys = [key_of(changes) for arm in arms for changes in [changes_of(case, arm)] if changes is not None]
        wanted = {
            key: tuple(
                number for number in range(repetitions) if Trial(case.plan_id, key, number) not in done
            )
            for key in keys
        }
        wanted = {key: numbers for key, numbers in wanted.items() if numbers}
        if wanted:
            tasks.append(Task(plans[case.plan_id], wanted))
    return tasks


def _in_turn(cases: Sequence[Case]) -> list[Case]:
    """Return the cases in an order of which any beginning has as many of every cause, and of every block."""
    place: dict[tuple[str, str], int] = {}
    placed = []
    for case in cases:
        part = (case.block, case.cause)
        place[part] = place.get(part, 0) + 1
        placed.append((place[part], case))
    return [case for _, case in sorted(placed, key=lambda one: one[0])]


if __name__ == "__main__":
    generate()
