"""The queue is bounded, keeps order, holds each run once, and forgets that none was missed."""

from __future__ import annotations

from mlflow_bce_monitor.server.waiting import Load, Waiting


def test_what_does_not_fit_is_remembered_as_missed() -> None:
    """A thousand runs that end at once leave no more waiting than allowed, and a note."""
    waiting = Waiting(500)
    for number in range(1_000):
        waiting.put(f"run {number}")
    assert waiting.load() == Load(now=500, most=500, dropped=500)
    assert waiting.take_missed()
    assert not waiting.take_missed()
    assert waiting.take(2, 0.0) == ["run 0", "run 1"]


def test_a_run_waits_once() -> None:
    """A run that is named again keeps its place, also when there is no more room."""
    waiting = Waiting(2)
    for run_id in ("a", "b", "a", "b"):
        waiting.put(run_id)
    assert waiting.take(9, 0.0) == ["a", "b"]
    assert not waiting.take_missed()
    assert waiting.take(9, 0.01) == []
