"""The table of runs in a terminal of any width."""

from __future__ import annotations

import handmade_diagnoses as handmade
import pytest
from printing import printed
from rich.cells import cell_len

from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.report import terminal


def _row(diagnosis: Diagnosis) -> terminal.RunRow:
    return terminal.row_from_answer(diagnosis.as_contract())


_ROWS = [_row(diagnosis) for diagnosis in handmade.EVERY_VERDICT.values()]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_column_of_the_table_is_lost(width: int) -> None:
    """From 80 columns on every verdict, cause, confidence and skill is printed whole."""
    shown = printed(terminal.runs_table(_ROWS, width), width)
    for row in _ROWS:
        for cell in (row.verdict, row.cause, row.confidence, row.skill):
            assert cell in shown
    assert all(cell_len(line) <= width for line in shown.splitlines())
    assert ("imbalanced_dataset-baseline" in shown) == (width == 160)


def test_the_metric_is_shown_where_there_is_room() -> None:
    """A wide terminal shows the metric; at 80 columns the run's name gets its room."""
    assert "train_loss_epoch" in printed(terminal.runs_table(_ROWS, 120), 120)
    assert "metric" not in printed(terminal.runs_table(_ROWS, 80), 80)


def test_a_failed_run_says_why_below_the_table() -> None:
    """A run that could not be evaluated has its row, and its reason in full under the table."""
    reason = "run 3f has no metric named 'loss'; found 'auc'. Pass --metric."
    rows = [
        _row(handmade.stalled()),
        terminal.row_from_answer(failed_contract("3f", "", "7", reason)),
    ]
    shown = printed(terminal.runs_table(rows, 80), 80)
    assert "not evaluated" in shown
    assert "3f: Run 3f has no metric named 'loss'" in shown


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("stalled", ("imbalanced_dataset-baseline", "stalled", "class_imbalance", "55%", "0%", "loss")),
        ("learning", ("imbalanced_dataset-baseline", "learning", "", "96%", "70%", "loss")),
        (
            "diverged",
            ("imbalanced_dataset-baseline", "diverged", "learning_rate_too_high", "88%", "< -100%", "loss"),
        ),
        ("not_applicable", ("imbalanced_dataset-baseline", "not_applicable", "", "96%", "", "")),
    ],
)
def test_a_row_tells_what_the_contract_tells(name: str, row: tuple[str, ...]) -> None:
    """A row holds run, verdict, cause, confidence, skill and metric, with nothing for what is not known."""
    assert tuple(_row(handmade.EVERY_VERDICT[name]))[: len(row)] == row


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_table_that_fits_looks_as_rich_would_lay_it_out(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """The quick way of printing rows gives what a table of rich gives, wide characters included."""
    run = "run" if encoding == "ascii" else "損失 é"
    rows = [row._replace(run=run) for row in _ROWS]
    ours = printed(terminal.runs_table(rows, 160), 160, encoding=encoding)
    monkeypatch.setattr(terminal, "_Lines", terminal._squeezed)
    assert ours == printed(terminal.runs_table(rows, 160), 160, encoding=encoding)


def test_an_empty_table_has_its_head() -> None:
    """No run at all is a table of column titles, not an error."""
    assert "verdict" in printed(terminal.runs_table([], 80), 80)


def test_names_are_text_never_markup() -> None:
    """Square brackets stay, escape codes and direction overrides do not get through."""
    shown = printed(terminal.runs_table([_row(handmade.hostile())], 160), 160)
    assert "[b]" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_terminal_without_unicode_gets_the_table_too() -> None:
    """On an ASCII terminal the lines are drawn with ASCII characters."""
    rows = [row._replace(run="run") for row in _ROWS]
    assert "stalled" in printed(terminal.runs_table(rows, 100), 100, encoding="ascii")


def test_a_wide_table_says_what_to_change_and_stays_inside() -> None:
    """From 140 columns on the advice stands in the row, cut to what is left; a narrower table has none."""
    answers = [handmade.stalled().as_contract(), handmade.learning().as_contract()]
    rows = [terminal.row_from_answer(answer) for answer in answers]
    wide, narrow = (printed(terminal.runs_table(rows, width), width) for width in (140, 120))
    assert "Weight the rare class" in wide
    assert "Weight the rare class" not in narrow
    assert max(map(len, wide.splitlines())) <= 140


def test_verdicts_have_their_colour_on_a_terminal_and_only_there() -> None:
    """Trouble is red and learning green; without colour the words are the same."""
    answers = [handmade.stalled().as_contract(), handmade.learning().as_contract()]
    table = terminal.runs_table([terminal.row_from_answer(answer) for answer in answers], 100)
    coloured = printed(table, 100, colour=True)
    assert "\x1b[1;31mstalled" in coloured
    assert "\x1b[32mlearning" in coloured
    assert "\x1b" not in printed(table, 100)
