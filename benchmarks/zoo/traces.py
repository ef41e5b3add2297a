"""The file of traces: what every run of the zoo logged, and apart from that its truth.

``load()`` gives the runs back exactly as their store held them, each with its siblings by the rule
that a scan of the store follows, so a benchmark reads them like runs of its own. The columns
``plan`` and ``outcome`` hold what only the zoo knows; no :class:`RunRecord` contains any of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.zoo.outcome import Outcome, Trace
from benchmarks.zoo.plan import DataPlan, LoggingPlan, NetworkPlan, OptimiserPlan, TrainingPlan
from benchmarks.zoo.truth import Truth, judge
from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord, Sibling
from mlflow_bce_monitor.siblings import FINISHED, PARENT_TAG, Neighbour, neighbourhood

TRACES: Final = Path(__file__).with_name("traces.parquet")
"""The file kept in the repository."""

COMPRESSION_LEVEL: Final = 19
"""zstd: the file is written once and read often."""

_HISTORY = pa.struct(
    {
        "name": pa.string(),
        "steps": pa.list_(pa.int64()),
        "timestamps": pa.list_(pa.int64()),
        # float64, as the store holds them: constancy to the last digit is evidence.
        "values": pa.list_(pa.float64()),
    }
)
_DATASET = pa.struct(
    {
        "name": pa.string(),
        "digest": pa.string(),
        "source_type": pa.string(),
        "context": pa.string(),
        "profile": pa.string(),
    }
)
SCHEMA: Final = pa.schema(
    {
        "run_id": pa.string(),
        "run_name": pa.string(),
        "experiment_id": pa.string(),
        "status": pa.string(),
        "start_time": pa.int64(),
        "end_time": pa.int64(),
        "params": pa.map_(pa.string(), pa.string()),
        "tags": pa.map_(pa.string(), pa.string()),
        "histories": pa.list_(_HISTORY),
        "datasets": pa.list_(_DATASET),
        "model_summary": pa.string(),
        "plan_id": pa.string(),
        "fault": pa.string(),
        "block": pa.string(),
        "plan": pa.string(),
        "outcome": pa.string(),
    }
)
"""One row a run: the record, then the truth (``plan`` and ``outcome`` are JSON)."""

_NUMBERS: Final = ("steps", "timestamps", "values")


@dataclass(frozen=True, eq=False)
class Specimen:
    """One training of the zoo as it happened: what was planned, logged and measured."""

    plan: TrainingPlan
    record: RunRecord
    outcome: Outcome


def load(path: Path = TRACES) -> list[tuple[RunRecord, Truth]]:
    """Return every run, with its siblings, and its truth, in the order of the file.

    Raises
    ------
    FileNotFoundError
        When there is no file; ``python -m benchmarks.zoo.generate`` makes it.
    """
    specimens = read(path)
    truths = judge([(specimen.plan, specimen.record, specimen.outcome) for specimen in specimens])
    records = with_siblings([specimen.record for specimen in specimens])
    return list(zip(records, truths, strict=True))


def read(path: Path = TRACES) -> list[Specimen]:
    """Return every row of the file; no record has siblings."""
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; run `python -m benchmarks.zoo.generate` to make it")
    return [specimen_of(row) for row in pq.read_table(path, schema=SCHEMA).to_pylist()]


def specimen_of(row: Mapping[str, Any]) -> Specimen:
    """Return the specimen of one row of the file."""
    return Specimen(plan_from(row["plan"]), _record_from(row), outcome_from(row["outcome"]))


def with_siblings(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the records, each with its siblings among the records of its experiment."""
    of_experiment: dict[str, list[Neighbour]] = {}
    for record in records:
        of_experiment.setdefault(record.experiment_id, []).extend(_as_neighbour(record))
    stretches = {experiment_id: neighbourhood(runs) for experiment_id, runs in of_experiment.items()}

    def siblings_of(record: RunRecord) -> tuple[Sibling, ...]:
        if record.start_time is None:
            return ()
        stretch = stretches[record.experiment_id]
        return stretch.siblings_of(record.run_id, record.start_time, _parent(record))

    return [replace(record, siblings=siblings_of(record)) for record in records]


def write(specimens: Iterable[Specimen], path: Path = TRACES) -> None:
    """Write the file anew."""
    write_rows((row_of(specimen) for specimen in specimens), SCHEMA, path)


