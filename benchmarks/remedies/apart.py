"""Tell the causes of ambiguous runs apart by reruns: ``python -m benchmarks.remedies.apart``.

Runs of the zoo whose first cause stands below one half are rerun as ``bce-monitor verify`` would, with its
own choice of experiments; what comes out is a line of ``apart.jsonl``. Resumable.

python -m benchmarks.remedies.apart                     # train what is missing, and say what came out
python -m benchmarks.remedies.apart --limit 0           # only say it
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, Final

import click

from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.table import count_of, interval, percent
from benchmarks.remedies.generate import QUIET
from benchmarks.zoo.blocks import BLOCKS, TEST

if TYPE_CHECKING:
    from benchmarks.zoo.truth import Truth
    from mlflow_bce_monitor.records import RunRecord

APART: Final = Path(__file__).with_name("apart.jsonl")

AMBIGUOUS: Final = 0.5
"""Probability of the first cause below which a diagnosis is ambiguous."""

PER_BLOCK: Final = 30
"""Runs drawn of a block."""

GOAL: Final = 0.9


@dataclass(frozen=True)
class Told:
    """What the reruns said of one run.

    Attributes
    ----------
    plan_id, block
        Which.
    causes
        All causes that are not wrong.
    before, probability_before, after, probability_after
        The first cause, and what was stated for it.
    reruns
        Trainings that were made, the one as it was included.
    path
        Experiments and their answers in words.
    """

    plan_id: str
    block: str
    causes: list[str]
    before: str
    probability_before: float
    after: str
    probability_after: float
    reruns: int
    path: list[str]


def read_told(path: Path = APART) -> list[Told]:
    """Return every line of the file; [] without one."""
    if not path.exists():
        return []
    return [Told(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Summary:
    """What the reruns come to.

    Attributes
    ----------
    n
        Runs that were rerun.
    before, after
        How many first causes are true ones, before the reruns and after them.
    settled
        How many are true of those that ended at :data:`GOAL` or more.
    reruns
        In the mean, the training as it was included; NaN without any run.
    """

    n: int
    before: Share
    after: Share
    settled: Share
    reruns: float


def summarise(told: Sequence[Told]) -> Summary:
    """Count what the reruns come to."""
    return Summary(
        len(told),
        share(told, lambda one: one.before in one.causes),
        share(told, lambda one: one.after in one.causes),
        share(
            [one for one in told if one.probability_after >= GOAL],
            lambda one: one.after in one.causes,
        ),
        mean(one.reruns for one in told) if told else math.nan,
    )


def summary(told: Sequence[Told]) -> list[str]:
    """Return what the reruns come to, one sentence each."""
    if not told:
        return ["No ambiguous run has been rerun yet."]
    found = summarise(told)
    return [
        f"{found.n} runs with a first cause below {AMBIGUOUS:g}: right were {count_of(found.before)} before.",
        (
            f"After the reruns {count_of(found.after)} are right, {percent(found.after.value)} "
            f"({interval(found.after)}); the goal is {percent(GOAL)}."
        ),
        f"Of those that ended at {GOAL:g} or more {count_of(found.settled)} are right.",
        f"Reruns: {found.reruns:.1f} in the mean, the one as it was included.",
    ]


@click.command()
@click.option("--block", type=click.Choice(BLOCKS), default=TEST, show_default=True)
@click.option("--limit", type=int, default=PER_BLOCK, show_default=True, help="Only so many runs more.")
def main(block: str, limit: int) -> None:
    """Rerun what is missing, and say what came out."""
    os.environ.update(QUIET)
    done = {one.plan_id for one in read_told()}
    if limit:
        from benchmarks.zoo.traces import load  # noqa: PLC0415 - not for --help

        drawn = [pair for pair in ambiguous(load(), block) if pair[1].plan.plan_id not in done]
        for record, truth in drawn[:limit]:
            told = tell_apart(record, truth)
            with APART.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(told)) + "\n")
            click.echo(f"{told.plan_id}: {told.before} -> {told.after}, true {told.causes}", err=True)
    for line in summary([one for one in read_told() if one.block == block]):
        click.echo(line)


def ambiguous(pairs: list[tuple[RunRecord, Truth]], block: str) -> list[tuple[RunRecord, Truth]]:
    """Return runs with an ambiguous diagnosis from the log alone, drawn by the seed of the cases."""
    import numpy as np  # noqa: PLC0415 - after QUIET is set

    from benchmarks.remedies.cases import SEED, is_eligible  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.pipeline import diagnose  # noqa: PLC0415 - as above

    eligible = [
        pair
        for pair in sorted(pairs, key=lambda pair: pair[1].plan.plan_id)
        if pair[1].plan.block == block and is_eligible(*pair)
    ]
    found = [
        pair
        for pair in eligible
        for diagnosis in [diagnose(pair[0])]
        if diagnosis.causes and diagnosis.causes[0].probability < AMBIGUOUS
    ]
    order = np.random.default_rng(SEED).permutation(len(found))
    return [found[place] for place in order[:PER_BLOCK]]


def tell_apart(record: RunRecord, truth: Truth) -> Told:
    """Rerun one run until its cause is settled or nothing is left to ask."""
    from benchmarks.remedies.zoo_trainer import OnlyApart, ZooTrainer  # noqa: PLC0415 - after QUIET is set
    from mlflow_bce_monitor.pipeline import diagnose  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.remedies import facts_of, known_settings, prescribe  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.settings import read_settings  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.verifying.budget import Budget  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.verifying.course import Plan, Subject  # noqa: PLC0415 - as above

    diagnosis = diagnose(record)
    settings: Mapping[str, Any] = known_settings(read_settings(record))
    facts = facts_of(diagnosis)
    course = OnlyApart(
        Subject(diagnosis.causes, lambda cause: prescribe(cause, settings, facts)),
        ZooTrainer(truth.plan),
        Plan(),
        Budget(),
    )
    report = course.run()
    first = report.first_causes[0]
    return Told(
        plan_id=truth.plan.plan_id,
        block=truth.plan.block,
        causes=sorted(truth.causes),
        before=first.cause,
        probability_before=round(first.probability, 4),
        after=report.cause,
        probability_after=round(report.probability, 4),
        reruns=report.n_reruns,
        path=[f"{step.name}: {step.because}" for step in report.steps],
    )


if __name__ == "__main__":
    main()
