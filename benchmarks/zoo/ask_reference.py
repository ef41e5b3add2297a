"""Ask the callback's reference learner about stored trainings: ``python -m benchmarks.zoo.ask_reference``.

What it finds depends on the rows alone, and those are drawn again from the plan. So trainings need not be
repeated when the learner changes. Rows are taken in the order of the data set and not of the first epoch, as
many as the callback would have seen. Trainings that learned are not asked about, as in the callback.

With ``--report`` nothing is asked; what the file holds of the fitted blocks is counted.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np

from benchmarks.zoo.blocks import BLOCKS, FITTED_BLOCKS
from benchmarks.zoo.generate import QUIET
from mlflow_bce_monitor.contract import FLAGGED
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.monitored import metric_name
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.inside import Inside
    from benchmarks.zoo.plan import TrainingPlan

ANSWERS: Final = tuple(metric_name(f"reference_{name}") for name in ("auc", "distance", "detectable", "rows"))
DISTANCE: Final = metric_name("reference_distance")
NOISY: Final = 0.25
"""Share of wrong labels."""
_LOSS: Final = "loss"


def with_answers(plan: TrainingPlan, record: RunRecord) -> RunRecord:
    """Return the run with what the reference learner says now, unless it would not have been asked."""
    from benchmarks.zoo.datasets import prepare  # noqa: PLC0415 - after QUIET is set
    from benchmarks.zoo.training import coded_labels  # noqa: PLC0415 - loads Keras
    from mlflow_bce_monitor.keras.rows import Rows  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.keras.signal import signal_facts  # noqa: PLC0415 - as above

    was_asked = any(name in record.histories for name in ANSWERS)
    kept = {name: history for name, history in record.histories.items() if name not in ANSWERS}
    if not was_asked and diagnose(replace(record, histories=kept)).verdict not in FLAGGED:
        return record
    drawn = prepare(plan.data)
    parts = [
        Rows(part.features, coded_labels(plan, part), None, len(part))
        for part in (drawn.train, drawn.held_back)
    ]
    held_back = None if plan.logging.validation == "none" else parts[1]
    last = record.histories[_LOSS]
    added = {
        metric_name(name): MetricHistory(
            metric_name(name), last.steps[-1:], last.timestamps[-1:], np.array([value], np.float64)
        )
        for name, value in signal_facts(parts[0], held_back).items()
    }
    return replace(record, histories={**kept, **added})


def _asked(one: Inside, blocks: tuple[str, ...]) -> Inside:
    if one.specimen.plan.block not in blocks:
        return one
    specimen = one.specimen
    return replace(one, specimen=replace(specimen, record=with_answers(specimen.plan, specimen.record)))


def report(trainings: Iterable[Inside]) -> str:
    """Return how far above permuted labels the learner came, by what there is to find."""
    limits = Limits()
    ends = (limits.reference_chance, limits.reference_some_signal, limits.reference_signal)
    counted: dict[str, Counter[int]] = {}
    for one in trainings:
        plan, histories = one.specimen.plan, one.specimen.record.histories
        if plan.block not in FITTED_BLOCKS or DISTANCE not in histories or plan.fault == "constant_inputs":
            continue
        column = bisect_right(ends, float(histories[DISTANCE].values[-1]))
        counted.setdefault(_to_find(plan), Counter())[column] += 1
    low, middle, high = (f"{end:g}" for end in ends)
    head = f"| labels | trainings | below {low} | {low} to {middle} | {middle} to {high} | {high} and more |"
    rows = [
        f"| {name} | {found.total()} | {' | '.join(str(found[at]) for at in range(len(ends) + 1))} |"
        for name, found in sorted(counted.items())
    ]
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows])


def _to_find(plan: TrainingPlan) -> str:
    if plan.fault == "no_signal":
        return "shuffled, or nearly half of them wrong"
    return "a quarter or more of them wrong" if plan.data.flipped_share >= NOISY else "as the data have them"


@click.command()
@click.option("--inside", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option(
    "--block", "blocks", type=click.Choice(BLOCKS), multiple=True, default=BLOCKS, show_default=True
)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--report", "is_report", is_flag=True, help="Count what the file holds, and ask nothing.")
def main(
    inside: Path | None,
    blocks: tuple[str, ...],
    processes: int,
    is_report: bool,  # noqa: FBT001 - a flag of the command
) -> None:
    """Renew the reference learner's answers in the file of trainings with the callback."""
    os.environ.update({**QUIET, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    from benchmarks.zoo.inside import INSIDE, read, write  # noqa: PLC0415 - loads pyarrow

    path = inside or INSIDE
    before = read(path)
    if is_report:
        click.echo(report(before))
        return
    with get_context("spawn").Pool(processes) as pool:
        rows = pool.map(partial(_asked, blocks=blocks), before, chunksize=8)
    unfinished = path.with_suffix(".partial")
    write(rows, unfinished)
    unfinished.rename(path)
    asked = sum(ANSWERS[0] in one.specimen.record.histories for one in rows)
    click.echo(f"{asked} of {len(rows)} trainings asked about in {path}")


if __name__ == "__main__":
    main()
