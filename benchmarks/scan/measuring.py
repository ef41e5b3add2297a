"""Time and memory of one thing, measured the same way for us and for the peers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What something took.

    Attributes
    ----------
    name
        In words.
    n_runs
        Runs it was done for.
    seconds, cpu_seconds
        By the clock, and of this process: on a busy machine the latter is the steadier. The best of
        the tries, each by itself.
    """

    name: str
    n_runs: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Runs a second, by the clock."""
        return self.n_runs / self.seconds

    def line(self) -> str:
        """Return it as one line of a table."""
        a_run = 1e3 * self.cpu_seconds / self.n_runs
        by_clock = f"{self.n_runs:>7,} {self.seconds:>8.2f} s {self.rate:>9,.0f} runs/s"
        return f"{self.name:<58} {by_clock} {a_run:>8.2f} ms CPU/run"


def measure(name: str, n_runs: int, work: Callable[[], object], tries: int = 3) -> Measured:
    """Do something several times, print what it took, and return it."""
    taken = []
    for _ in range(tries):
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - clock, time.process_time() - cpu))
    measured = Measured(name, n_runs, min(clock for clock, _ in taken), min(cpu for _, cpu in taken))
    print(measured.line(), flush=True)
    return measured


def ratio(name: str, ours: Measured, peer: Measured, goal: float) -> None:
    """Print how many times our rate is the peer's."""
    times = ours.rate / peer.rate
    print(f"  {name}: {times:.2f} (goal {goal:g}) {'reached' if times >= goal else 'NOT reached'}")
