"""benchmarks/overhead: what the numbers say is computed as stated, and the page is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.overhead import page
from benchmarks.overhead.costs import WAYS, Used, above, count_turns, first_turn


def one_round(**seconds: float) -> dict[str, Used]:
    """Return a round of ten turns after a first one of 5 s more, each way at its seconds a turn."""
    turns = {way: np.array([5.0, *([0.0] * 10)]) + seconds.get(way, 1.0) for way in WAYS}
    return {way: Used(spent, spent, {"own": 0.02, "measured": 3}) for way, spent in turns.items()}


def test_what_a_way_costs_is_its_share_above_nothing() -> None:
    """Turns of 1.03 s beside turns of 1 s cost 3 %, whatever the first turns took."""
    rounds = [one_round(callback=1.03, autolog=1.2), one_round(callback=1.03, autolog=1.2)]
    found = above(rounds, "callback", "cpu")
    assert found.share == pytest.approx(0.03)
    assert (found.low, found.high) == (pytest.approx(0.03), pytest.approx(0.03))
    assert str(above(rounds, "autolog", "wall")) == "+20.0 % (+20.0 to +20.0 %)"
    assert first_turn(rounds, "callback") == pytest.approx(0.03)
    assert count_turns(rounds) == 20


def test_pieces_add_up_in_the_file(tmp_path: Path) -> None:
    """Rounds that are kept one after the other are read back together, and memory beside them."""
    path = tmp_path / "overhead.json"
    page.keep_round("tiny", one_round(), path)
    page.keep_memory({"nothing": [500.0, 510.0], "callback": [520.0, 530.4]}, path)
    page.keep_round("tiny", one_round(callback=1.5), path)
    found = page.kept(path)
    rounds = page.rounds_of("tiny", found)
    assert [one["callback"].cpu[1] for one in rounds] == [1.0, 1.5]
    said = page.block(found)
    assert "| `BCEMonitor()` | +25.0 %" in said
    assert "| `BCEMonitor()` | 520 | 530 |" in said


def test_the_page_is_current() -> None:
    """docs/callback.md says what was measured and kept."""
    said = page.PAGE.read_text(encoding="utf-8")
    found: dict[str, Any] = page.kept()
    assert page.renewed(said, found) == said


def test_a_page_without_marks_is_refused() -> None:
    """Where nothing shows where the table belongs, nothing is written."""
    with pytest.raises(ValueError, match="overhead: begin"):
        page.renewed("# A page\n", {})
