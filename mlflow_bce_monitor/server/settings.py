"""What the server plugin is set to, by environment variables: ``mlflow server`` passes no options on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from mlflow_bce_monitor.alerts.webhook import ENV_SECRET, ENV_URL, ENV_VERDICTS, Webhook, webhook_of
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.tracking.options import ScanOptions, question_of
from mlflow_bce_monitor.tracking.store.since import filter_since
from mlflow_bce_monitor.tracking.writing.reports import Reports, parse_reports

ENV_MODE: Final = "BCE_MONITOR_SERVER"
ENV_REPORTS: Final = "BCE_MONITOR_REPORTS"
ENV_METRICS: Final = "BCE_MONITOR_METRICS"
ENV_BASE_RATE: Final = "BCE_MONITOR_BASE_RATE"
ENV_MAX_RATE: Final = "BCE_MONITOR_MAX_RATE"
ENV_NICE: Final = "BCE_MONITOR_NICE"
ENV_SHARE: Final = "BCE_MONITOR_SHARE"
ENV_QUEUE: Final = "BCE_MONITOR_QUEUE"
ENV_CATCH_UP: Final = "BCE_MONITOR_CATCH_UP"
ENV_ADDRESS: Final = "BCE_MONITOR_URL"

NO_CATCH_UP: Final = "off"
# nice. On a busy core the kernel gives a process at 15 a thirtieth of what one at 0 gets: too little for
# anybody to notice, and enough for a run to be evaluated within some seconds all the same.
_NICE: Final = 15
_LEAST_IMPORTANT: Final = 19
# Of one core. A run in trouble takes a quarter of a second with its report, so on a server that is never
# quiet one is evaluated every eight seconds or so.
_SHARE: Final = 0.03
# Run ids of 32 characters: some kilobytes. More runs that end at once wait for the next look at the store.
_QUEUE: Final = 500


class Mode(str, Enum):
    """What the plugin does."""

    ON = "on"
    PAGE = "page"
    OFF = "off"


class Option(NamedTuple):
    """One environment variable, as the documentation lists it."""

    name: str
    default: str
    meaning: str


OPTIONS: Final = (
    Option(
        ENV_MODE, "on", "`on`; `page` serves the page and evaluates nothing; `off` leaves MLflow as it is"
    ),
    Option(ENV_REPORTS, "flagged", "which runs get `report.html`: `flagged`, `all` or `none`"),
    Option(ENV_METRICS, "", "metrics to judge, with commas between; by default they are recognised by name"),
    Option(ENV_BASE_RATE, "", "the share of positives, if it is the same in all runs"),
    Option(ENV_MAX_RATE, "", "runs evaluated in a second at most; no limit by default"),
    Option(
        ENV_NICE, str(_NICE), "how much less important than the server the evaluating process is, 0 to 19"
    ),
    Option(
        ENV_SHARE,
        str(_SHARE),
        "how much of one core evaluations may take while the server is busy, up to 1; "
        "while it is quiet they take what they need",
    ),
    Option(ENV_QUEUE, str(_QUEUE), "runs that wait to be evaluated at most; what does not fit is caught up"),
    Option(
        ENV_CATCH_UP,
        "1d",
        "how far back runs that ended unseen are looked for at the start, such as `12h` or `7d`; "
        "`off` never looks",
    ),
    Option(ENV_ADDRESS, "", "the server's address as people type it, for the links in alerts"),
    Option(ENV_URL, "", "where to post findings, see [alerts.md](alerts.md)"),
    Option(ENV_SECRET, "", "the key that signs them"),
    Option(ENV_VERDICTS, "stalled, diverged, inconsistent", "the verdicts that are posted"),
)


@dataclass(frozen=True)
class Settings:
    """The options, read and checked.

    Attributes
    ----------
    mode
        What to do.
    scan
        How to evaluate.
    nice
        Added to the server's own, for the evaluating process.
    share
        Of one core, for evaluations while the server is busy.
    queue
        Runs that wait at most, in each process.
    catch_up
        How far back to look for runs that ended unseen; None never to look.
    address
        The server's address without a slash at its end; None when nobody said it.
    webhook
        Where findings go; None for nowhere.
    """

    mode: Mode = Mode.ON
    scan: ScanOptions = field(default_factory=ScanOptions)
    nice: int = _NICE
    share: float = _SHARE
    queue: int = _QUEUE
    catch_up: str | None = "1d"
    address: str | None = None
    webhook: Webhook | None = None


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Read the options; UsageError names the variable that cannot be read, and what it may be."""
    given = {option.name: environment.get(option.name, "").strip() or option.default for option in OPTIONS}
    metrics = tuple(name.strip() for name in given[ENV_METRICS].split(",") if name.strip())
    try:
        return Settings(
            mode=_mode(given[ENV_MODE]),
            scan=ScanOptions(
                question=question_of(metrics, _number(given, ENV_BASE_RATE)),
                reports=_reports(given[ENV_REPORTS]),
                max_rate=_positive(given, ENV_MAX_RATE),
                workers=1,
                full_rows=False,
            ),
            nice=_nice(given),
            share=_share(given),
            queue=_count(given, ENV_QUEUE),
            catch_up=_catch_up(given[ENV_CATCH_UP]),
            address=given[ENV_ADDRESS].rstrip("/") or None,
            webhook=webhook_of(environment),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _mode(word: str) -> Mode:
    try:
        return Mode(word.lower())
    except ValueError as error:
        words = ", ".join(mode.value for mode in Mode)
        raise UsageError(f"{ENV_MODE}={plain(word)!r} is unknown: set it to one of {words}.") from error


def _reports(word: str) -> Reports:
    try:
        return parse_reports(word)
    except UsageError as error:
        raise UsageError(f"{ENV_REPORTS}: {error}") from error


def _number(given: Mapping[str, str], name: str) -> float | None:
    text = given[name]
    try:
        return float(text) if text else None
    except ValueError as error:
        raise UsageError(f"{name}={plain(text)!r} is no number.") from error


def _positive(given: Mapping[str, str], name: str) -> float | None:
    number = _number(given, name)
    if number is not None and not number > 0:
        raise UsageError(f"{name}={plain(given[name])!r} is not more than 0.")
    return number


def _count(given: Mapping[str, str], name: str) -> int:
    number = _positive(given, name)
    if number is None or number != int(number):
        raise UsageError(f"{name}={plain(given[name])!r} is no whole number.")
    return int(number)


def _nice(given: Mapping[str, str]) -> int:
    number = _number(given, ENV_NICE)
    if number is None or number not in range(_LEAST_IMPORTANT + 1):
        raise UsageError(
            f"{ENV_NICE}={plain(given[ENV_NICE])!r} is no whole number from 0 to {_LEAST_IMPORTANT}."
        )
    return int(number)


def _share(given: Mapping[str, str]) -> float:
    number = _positive(given, ENV_SHARE)
    if number is None or number > 1.0:
        raise UsageError(f"{ENV_SHARE}={plain(given[ENV_SHARE])!r} is no share of one core: up to 1.")
    return number


def _catch_up(word: str) -> str | None:
    if word.lower() == NO_CATCH_UP:
        return None
    try:
        filter_since(word, None)
    except UsageError as error:
        raise UsageError(
            f"{ENV_CATCH_UP}={plain(word)!r} is no time back: write 12h or 7d, or off."
        ) from error
    return word
