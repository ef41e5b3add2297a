"""docs/remedies.md is what the generator gives for today's prescriptions and the trainings that are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.remedies import page  # noqa: E402 - the benchmarks are no installed package
from benchmarks.zoo.blocks import TEST  # noqa: E402 - as above
from mlflow_bce_monitor.remedies import SETTINGS  # noqa: E402 - as above
from mlflow_bce_monitor.rules import RULES  # noqa: E402 - as above

PAGE = ROOT / "docs" / "remedies.md"


def test_the_page_is_current() -> None:
    """Run `python -m benchmarks.remedies --write` after every change of a prescription or a training."""
    assert PAGE.read_text(encoding="utf-8") == page.page(page.measured(TEST))


def test_every_cause_has_a_section_and_its_advice() -> None:
    """The advice is the rule's own sentence."""
    text = PAGE.read_text(encoding="utf-8")
    for rule in RULES:
        _, _, section = text.partition(f"### `{rule.code}`\n")
        assert rule.advice in section.split("\n### ", 1)[0]


def test_no_signal_says_what_would_have_to_change() -> None:
    """Where no remedy exists the page says so, and what to do about the data."""
    section = PAGE.read_text(encoding="utf-8").partition("### `no_signal`\n")[2].split("\n### ", 1)[0]
    assert "No training setting can help" in section
    assert "Join rows and labels" in section


def test_every_setting_is_explained() -> None:
    """The table at the end names each."""
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) >= set(SETTINGS)
