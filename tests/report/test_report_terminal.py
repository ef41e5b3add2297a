"""Tables and explanations in a terminal of any width, with and without colour."""

from __future__ import annotations

import io

import handmade_diagnoses as handmade
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from mlflow_bce_monitor.diagnosis import Diagnosis, failed_contract
from mlflow_bce_monitor.report import reasons, terminal, wording
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Rule


def _row(diagnosis: Diagnosis) -> terminal.RunRow:
    return terminal.row_from_answer(diagnosis.as_contract())


def _printed(content: RenderableType, width: int, *, colour: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    console = Console(
        file=io.TextIOWrapper(raw, encoding=encoding), width=width, force_terminal=colour, no_color=not colour
    )
    console.print(content)
    console.file.flush()
    return raw.getvalue().decode(encoding)


_ROWS = [_row(diagnosis) for diagnosis in handmade.EVERY_VERDICT.values()]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_column_of_the_table_is_lost(width: int) -> None:
    """From 80 columns on every verdict, cause, confidence and skill is printed whole."""
    printed = _printed(terminal.runs_table(_ROWS, width), width)
    for row in _ROWS:
        for cell in (row.verdict, row.cause, row.confidence, row.skill):
            assert cell in printed
    assert all(cell_len(line) <= width for line in printed.splitlines())
    assert ("imbalanced_dataset-baseline" in printed) == (width == 160)


def test_the_metric_is_shown_where_there_is_room() -> None:
    """A wide terminal shows the metric; at 80 columns the run's name gets its room."""
    assert "train_loss_epoch" in _printed(terminal.runs_table(_ROWS, 120), 120)
    assert "metric" not in _printed(terminal.runs_table(_ROWS, 80), 80)


def test_a_failed_run_says_why_below_the_table() -> None:
    """A run that could not be evaluated has its row, and its reason in full under the table."""
    reason = "run 3f has no metric named 'loss'; found 'auc'. Pass --metric."
    rows = [
        _row(handmade.stalled()),
        terminal.row_from_answer(failed_contract("3f", "", "7", reason)),
    ]
    printed = _printed(terminal.runs_table(rows, 80), 80)
    assert "not evaluated" in printed
    assert "3f: Run 3f has no metric named 'loss'" in printed


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
    assert tuple(_row(handmade.EVERY_VERDICT[name]))[:-1] == row


def test_an_empty_table_has_its_head() -> None:
    """No run at all is a table of column titles, not an error."""
    assert "verdict" in _printed(terminal.runs_table([], 80), 80)


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_an_explanation_holds_all_that_is_known(name: str, width: int) -> None:
    """Verdict, causes with evidence, what was ruled out, what is missing and the change are all said."""
    diagnosis = handmade.EVERY_VERDICT[name]
    printed = _printed(terminal.explanation(diagnosis), width)
    said = " ".join(printed.split())
    assert wording.headline(diagnosis) in said
    assert f"Is this normal? {wording.is_normal(diagnosis)}." in said
    for cause in reasons.causes(diagnosis):
        assert f"{cause.title} " in said
        assert cause.percent in said
    for dismissed in (*reasons.less_likely(diagnosis), *reasons.ruled_out(diagnosis)):
        assert f"{dismissed.title} {dismissed.reason}" in said
    for text in reasons.next_measurements(diagnosis):
        assert text in said
    assert all(cell_len(line) <= width for line in printed.splitlines())


def test_the_change_is_printed_whole() -> None:
    """Code to paste is never cut at the edge of the terminal."""
    printed = _printed(terminal.explanation(handmade.stalled()), 80)
    remedy = reasons.causes(handmade.stalled())[0].remedy
    assert "".join(remedy.split()) in "".join(printed.split())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_page(rule: Rule) -> None:
    """Each rule tells what it is, what speaks for it, what to change, and its source."""
    said = " ".join(_printed(terminal.rule_page(rule), 100).split())
    assert rule.title in said
    assert rule.code in said
    for title in ("Speaks for it", "Change", "Source"):
        assert title in said


def test_the_table_of_rules_lists_them_all() -> None:
    """Every cause with a rule is in the table, once."""
    printed = _printed(terminal.rules_table(RULES), 120)
    assert [printed.count(f" {rule.code} ") for rule in RULES] == [1] * len(RULES)


def test_colour_only_repeats_what_words_say() -> None:
    """Without escape codes the text is the same."""
    with_colour = _printed(terminal.explanation(handmade.stalled()), 80, colour=True)
    assert "\x1b[" in with_colour
    assert "\x1b" not in _printed(terminal.explanation(handmade.stalled()), 80)


@pytest.mark.parametrize(
    "content",
    [terminal.explanation(handmade.hostile()), terminal.runs_table([_row(handmade.hostile())], 160)],
    ids=["explanation", "table"],
)
def test_names_are_text_never_markup(content: RenderableType) -> None:
    """Square brackets stay, escape codes and direction overrides do not get through."""
    printed = _printed(content, 160)
    assert "[b]" in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_a_terminal_without_unicode_gets_the_table_too() -> None:
    """On an ASCII terminal the lines are drawn with ASCII characters."""
    rows = [row._replace(run="run") for row in _ROWS]
    assert "stalled" in _printed(terminal.runs_table(rows, 100), 100, encoding="ascii")
    assert "Class imbalance" in _printed(terminal.explanation(handmade.stalled()), 100, encoding="ascii")
