"""What the server's page says of a run, apart from how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.server import page
from mlflow_bce_monitor.server.findings import Finding, Findings, Wanted

HOUR = 3_600_000  # milliseconds
NOW = 1_800_000_000_000  # milliseconds since the epoch


def _row(tags: Mapping[str, str], status: str = "FINISHED", ended: int | None = NOW) -> page.Row:
    """Return a run that began three hours ago as it is shown."""
    finding = Finding("r1", "a", "1", "e", status, NOW - 3 * HOUR, ended, Verdict.STALLED, tags)
    (row,) = page.content(Findings([finding], {Verdict.STALLED: 1}), Wanted(), {}, NOW / 1_000).rows
    return row


@pytest.mark.parametrize(
    ("status", "ended", "said"),
    [
        ("FINISHED", NOW - HOUR // 30, "ended 2 minutes ago"),
        ("FINISHED", None, "started 3 hours ago"),
        ("RUNNING", None, "still training"),
        ("SCHEDULED", None, "still training"),
    ],
)
def test_no_end_is_claimed_that_nobody_told(status: str, ended: int | None, said: str) -> None:
    """Without it the page tells the start."""
    assert _row({}, status, ended).when == said


@pytest.mark.parametrize(
    ("cause", "confidence", "told", "advice"),
    [
        ("dead_relu", "0.97", "Dead ReLU units, 97%", "Start anew."),
        ("dead_relu", "0.29", "Dead ReLU units, 29%", "If so: Start anew."),
        ("unknown", "0.36", "Unknown cause, 36%", "Start anew."),
        ("dead_relu", "high", "Dead ReLU units", "If so: Start anew."),
        ("none", "0.9", "", ""),
    ],
)
def test_a_change_stands_under_the_condition_of_its_cause(
    cause: str, confidence: str, told: str, advice: str
) -> None:
    """As long as the cause is not settled, and when somebody has changed its probability."""
    tags = {"bce.cause": cause, "bce.confidence": confidence, "bce.advice": "start anew" if advice else ""}
    row = _row(tags)
    assert (row.cause, row.advice) == (told, advice)


@pytest.mark.parametrize(
    ("skill", "said"),
    [("0.000", "skill 0% in loss"), ("-2.5", "skill < -100% in loss"), ("", ""), ("x", "")],
)
def test_skill_is_told_as_in_a_report(skill: str, said: str) -> None:
    """In per cent, and not at all where the tag holds none."""
    assert _row({"bce.skill": skill, "bce.metric": "loss"}).numbers == said
