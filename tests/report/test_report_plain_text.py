"""Names from runs on one printable line."""

from __future__ import annotations

import pytest

from mlflow_bce_monitor.report.plain_text import clause, cut_inside, plain, sentence, shortened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("val_loss", "val_loss"),
        ("a\tb\r\nc", "a b c"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("abc\u202edef", "abcdef"),
        ("line\u2028break", "line break"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("損失 📉", "損失 📉"),
        ("क्\u200dष", "क्\u200dष"),
        ("", ""),
    ],
)
def test_names_lose_what_steers_a_terminal_and_keep_what_is_writing(text: str, expected: str) -> None:
    """Control characters, line breaks and direction overrides go; letters of any script stay."""
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("Lower the rate.", 20, "Lower the rate."),
        ("Lower the learning rate to 0.001.", 20, "Lower the learning…"),
        ("abcdefghijklmnopqrstuvwxyz", 10, "abcdefghi…"),
        ("Weight the class, then look.", 18, "Weight the class…"),
    ],
)
def test_long_text_is_cut_between_words(text: str, length: int, expected: str) -> None:
    """A cut falls between words where it can, and shows an ellipsis."""
    assert shortened(text, length) == expected
    assert len(shortened(text, length)) <= length


def test_long_names_keep_both_ends() -> None:
    """Names of runs differ at their ends, so a cut falls into the middle."""
    assert cut_inside("imbalanced_dataset-baseline", 11) == "imbal…eline"
    assert cut_inside("short", 11) == "short"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the loss is flat", "The loss is flat."),
        ("val_auc is 0.5", "val_auc is 0.5."),
        ("AUC is 0.5.", "AUC is 0.5."),
        ("why?", "Why?"),
        ("  ", ""),
    ],
)
def test_clauses_become_sentences(text: str, expected: str) -> None:
    """A clause gets a capital and a full stop; names and abbreviations keep their case."""
    assert sentence(text) == expected


def test_sentences_become_clauses() -> None:
    """A clause has no full stop at its end."""
    assert clause("Flat since epoch 2.") == "Flat since epoch 2"
