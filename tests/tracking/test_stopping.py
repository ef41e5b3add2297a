"""A signal asks for an end, whatever it interrupts."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from mlflow_bce_monitor.cli.interruption import finish_on_interrupt


def test_a_signal_in_the_middle_of_a_wait_does_not_stand_in_its_own_way() -> None:
    """Ctrl-C while the main thread holds the lock inside of the event: a handler that set it would hang."""
    with finish_on_interrupt() as stop:
        with stop._cond:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop.is_set()
        assert stop.wait(60)
    assert "bce-monitor-stopping" not in {thread.name for thread in threading.enumerate()}


def test_the_second_interruption_is_the_usual_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The first Ctrl-C is answered in one line, the second one interrupts."""
    with finish_on_interrupt() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.wait(60)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert "press Ctrl-C again" in capsys.readouterr().err
