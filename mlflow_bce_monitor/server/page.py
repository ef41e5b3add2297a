"""The page ``/bce-monitor``: what it says, apart from how it is laid out.

Every text of a run is escaped by the template, or set as text by the script; the policy
forbids everything but the page's own style and script, and requests to this server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import urlencode

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import (
    FLAGGED,
    NO_CAUSE,
    TAG_ADVICE,
    TAG_CAUSE,
    TAG_CONFIDENCE,
    TAG_FINGERPRINT,
    TAG_METRIC,
    TAG_SKILL,
    VERDICT_MEANING,
)
from mlflow_bce_monitor.report import document, numbers, reasons, wording
from mlflow_bce_monitor.report.overview.answers import URGENCY
from mlflow_bce_monitor.report.plain_text import plain, sentence
from mlflow_bce_monitor.server.ended import ENDED
from mlflow_bce_monitor.server.findings import PAGE, Finding, Findings, Wanted
from mlflow_bce_monitor.tracking.writing.fingerprint import comes_with_report
from mlflow_bce_monitor.tracking.writing.links import experiment_path, report_path, run_path

# The page asks the server it came from for news, and its search is a form.
_ALLOWED: Final = ("connect-src 'self'", "form-action 'self'")
# Seconds after which what the evaluating process said of itself is old: it speaks every ten.
_SILENT: Final = 30.0
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_DAYS_IN_WORDS: Final = 14  # after which a date says more


@dataclass(frozen=True)
class Row:
    """One finding as it is shown: plain text, and addresses relative to the page."""

    run_id: str
    run: str
    run_href: str
    experiment: str
    experiment_href: str
    verdict: str
    meaning: str
    cause: str
    numbers: str
    advice: str
    when: str
    ended: str
    report_href: str
    report_label: str


@dataclass(frozen=True)
class Choice:
    """One filter: a verdict, or all."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True)
class Content:
    """What the page says."""

    headline: str
    evaluation: str
    rows: Sequence[Row]
    choices: Sequence[Choice]
    text: str
    verdict: str
    nothing: str
    newer_href: str
    older_href: str
    place: str


def content(findings: Findings, wanted: Wanted, said: Mapping[str, Any] | None, now: float) -> Content:
    """Return what the page says about some findings.

    Parameters
    ----------
    findings, wanted
        What was found, and what was asked for.
    said
        What the evaluating process said of itself, {} before its first word; None when nothing is evaluated.
    now
        Seconds since the epoch.
    """
    total = sum(findings.counts.values())
    shown = total if wanted.verdict is None else findings.counts.get(wanted.verdict, 0)
    first = wanted.page * PAGE
    return Content(
        headline=_headline(shown, wanted),
        evaluation=_evaluation(said, now),
        rows=[_row(finding, now) for finding in findings.shown],
        choices=_choices(findings, wanted, total),
        text=wanted.text,
        verdict="" if wanted.verdict is None else wanted.verdict.value,
        nothing="" if findings.shown else _nothing(wanted),
        newer_href=_href(wanted, wanted.page - 1) if wanted.page else "",
        older_href=_href(wanted, wanted.page + 1) if first + len(findings.shown) < shown else "",
        place=f"{first + 1} to {first + len(findings.shown)} of {shown:,}" if findings.shown else "",
    )


def as_json(said: Content) -> dict[str, Any]:
    """Return the content for a page that is open."""
    return asdict(said)


def render(said: Content) -> str:
    """Return the page as HTML."""
    # An empty row, which the script fills for each finding that comes in: the layout stands in one place.
    empty = Row(*[""] * len(Row.__dataclass_fields__))
    return document.render(
        "findings.html",
        ["findings.css"],
        ["findings.js"],
        sources=_ALLOWED,
        page=said,
        empty=empty,
        version=__version__,
    )


def render_failure(why: str) -> str:
    """Return a page that says why there is nothing to see."""
    return document.render("failure.html", [], [], why=why)


def _headline(shown: int, wanted: Wanted) -> str:
    verdict = "in trouble" if wanted.verdict is None else wanted.verdict.value
    if shown == 0:
        return f"No run is {verdict}" if not wanted.text else f"No such run is {verdict}"
    if shown == 1:
        return f"1 run is {verdict}"
    return f"{shown:,} runs are {verdict}"


