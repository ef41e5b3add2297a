"""Whether a run already carries the current answer, told from a search result alone.

The fingerprint is the evaluator's commit mark: it is written last, so a run without it was
never evaluated or its writing was interrupted. It says which inputs an answer belongs to,
so that the next scan can skip the run without reading a single history. What it covers,
and what it cannot notice, is in ``docs/decisions/0010-fingerprint.md``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from mlflow_bce_monitor.columnar.fingerprint import Covered, Point, digest_of
from mlflow_bce_monitor.contract import OWN_METRICS, TAG_FINGERPRINT, TAG_VERDICT, Verdict
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.tracking.writing.reports import Reports

_WITH_REPORT: Final = "+report"
_OF_MODEL: Final = "+model"


def digest(run: Run, question: Question, limits: Limits) -> str:
    """Return a digest of everything a diagnosis of this run depends on.

    Covers the evaluator's version and limits, the question, and of the run: name, status,
    params, the user's tags, data set inputs, and step, timestamp and value of the latest
    point of each metric. The same for every reader of one store.
    """
    info = run.info
    return _hash(run, question, limits, [info.status, info.start_time, info.end_time], _latest_points(run))


def digest_without_datasets(run: Run, question: Question, limits: Limits) -> str:
    """Return what stands for an answer that was made where data set inputs are not known.

    No scan takes it for its own, so a scan, which knows them, evaluates the run anew.
    """
    times = [run.info.status, run.info.start_time, run.info.end_time]
    return digest_of(replace(_covered(run, times, _latest_points(run)), datasets=None), question, limits)


def lasting_digest(run: Run, question: Question, limits: Limits) -> str:
    """Return what stands for an answer that was given while its run went on, with the model at hand.

    The run ends after the evaluation of its model, and other evaluators log what they measured,
    so status, end and the points at step 0 are left out: a scan, which has no model, leaves the
    answer alone until the training goes on or anything else changes.
    """
    points = [point for point in _latest_points(run) if point[-1]]
    return f"{_hash(run, question, limits, [run.info.start_time], points)}{_OF_MODEL}"


def _hash(run: Run, question: Question, limits: Limits, times: list[object], points: list[Point]) -> str:
    return digest_of(_covered(run, times, points), question, limits)


def _covered(run: Run, times: list[object], points: list[Point]) -> Covered:
    return Covered([run.info.run_name, *times], run.data.params, run.data.tags, points, _datasets(run))


def tag_value(digest: str, *, has_report: bool) -> str:
    """Return what is written as ``bce.fingerprint``."""
    return f"{digest}{_WITH_REPORT}" if has_report else digest


def is_of_model(run: Run) -> bool:
    """Return whether the run's committed answer was given with its model at hand."""
    return run.data.tags.get(TAG_FINGERPRINT, "").removesuffix(_WITH_REPORT).endswith(_OF_MODEL)


def has_report(run: Run) -> bool:
    """Return whether the run's committed answer came with a report."""
    return comes_with_report(run.data.tags.get(TAG_FINGERPRINT, ""))


def comes_with_report(fingerprint: str) -> bool:
    """Return whether a fingerprint, as written, is of an answer with a report."""
    return fingerprint.endswith(_WITH_REPORT)


def is_current(run: Run, digest: str, reports: Reports) -> bool:
    """Return whether the run carries the answer with this digest, and the report that is wanted."""
    written = run.data.tags.get(TAG_FINGERPRINT, "")
    if written.removesuffix(_WITH_REPORT) != digest:
        return False
    try:
        verdict = Verdict(run.data.tags.get(TAG_VERDICT, ""))
    except ValueError:
        # Somebody took the answer away and left the mark.
        return False
    return has_report(run) or not reports.wanted_for(verdict)


def _latest_points(run: Run) -> list[Point]:
    # The protocol message is MLflow's public way to the step and timestamp of the latest points.
    points = run.data.to_proto().metrics
    return sorted(
        [point.key, repr(point.value), point.timestamp, point.step]
        for point in points
        if point.key not in OWN_METRICS
    )


def _datasets(run: Run) -> list[list[str]]:
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return sorted(
        [
            logged.dataset.name or "",
            logged.dataset.digest or "",
            logged.dataset.profile or "",
            *sorted(tag.value for tag in logged.tags if tag.key == MLFLOW_DATASET_CONTEXT),
        ]
        for logged in inputs
    )
