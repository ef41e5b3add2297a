"""The file of trainings with the callback: what it logged, and what probes of the trained model found.

These trainings repeat some of the zoo's from the same seeds. On another machine the last digits of a
training differ, and with them sometimes its course, so each has its own log and its own outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.zoo import traces
from benchmarks.zoo.traces import Specimen
from benchmarks.zoo.truth import Truth, judge
from mlflow_bce_monitor.evidence.fact import Fact, FactValue
from mlflow_bce_monitor.evidence.of_model import probed
from mlflow_bce_monitor.records import RunRecord

INSIDE: Final = Path(__file__).with_name("inside.parquet")
"""The file kept in the repository."""

SCHEMA: Final = traces.SCHEMA.append(pa.field("probes", pa.string()))
"""One row a training, as in the traces; ``probes`` is JSON."""


@dataclass(frozen=True)
class Probed:
    """What one experiment found: its answer, numbers by name, and seconds."""

    name: str
    answer: str
    numbers: Mapping[str, FactValue]
    seconds: float

    def facts(self) -> tuple[Fact, ...]:
        """Return the numbers as facts of tier ``model``."""
        return tuple(probed(self.name, self.numbers))


@dataclass(frozen=True, eq=False)
class Inside:
    """One training with the callback, and the probes of its model in the order in which they were made."""

    specimen: Specimen
    probes: tuple[Probed, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One training to be judged: its run with its siblings, its truth, and what probes of its model found."""

    record: RunRecord
    truth: Truth
    probes: tuple[Probed, ...]

    def facts(self) -> tuple[Fact, ...]:
        """Return all that the probes found."""
        return tuple(fact for one in self.probes for fact in one.facts())


def load(path: Path = INSIDE, zoo: Path = traces.TRACES) -> list[Case]:
    """Return every training of the file; twins and siblings that were not repeated are the zoo's own.

    Raises
    ------
    FileNotFoundError
        When there is no file; ``python -m benchmarks.zoo.generate_inside`` makes it.
    """
    repeated = {one.specimen.plan.plan_id: one for one in read(path)}
    stored = {one.plan.plan_id: one for one in traces.read(zoo)}
    every = list({**stored, **{plan_id: one.specimen for plan_id, one in repeated.items()}}.values())
    truths = judge([(one.plan, one.record, one.outcome) for one in every])
    records = traces.with_siblings([one.record for one in every])
    return [
        Case(record, truth, repeated[specimen.plan.plan_id].probes)
        for specimen, record, truth in zip(every, records, truths, strict=True)
        if specimen.plan.plan_id in repeated
    ]


def read(path: Path = INSIDE) -> list[Inside]:
    """Return every row of the file."""
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; run `python -m benchmarks.zoo.generate_inside` to make it"
        )
    rows = pq.read_table(path, schema=SCHEMA).to_pylist()
    return [
        Inside(traces.specimen_of(row), tuple(Probed(**one) for one in json.loads(row["probes"])))
        for row in rows
    ]


def write(measured: Iterable[Inside], path: Path = INSIDE) -> None:
    """Write the file anew."""
    traces.write_rows((_row(one) for one in measured), SCHEMA, path)


def _row(inside: Inside) -> dict[str, Any]:
    probes = [
        {"name": one.name, "answer": one.answer, "numbers": one.numbers, "seconds": one.seconds}
        for one in inside.probes
    ]
    return {**traces.row_of(inside.specimen), "probes": json.dumps(probes)}
