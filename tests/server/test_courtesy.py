"""While servers are busy, evaluations take a small share of a core; while they are quiet, what they need."""

from __future__ import annotations

import threading

import pytest

from mlflow_bce_monitor.server.courtesy import Busyness, Courtesy


class Clock:
    """Time that passes when somebody waits; it stands in for ``stop`` as well."""

    def __init__(self) -> None:
        self.now = 100.0

    def wait(self, seconds: float) -> bool:
        """Let time pass."""
        self.now += seconds
        return False

    def is_set(self) -> bool:
        """Return that nobody has stopped it."""
        return False


@pytest.mark.parametrize(
    ("share", "worked", "busy_for", "expected"),
    [
        (0.05, 0.2, 60.0, 3.8),
        (0.05, 0.2, 1.0, 1.0),
        (0.05, 0.2, 0.0, 0.0),
        (1.0, 0.2, 60.0, 0.0),
        (0.05, 0.0, 60.0, 0.0),
    ],
)
def test_a_pause_pays_for_the_work_before_it(
    share: float, worked: float, busy_for: float, expected: float
) -> None:
    """It makes the work the wanted share of the time, and ends as soon as the servers are quiet."""
    clock, used = Clock(), [5.0]
    courtesy = Courtesy(
        share, lambda: clock.now < 100.0 + busy_for, spent=lambda: used[0], now=lambda: clock.now
    )
    used[0] += 3.0  # while it waited for something to do
    courtesy.begin()
    used[0] += worked
    courtesy.pause(clock)  # type: ignore[arg-type]
    assert clock.now - 100.0 == pytest.approx(expected, abs=0.3)
    paused = clock.now
    courtesy.pause(clock)  # type: ignore[arg-type]
    assert clock.now == paused


def test_a_pause_ends_when_the_process_is_told_to_end() -> None:
    """No end of a server waits for it."""
    used = [0.0]
    courtesy = Courtesy(0.001, lambda: True, spent=lambda: used[0])
    used[0] = 1_000.0
    stop = threading.Event()
    stop.set()
    courtesy.pause(stop)


def test_servers_are_busy_together_and_only_as_long_as_they_say_so() -> None:
    """A tenth of the cores is busy; who has hung up, or has not spoken for some seconds, is not."""
    clock = Clock()
    servers = Busyness(cores=4, now=lambda: clock.now)
    assert not servers.is_high()
    servers.hear("a", 0.3)
    assert not servers.is_high()
    servers.hear("b", 0.2)
    assert servers.is_high()
    servers.forget("b")
    assert not servers.is_high()
    servers.hear("a", 0.9)
    assert servers.is_high()
    clock.wait(3.1)
    assert not servers.is_high()
