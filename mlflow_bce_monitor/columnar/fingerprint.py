"""What an answer was made from, as 16 hexadecimal digits; ``docs/decisions/0010-fingerprint.md``.

The tracking edge computes it from a search result, a table of diagnoses from the columns it was made
from. Where both come to the same, the run has not changed in between.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import is_answer_tag
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question

# Hexadecimal digits: 64 bits, short enough for a column and beyond any chance collision on one run.
_DIGITS: Final = 16
_MLFLOW_PREFIX: Final = "mlflow."

Point = list[str | int]
"""Name, value, timestamp and step of a metric's latest point."""


@dataclass(frozen=True)
class Covered:
    """What a fingerprint covers of a run.

    Attributes
    ----------
    run
        Name, then status and times as far as they count.
    params, tags
        As stored; tags of MLflow's and of an answer are left out of the fingerprint.
    points
        The latest point of each metric but the evaluator's own, sorted.
    datasets
        Name, digest, profile and contexts of each data set input, sorted; None where they are not known,
        which no fingerprint of a scan equals.
    """

    run: Sequence[object]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Sequence[Point]
    datasets: Sequence[Sequence[str]] | None


def digest_of(covered: Covered, question: Question, limits: Limits) -> str:
    """Return the digest of everything that a diagnosis of a run depends on, siblings apart."""
    everything = {
        "version": __version__,
        "limits": _as_dict(limits),
        "question": _as_dict(question),
        "run": list(covered.run),
        "params": dict(covered.params),
        "tags": {key: value for key, value in covered.tags.items() if _is_users(key)},
        "metrics": list(covered.points),
        "datasets": covered.datasets,
    }
    text = json.dumps(everything, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_DIGITS]


@lru_cache(maxsize=8)
def _as_dict(asked: Question | Limits) -> Mapping[str, Any]:
    """Return the fields of what all runs of a scan have in common, taken apart once."""
    return dataclasses.asdict(asked)


def _is_users(tag: str) -> bool:
    return not (is_answer_tag(tag) or tag.startswith(_MLFLOW_PREFIX))
