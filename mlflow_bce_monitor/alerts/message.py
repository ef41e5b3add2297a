"""What is posted: one JSON document, whose ``text`` chat programs show."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import NO_CAUSE, TAG_ADVICE, TAG_VERDICT, VERDICT_MEANING, Verdict
from mlflow_bce_monitor.report import reasons
from mlflow_bce_monitor.report.plain_text import plain, sentence, shortened

HEADER_TIME: Final = "X-BCE-Monitor-Timestamp"
HEADER_SIGNATURE: Final = "X-BCE-Monitor-Signature"
HEADER_ID: Final = "X-BCE-Monitor-Id"

DOCUMENT_VERSION: Final = 1
# Of the scheme, so that another one can be told apart by whoever checks it.
_SCHEME: Final = "v1"
_LONGEST_NAME: Final = 120  # characters: more of a name is no help in a chat
_LONGEST_ADVICE: Final = 400  # characters: about three lines


@dataclass(frozen=True)
class Finding:
    """One run in trouble, as it is told.

    Attributes
    ----------
    row
        The JSON object of the contract.
    tags
        Tags of the run before it was evaluated; the advice of a row from tags is among them.
    status, start_time, end_time
        Of the run; milliseconds since the epoch, ``end_time`` None while it trains.
    url
        The run's page in the MLflow UI, None when nobody said where that is.
    """

    row: Mapping[str, Any]
    tags: Mapping[str, str]
    status: str
    start_time: int | None
    end_time: int | None
    url: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict that is told."""
        return Verdict(self.row["verdict"])

    @property
    def identity(self) -> str:
        """The same for every delivery of this finding, so that a receiver can tell a repetition."""
        return f"{self.row['run_id']}:{self.row['verdict']}"


def document(finding: Finding) -> dict[str, Any]:
    """Return the document of a finding; the contract's row is in it unchanged."""
    row = finding.row
    return {
        "text": text(finding),
        "event": "finding",
        "version": DOCUMENT_VERSION,
        "id": finding.identity,
        "bce_monitor": __version__,
        "run": {
            "run_id": row["run_id"],
            "run_name": row["run_name"],
            "experiment_id": row["experiment_id"],
            "status": finding.status,
            "start_time": finding.start_time,
            "end_time": finding.end_time,
            "url": finding.url,
        },
        "finding": dict(row),
    }


def text(finding: Finding) -> str:
    """Return a few lines for a chat; nothing in a run's name can call anybody or become a link."""
    row = finding.row
    name = shortened(plain(row["run_name"] or row["run_id"]), _LONGEST_NAME)
    cause = ""
    if row["cause"] not in (None, NO_CAUSE):
        sure = "" if row["confidence"] is None else f", {row['confidence']:.0%}"
        cause = f" ({row['cause']}{sure})"
    lines = [_escaped(f"{name}: {row['verdict']}{cause}")]
    numbers = [f"{sentence(VERDICT_MEANING[finding.verdict])}"]
    if row["skill"] is not None and row["chance_level"] is not None:
        numbers.append(f"Skill {row['skill']:.3f}, chance level {row['chance_level']:.4f}.")
    lines.append(_escaped(" ".join(numbers)))
    advice = sentence(_advice(finding))
    if advice:
        said = reasons.advice_for(row["cause"], row["confidence"] or 0.0, advice)
        lines.append(_escaped(shortened(said, _LONGEST_ADVICE)))
    lines.append(finding.url or f"Run {row['run_id']}")
    return "\n".join(lines)


def body_of(finding: Finding) -> bytes:
    """Return the document as the bytes that are signed and sent."""
    return json.dumps(document(finding), ensure_ascii=True, allow_nan=False).encode("ascii")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body that was sent at a time, seconds since the epoch.

    The time is part of what is signed, so that an old message cannot be sent again by somebody
    who has overheard it.
    """
    signed = str(timestamp).encode("ascii") + b"." + body
    return f"{_SCHEME}={hmac.new(secret.encode('utf-8'), signed, hashlib.sha256).hexdigest()}"


def _advice(finding: Finding) -> str:
    causes = finding.row["causes"]
    if causes:
        return str(causes[0]["advice"] or "")
    # A row from tags holds no causes; the advice is in a tag, if the tags are of this verdict.
    return finding.tags.get(TAG_ADVICE, "") if finding.tags.get(TAG_VERDICT) == finding.row["verdict"] else ""


def _escaped(line: str) -> str:
    """Escape what Slack takes for a link or for calling somebody, as its documentation asks."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