def write_rows(rows: Iterable[Mapping[str, Any]], schema: pa.Schema, path: Path) -> None:
    """Write a file whose rows hold specimens, and whatever else the schema says."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    nested = {name: f"histories.list.element.{name}.list.element" for name in _NUMBERS}
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=False,
        column_encoding={
            nested["steps"]: "DELTA_BINARY_PACKED",
            nested["timestamps"]: "DELTA_BINARY_PACKED",
            nested["values"]: "BYTE_STREAM_SPLIT",
        },
    )


def plan_from(text: str) -> TrainingPlan:
    """Rebuild a plan from its JSON."""
    values = json.loads(text)
    values["data"] = DataPlan(**_tuples(values["data"]))
    values["network"] = NetworkPlan(**values["network"])
    values["optimiser"] = OptimiserPlan(**_tuples(values["optimiser"]))
    values["logging"] = LoggingPlan(**_tuples(values["logging"]))
    return TrainingPlan(**values)


def outcome_from(text: str) -> Outcome:
    """Rebuild an outcome from its JSON."""
    values = json.loads(text)
    values["trace"] = Trace(**_tuples(values["trace"]))
    values["extra"] = tuple((name, value) for name, value in values["extra"])
    return Outcome(**values)


def to_text(part: TrainingPlan | Outcome) -> str:
    """Return a plan or an outcome as JSON; numbers keep every digit, NaN stays NaN."""
    return json.dumps(asdict(part), separators=(",", ":"))


def _as_neighbour(record: RunRecord) -> Iterable[Neighbour]:
    """Yield the run as its neighbours see it, nothing when it has no start time."""
    if record.start_time is None:
        return
    sibling = Sibling(
        run_id=record.run_id,
        params=record.params,
        latest={name: _latest(history) for name, history in record.histories.items() if len(history)},
        datasets=tuple(sorted((part.context or "", part.digest) for part in record.datasets)),
    )
    yield Neighbour(sibling, record.start_time, _parent(record), finished=record.status == FINISHED)


def _latest(history: MetricHistory) -> float:
    """Return the value that MLflow shows: of the point with the highest step, timestamp and value."""
    # A store keeps 0 as the value of NaN, and compares that.
    compared = np.where(np.isnan(history.values), 0.0, history.values)
    return float(history.values[np.lexsort((compared, history.timestamps, history.steps))[-1]])


def _parent(record: RunRecord) -> str | None:
    return record.tags.get(PARENT_TAG) or None


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping with JSON's lists as the tuples they were."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def row_of(specimen: Specimen) -> dict[str, Any]:
    """Return one row of the file."""
    record, plan = specimen.record, specimen.plan
    return {
        "run_id": record.run_id,
        "run_name": record.run_name,
        "experiment_id": record.experiment_id,
        "status": record.status,
        "start_time": record.start_time,
        "end_time": record.end_time,
        "params": list(record.params.items()),
        "tags": list(record.tags.items()),
        "histories": [
            {"name": history.name} | {part: getattr(history, part).tolist() for part in _NUMBERS}
            for _, history in sorted(record.histories.items())
        ],
        "datasets": [asdict(part) | {"profile": json.dumps(part.profile)} for part in record.datasets],
        "model_summary": record.model_summary,
        "plan_id": plan.plan_id,
        "fault": plan.fault,
        "block": plan.block,
        "plan": to_text(plan),
        "outcome": to_text(specimen.outcome),
    }


def _record_from(row: Mapping[str, Any]) -> RunRecord:
    return RunRecord(
        run_id=row["run_id"],
        run_name=row["run_name"],
        experiment_id=row["experiment_id"],
        status=row["status"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        params=dict(row["params"]),
        tags=dict(row["tags"]),
        histories={history["name"]: _history_from(history) for history in row["histories"]},
        datasets=_datasets_from(row["datasets"]),
        model_summary=row["model_summary"],
    )


def _history_from(history: dict[str, Any]) -> MetricHistory:
    return MetricHistory(
        name=history["name"],
        steps=np.array(history["steps"], dtype=np.int64),
        timestamps=np.array(history["timestamps"], dtype=np.int64),
        values=np.array(history["values"], dtype=np.float64),
    )


def _datasets_from(rows: Sequence[dict[str, Any]]) -> tuple[DatasetInput, ...]:
    return tuple(DatasetInput(**row | {"profile": json.loads(row["profile"])}) for row in rows)
