"""The columns of points, runs and diagnoses, in files as on Spark."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

LAYOUT_VERSION: Final = 1
"""Of an exported folder; raised when a reader of the old one would misread the new one."""

POINTS: Final = pa.schema(
    {
        "run_id": pa.string(),
        "key": pa.string(),
        # Milliseconds since the epoch.
        "timestamp": pa.int64(),
        "step": pa.int64(),
        # NaN where NaN was logged.
        "value": pa.float64(),
    }
)
"""One row a logged point of a metric."""

LATEST: Final = pa.struct({"value": pa.float64(), "timestamp": pa.int64(), "step": pa.int64()})
"""The point of a metric that MLflow shows: the one with the highest (step, timestamp, value)."""

DATASET: Final = pa.struct(
    {
        "name": pa.string(),
        "digest": pa.string(),
        "source_type": pa.string(),
        "context": pa.string(),
        # JSON as logged: the fingerprint covers its text.
        "profile": pa.string(),
    }
)

RUNS: Final = pa.schema(
    {
        "run_id": pa.string(),
        "run_name": pa.string(),
        "experiment_id": pa.string(),
        "status": pa.string(),
        "start_time": pa.int64(),
        "end_time": pa.int64(),
        "params": pa.map_(pa.string(), pa.string()),
        "tags": pa.map_(pa.string(), pa.string()),
        # Null where data set inputs are not known, as in Databricks' system tables; empty where none are.
        "datasets": pa.list_(DATASET),
        "model_summary": pa.string(),
        "latest": pa.map_(pa.string(), LATEST),
    }
)
"""One row a run."""

_CAUSE: Final = pa.struct(
    {"cause": pa.string(), "probability": pa.float64(), "because": pa.string(), "advice": pa.string()}
)
_PLATEAU: Final = pa.struct({"start_step": pa.int64(), "end_step": pa.int64(), "level": pa.float64()})
_WRITING: Final = pa.struct(
    {
        "digest": pa.string(),
        "tags": pa.map_(pa.string(), pa.string()),
        "block": pa.string(),
        "skill": pa.float64(),
        "plateau_fraction": pa.float64(),
        "step": pa.int64(),
        "timestamp": pa.int64(),
    }
)

DIAGNOSES: Final = pa.schema(
    {
        "run_id": pa.string(),
        "run_name": pa.string(),
        "experiment_id": pa.string(),
        "verdict": pa.string(),
        "cause": pa.string(),
        "confidence": pa.float64(),
        "causes": pa.list_(_CAUSE),
        "metric": pa.string(),
        "chance_level": pa.float64(),
        "final_loss": pa.float64(),
        "skill": pa.float64(),
        "plateau": _PLATEAU,
        "tier": pa.string(),
        "missing": pa.list_(pa.string()),
        "error": pa.string(),
        "writing": _WRITING,
    }
)
"""One row a run: the keys of the JSON contract, then what ``bce-monitor apply`` writes to the run."""
