"""From rows of runs to run records and to runs as their neighbours see them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mlflow_bce_monitor.columnar.fingerprint import Covered
from mlflow_bce_monitor.contract import OWN_METRICS, is_answer_tag
from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord, Sibling
from mlflow_bce_monitor.report.description_block import without_block
from mlflow_bce_monitor.siblings import FINISHED, PARENT_TAG, Neighbour

Row = Mapping[str, Any]
"""One row of :data:`~mlflow_bce_monitor.columnar.layout.RUNS` as Python objects; maps as pairs or dicts."""

NOTE_TAG: Final = "mlflow.note.content"
"""Where MLflow keeps the description of a run."""


def record_of(
    row: Row, histories: Mapping[str, MetricHistory], siblings: tuple[Sibling, ...] = ()
) -> RunRecord:
    """Return the record of a run without anything the evaluator itself wrote to it."""
    tags = {key: value for key, value in pairs(row["tags"]) if not is_answer_tag(key)}
    if NOTE_TAG in tags:
        tags[NOTE_TAG] = without_block(tags[NOTE_TAG], row["run_id"])
    return RunRecord(
        run_id=row["run_id"],
        run_name=row["run_name"] or "",
        experiment_id=row["experiment_id"],
        status=row["status"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        params=dict(pairs(row["params"])),
        tags=tags,
        histories=histories,
        datasets=tuple(_dataset(part) for part in row["datasets"] or ()),
        model_summary=row["model_summary"],
        siblings=siblings,
    )


def neighbour_of(row: Row) -> Neighbour | None:
    """Return what the rule of siblings needs of a run, None for one that nobody knows the start of."""
    if row["start_time"] is None:
        return None
    sibling = Sibling(
        run_id=row["run_id"],
        params=dict(pairs(row["params"])),
        latest={name: point["value"] for name, point in pairs(row["latest"]) if name not in OWN_METRICS},
        datasets=tuple(
            sorted((part["context"] or "", part["digest"] or "") for part in row["datasets"] or ())
        ),
    )
    return Neighbour(sibling, row["start_time"], parent_of(row), finished=row["status"] == FINISHED)


def parent_of(row: Row) -> str | None:
    """Return the run id of a nested run's parent, None for any other run."""
    return dict(pairs(row["tags"])).get(PARENT_TAG) or None


def covered_by(row: Row) -> Covered:
    """Return what a fingerprint covers of a run, as a scan of its store would."""
    points = sorted(
        [name, repr(point["value"]), point["timestamp"], point["step"]]
        for name, point in pairs(row["latest"])
        if name not in OWN_METRICS
    )
    datasets = None if row["datasets"] is None else sorted(_covered_dataset(one) for one in row["datasets"])
    return Covered(
        [row["run_name"], row["status"], row["start_time"], row["end_time"]],
        dict(pairs(row["params"])),
        dict(pairs(row["tags"])),
        points,
        datasets,
    )


def pairs(of_map: Any) -> Iterable[tuple[str, Any]]:
    """Return the entries of a map, which pyarrow gives as pairs and people as dicts."""
    if of_map is None:
        return ()
    entries: Iterable[tuple[str, Any]] = of_map.items() if isinstance(of_map, Mapping) else of_map
    return entries


def _covered_dataset(part: Mapping[str, str | None]) -> list[str]:
    context = [part["context"]] if part["context"] is not None else []
    return [part["name"] or "", part["digest"] or "", part["profile"] or "", *context]


def _dataset(part: Mapping[str, str | None]) -> DatasetInput:
    return DatasetInput(
        name=part["name"] or "",
        digest=part["digest"] or "",
        source_type=part["source_type"] or "",
        context=part["context"],
        profile=_profile(part["profile"]),
    )


def _profile(text: str | None) -> Mapping[str, object]:
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