def _nothing(wanted: Wanted) -> str:
    if wanted.page:
        return "There are no more."
    if wanted.text:
        return "No name of a run or experiment, no run id and no cause of a run in trouble holds this text."
    return (
        "Runs that end at chance, diverge or contradict themselves appear here within seconds of their end."
    )


def _evaluation(said: Mapping[str, Any] | None, now: float) -> str:
    if said is None:
        return "Runs are not evaluated by this server."
    if not said or now - said.get("time", 0.0) > _SILENT:
        return "The evaluating process is starting."
    waiting = said.get("now", 0)
    if waiting:
        return f"Each run is evaluated when it ends; {waiting:,} {'is' if waiting == 1 else 'are'} waiting."
    return "Each run is evaluated when it ends."


def _choices(findings: Findings, wanted: Wanted, total: int) -> list[Choice]:
    every = Choice("all", total, _href(Wanted(None, wanted.text), 0), chosen=wanted.verdict is None)
    found = [verdict for verdict in URGENCY if verdict in FLAGGED]
    return [
        every,
        *(
            Choice(
                verdict.value,
                findings.counts.get(verdict, 0),
                _href(Wanted(verdict, wanted.text), 0),
                chosen=verdict is wanted.verdict,
            )
            for verdict in found
        ),
    ]


def _href(wanted: Wanted, number: int) -> str:
    asked = {"verdict": "" if wanted.verdict is None else wanted.verdict.value, "q": wanted.text}
    query = {key: value for key, value in asked.items() if value} | ({"page": str(number)} if number else {})
    return f"./bce-monitor?{urlencode(query)}" if query else "./bce-monitor"


def _row(finding: Finding, now: float) -> Row:
    tags = finding.tags
    reported = comes_with_report(tags.get(TAG_FINGERPRINT, ""))
    at = finding.ended or finding.started
    name = plain(finding.run_name) or finding.run_id
    return Row(
        run_id=finding.run_id,
        run=name,
        run_href=f".{run_path(finding.experiment_id, finding.run_id)}",
        experiment=plain(finding.experiment_name) or finding.experiment_id,
        experiment_href=f".{experiment_path(finding.experiment_id)}",
        verdict=finding.verdict.value,
        meaning=VERDICT_MEANING[finding.verdict],
        cause=_cause(tags),
        numbers=_numbers(tags),
        advice=_advice(tags),
        when=_when(finding, now),
        ended=_exact(at),
        report_href=f".{report_path(finding.experiment_id, finding.run_id)}" if reported else "",
        report_label=f"report of {name}",
    )


def _when(finding: Finding, now: float) -> str:
    if finding.status not in ENDED:
        return "still training"
    # A client may end a run without saying when.
    return f"ended {_ago(finding.ended, now)}" if finding.ended else f"started {_ago(finding.started, now)}"


def _cause(tags: Mapping[str, str]) -> str:
    cause = plain(tags.get(TAG_CAUSE, ""))
    if cause in ("", NO_CAUSE):
        return ""
    words, confidence = reasons.cause_title(cause), _number(tags, TAG_CONFIDENCE)
    return words if confidence is None else f"{words}, {numbers.probability(confidence)}"


def _advice(tags: Mapping[str, str]) -> str:
    cause, confidence = plain(tags.get(TAG_CAUSE, "")), _number(tags, TAG_CONFIDENCE) or 0.0
    return reasons.advice_for(cause, confidence, sentence(tags.get(TAG_ADVICE, "")))


def _numbers(tags: Mapping[str, str]) -> str:
    skill, metric = _number(tags, TAG_SKILL), plain(tags.get(TAG_METRIC, ""))
    return f"skill {wording.skill_in_short(skill)} in {metric}" if skill is not None and metric else ""


def _number(tags: Mapping[str, str], tag: str) -> float | None:
    """Return a number from a tag, which anybody may have changed; None when there is none."""
    try:
        return float(tags.get(tag, ""))
    except ValueError:
        return None


def _ago(at: int | None, now: float) -> str:
    if at is None:
        return "some time ago"
    seconds = max(0, int(now - at / 1_000))
    if seconds < _MINUTE:
        return "just now"
    for size, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            number = seconds // size
            if name == "day" and number > _DAYS_IN_WORDS:
                return f"on {_exact(at)[:10]}"
            return f"{number} {name}{'' if number == 1 else 's'} ago"
    return "just now"


def _exact(at: int | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1_000, tz=timezone.utc).isoformat(timespec="seconds")
