"""Ask the callback's reference learner about stored trainings: ``python -m benchmarks.zoo.add_signal``.

What it finds depends on the rows alone, and those are drawn again from the plan. So trainings that were made
before the callback asked need not be repeated for it. Rows are taken in the order of the data set and not of
the first epoch, as many as the callback would have seen. Trainings that learned are not asked about, as in
the callback.
"""

from __future__ import annotations

import os
from dataclasses import replace
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
    from benchmarks.zoo.plan import TrainingPlan

_ASKED: Final = metric_name("reference_distance")
_LOSS: Final = "loss"


def with_signal(plan: TrainingPlan, record: RunRecord) -> RunRecord:
    """Return the run with what the reference learner says, unless it was asked before or need not be."""
    from benchmarks.zoo.datasets import prepare  # noqa: PLC0415 - after QUIET is set
    from benchmarks.zoo.training import coded_labels  # noqa: PLC0415 - loads Keras
    from mlflow_bce_monitor.keras.rows import Rows  # noqa: PLC0415 - as above
    from mlflow_bce_monitor.keras.signal import signal_facts  # noqa: PLC0415 - as above

    if _ASKED in record.histories or diagnose(record).verdict not in FLAGGED:
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
    return replace(record, histories={**record.histories, **added})


@click.command()
@click.option("--inside", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def main(inside: Path | None) -> None:
    """Add the reference learner's answers to the file of trainings with the callback."""
    os.environ.update(QUIET)
    from benchmarks.zoo.inside import INSIDE, read, write  # noqa: PLC0415 - loads pyarrow

    path = inside or INSIDE
    rows, asked = [], 0
    for one in read(path):
        record = with_signal(one.specimen.plan, one.specimen.record)
        asked += record is not one.specimen.record
        rows.append(replace(one, specimen=replace(one.specimen, record=record)))
    partial = path.with_suffix(".partial")
    write(rows, partial)
    partial.rename(path)
    click.echo(f"{asked} of {len(rows)} trainings asked about in {path}")


if __name__ == "__main__":
    main()
