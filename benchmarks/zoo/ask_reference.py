"""Ask the callback's reference learner about stored trainings: ``python -m benchmarks.zoo.ask_reference``.

What it finds depends on the rows alone, and those are drawn again from the plan. So trainings need not be
repeated when the learner changes. Rows are taken in the order of the data set and not of the first epoch, as
many as the callback would have seen. Trainings that learned are not asked about, as in the callback.
"""

from __future__ import annotations

import os
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import numpy as np

from benchmarks.zoo.generate import QUIET
from mlflow_bce_monitor.contract import FLAGGED
from mlflow_bce_monitor.monitored import metric_name
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord

if TYPE_CHECKING:
    from benchmarks.zoo.inside import Inside
    from benchmarks.zoo.plan import TrainingPlan

ANSWERS: Final = tuple(metric_name(f"reference_{name}") for name in ("auc", "distance", "detectable", "rows"))
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


def _asked(one: Inside) -> Inside:
    specimen = one.specimen
    return replace(one, specimen=replace(specimen, record=with_answers(specimen.plan, specimen.record)))


@click.command()
@click.option("--inside", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True)
def main(inside: Path | None, processes: int) -> None:
    """Renew the reference learner's answers in the file of trainings with the callback."""
    os.environ.update({**QUIET, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    from benchmarks.zoo.inside import INSIDE, read, write  # noqa: PLC0415 - loads pyarrow

    path = inside or INSIDE
    before = read(path)
    with get_context("spawn").Pool(processes) as pool:
        rows = pool.map(_asked, before, chunksize=8)
    partial = path.with_suffix(".partial")
    write(rows, partial)
    partial.rename(path)
    asked = sum(ANSWERS[0] in one.specimen.record.histories for one in rows)
    click.echo(f"{asked} of {len(rows)} trainings asked about in {path}")


if __name__ == "__main__":
    main()
