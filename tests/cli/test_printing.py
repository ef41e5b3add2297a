"""What rich lays out, on a terminal and in a file; and how fast the progress bar says that it goes."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios

import pytest
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from mlflow_bce_monitor.cli.bar import _RateColumn
from mlflow_bce_monitor.cli.output import table_output
from mlflow_bce_monitor.cli.printing import lay_out
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import failed_contract
from mlflow_bce_monitor.report.layout import code, toned

ROW = failed_contract("r1", "a run", "1", "") | {"verdict": "stalled", "error": None}


def on_terminal(columns: int, write: object) -> str:
    """Return what a terminal of so many columns is sent; short, because a terminal holds 4 kB unread."""
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(theirs, "w", encoding="utf-8", closefd=False) as file:
            write(file)  # type: ignore[operator]
        return os.read(ours, 4_096).decode().replace("\r\n", "\n")
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.fixture(autouse=True)
def _usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_terminal_gets_colour_unless_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stands out on a terminal; with NO_COLOR its colour is gone and its weight stays."""
    stalled = Text("stalled", style=toned(Verdict.STALLED))
    assert on_terminal(80, lambda file: lay_out(stalled, file)) == "\x1b[1;31mstalled\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_terminal(80, lambda file: lay_out(stalled, file)) == "\x1b[1mstalled\x1b[0m\n"


def test_code_is_left_to_the_terminal_to_wrap() -> None:
    """What is copied from the terminal is the line that was printed."""
    line = "x = " + " + ".join(map(str, range(30)))
    assert f"    {line}\n" in on_terminal(40, lambda file: lay_out(code(line), file))


def test_a_file_gets_neither_colour_nor_blanks_at_line_ends() -> None:
    """A table in a pipe is as wide as it says whatever the terminal, and holds plain text."""
    file = io.StringIO()
    with table_output(file) as add:
        add(ROW)
    lines = file.getvalue().splitlines()
    assert any("stalled" in line for line in lines)
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)


def test_a_table_on_a_terminal_is_no_wider_than_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below 100 columns the metric's column is left out."""

    def write(file: io.TextIOWrapper) -> None:
        with table_output(file) as add:
            add(ROW)

    for columns, told in ((80, False), (120, True)):
        # rich asks the standard streams, which are no terminals here, how wide they are.
        monkeypatch.setenv("COLUMNS", str(columns))
        assert ("metric" in on_terminal(columns, write)) is told


def test_the_bar_says_the_rate_since_the_start() -> None:
    """Twenty runs that come as one page after two seconds are ten a second."""
    now = 0.0
    shown = Progress(console=Console(file=io.StringIO()), get_time=lambda: now)
    task = shown.add_task("runs", total=20)
    assert _RateColumn().render(shown.tasks[0]).plain == ""
    now = 2.0
    for _ in range(20):
        shown.advance(task)
    assert _RateColumn().render(shown.tasks[0]).plain == "10.0 runs/s"
