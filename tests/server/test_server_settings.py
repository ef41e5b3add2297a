"""Environment variables of the plugin: each is read, checked and documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.server.settings import OPTIONS, Mode, Settings, settings_of
from mlflow_bce_monitor.tracking.writing.reports import Reports

KEY = "geheim"
DOCS = Path(__file__).parents[2] / "docs" / "server.md"


def test_nothing_set_is_the_default() -> None:
    """An empty environment, and empty variables, mean the defaults that the table names."""
    assert settings_of({}) == settings_of({option.name: "" for option in OPTIONS})
    found = settings_of({})
    assert (found.mode, found.queue, found.catch_up, found.webhook) == (Mode.ON, Settings().queue, "1d", None)


def test_every_option_is_read() -> None:
    """What is set arrives."""
    found = settings_of(
        {
            "BCE_MONITOR_SERVER": "page",
            "BCE_MONITOR_REPORTS": "all",
            "BCE_MONITOR_METRICS": "bce, val_bce",
            "BCE_MONITOR_BASE_RATE": "0.1",
            "BCE_MONITOR_MAX_RATE": "5",
            "BCE_MONITOR_NICE": "0",
            "BCE_MONITOR_SHARE": "0.5",
            "BCE_MONITOR_QUEUE": "7",
            "BCE_MONITOR_CATCH_UP": "off",
            "BCE_MONITOR_URL": "https://mlflow.example/",
            "BCE_MONITOR_WEBHOOK": "https://hooks.example/1",
            "BCE_MONITOR_WEBHOOK_SECRET": KEY,
            "BCE_MONITOR_WEBHOOK_VERDICTS": "slow",
        }
    )
    assert (found.mode, found.nice, found.queue, found.catch_up) == (Mode.PAGE, 0, 7, None)
    assert found.scan.question.metrics == ("bce", "val_bce")
    assert (found.scan.question.base_rate, found.scan.max_rate) == (0.1, 5.0)
    assert found.scan.reports is Reports.ALL
    assert found.share == 0.5
    assert found.address == "https://mlflow.example"
    assert found.webhook is not None
    assert found.webhook.secret == KEY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BCE_MONITOR_SERVER", "maybe"),
        ("BCE_MONITOR_REPORTS", "some"),
        ("BCE_MONITOR_BASE_RATE", "half"),
        ("BCE_MONITOR_MAX_RATE", "0"),
        ("BCE_MONITOR_NICE", "20"),
        ("BCE_MONITOR_SHARE", "1.5"),
        ("BCE_MONITOR_SHARE", "0"),
        ("BCE_MONITOR_QUEUE", "1.5"),
        ("BCE_MONITOR_CATCH_UP", "yesterday"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    """The error says which variable it is, and what was received."""
    with pytest.raises(UsageError, match=f"{name}.*{value}"):
        settings_of({name: value})


def test_the_documented_table_is_the_real_one() -> None:
    """docs/server.md lists every variable with its default and its meaning, and no other."""
    rows = [
        f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.meaning} |" for one in OPTIONS
    ]
    table = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `BCE_")]
    assert table == rows
