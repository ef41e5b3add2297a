"""The report as JSON: every number unrounded, counts and intervals with every share."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from benchmarks.diagnosis.goals import GOALS
from benchmarks.diagnosis.report import Report
from benchmarks.diagnosis.shares import Share


def as_json(report: Report) -> str:
    """Return the report as strict JSON: NaN is null, a pair of verdicts "true/counted as"."""
    goals = [
        {
            "title": goal.title,
            goal.better.value: goal.bound,
            "measured": goal.of(report.scores),
            "reached": goal.is_reached(report.scores),
        }
        for goal in GOALS
    ]
    return json.dumps(_plain({"goals": goals, "report": report}), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Share):
        low, high = value.interval
        return {"count": value.count, "n": value.n, "value": _plain(value.value), "low": low, "high": high}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _key(key: Any) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)
