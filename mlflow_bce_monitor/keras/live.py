"""Looking at the training while it runs, with the same eyes as the scan: a record, a diagnosis, words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.monitored import TAG
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord

STUCK: Final = frozenset({Verdict.STALLED, Verdict.DIVERGED})
"""Verdicts from which training on does not lead away by itself."""

FEWEST_EPOCHS: Final = 10
"""Epochs before which nothing is established, whatever the curve looks like."""

HELD_FOR: Final = 5
"""Epochs over which a verdict must have been the answer of every look."""

LEAST_SURE: Final = 0.7
"""Confidence of a verdict, and probability of a cause, below which it is not acted upon."""

_MISMATCH: Final = "output_loss_mismatch"


def record_of(
    run_id: str,
    params: Mapping[str, str],
    tag: str,
    histories: Mapping[str, MetricHistory],
) -> RunRecord:
    """Return what a store would hold of the training at this moment."""
    return RunRecord(
        run_id=run_id or "training",
        run_name="this training",
        status="RUNNING",
        params=params,
        tags={TAG: tag} if tag else {},
        histories=histories,
    )


class Watch:
    """Diagnoses the training again and again, and says when something wrong is established.

    Established means: the same verdict, and one that is wrong, at every look over the last five epochs and
    at two looks at least, with a confidence of 0.7 or more, after ten epochs or more.
    """

    def __init__(self) -> None:
        self.diagnosis: Diagnosis | None = None
        self._verdict: Verdict | None = None
        self._since = 0
        self._looks = 0

    def look(self, record: RunRecord, epoch: int) -> bool:
        """Diagnose; return whether something wrong is established.

        Parameters
        ----------
        epoch
            Epochs trained so far.
        """
        self.diagnosis = found = diagnose(record)
        verdict = found.verdict if is_wrong(found) else None
        if verdict is None or verdict is not self._verdict:
            self._verdict, self._since, self._looks = verdict, epoch, 1
            return False
        self._looks += 1
        return epoch >= FEWEST_EPOCHS and epoch - self._since >= HELD_FOR

    def look_again(self, record: RunRecord) -> Diagnosis:
        """Diagnose what more is known of an epoch that was looked at; it establishes nothing."""
        self.diagnosis = diagnose(record)
        return self.diagnosis


def is_stuck(diagnosis: Diagnosis) -> bool:
    """Whether a diagnosis asks to end the training: stuck, and sure enough of it."""
    return diagnosis.verdict in STUCK and diagnosis.judgement.confidence >= LEAST_SURE


def is_wrong(diagnosis: Diagnosis) -> bool:
    """Whether a diagnosis is worth saying: stuck, or loss, labels and predictions do not fit one another."""
    contradicts = diagnosis.verdict is Verdict.INCONSISTENT and diagnosis.judgement.confidence >= LEAST_SURE
    return contradicts or is_stuck(diagnosis) or _is_mismatched(diagnosis)


def _is_mismatched(diagnosis: Diagnosis) -> bool:
    """Whether the output layer was seen not to fit the loss: it may learn all the same, slowly."""
    first = diagnosis.causes[0] if diagnosis.causes else None
    return first is not None and first.cause == _MISMATCH and first.probability >= LEAST_SURE


def sentences(diagnosis: Diagnosis) -> list[str]:
    """Return verdict, first cause with its probability, and advice, in the report's words."""
    from mlflow_bce_monitor.report import headlines, reasons  # noqa: PLC0415 - rich loads when something is said

    said = [headlines.headline(diagnosis)]
    causes = reasons.causes(diagnosis)
    if causes:
        first = causes[0]
        said.append(f"Most probable cause: {first.title} ({first.percent}). {first.evidence_for}".strip())
        said.append(f"What to do: {first.advice}")
    return said


def params_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the length of a training as a param; what was compiled stands in the tag.

    Parameters
    ----------
    params
        What Keras tells callbacks: epochs, steps, verbosity.
    """
    return {"epochs": str(params["epochs"])} if params.get("epochs") else {}
