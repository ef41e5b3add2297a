"""Measure what the callback costs, beside what MLflow's autologging costs, in paired trainings.

    python -m benchmarks.overhead [--rounds 3] [--turns 20]

Four trainings of the same seeded model run side by side, each in a process of its own: with nothing,
with nothing once more, with the callback, with autologging. They take turns of a few epochs, one at a
time, so that whatever else the machine does falls on all alike. "Nothing once more" shows how far two
equal trainings differ here. Processor time counts all threads of a process, the writing to MLflow
included; wall time counts a process's own turns. The first turn, in which TensorFlow traces, is told
apart. Interval: bootstrap over turns.

    python -m benchmarks.overhead --memory

trains the tiny model for 1,000 epochs with and without the callback, and prints the memory after 60
and after 1,000.

    python -m benchmarks.overhead --rounds 1 --turns 20 --keep   # adds to benchmarks/measured/overhead.json
    python -m benchmarks.overhead --write                        # docs/callback.md, from that file

A machine that is not one's own for long is measured in pieces. Remove the file to begin anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.overhead import page
from benchmarks.overhead.costs import PLAIN, WAYS, Used
from benchmarks.overhead.tasks import TASKS

WARM: Final = 60
LONG: Final = 1_000
"""Epochs after which memory is read: when everything is loaded, and much later."""


class Training:
    """A training that runs while it is its turn."""

    def __init__(self, task: str, way: str, turns: int, folder: Path) -> None:
        turn = TASKS[task].turn
        command = [sys.executable, "-m", "benchmarks.overhead.training", task, way]
        # A store of its own: they all start at once.
        store = f"sqlite:///{folder / way}.db"
        command += ["--epochs", str(turn * turns), "--turn", str(turn), "--store", store]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.said: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Wait until it is ready."""
        self.said = [self._read()]

    def go(self) -> None:
        """Let it train for one turn."""
        self._tell()
        self.said.append(self._read())

    def end(self) -> Used:
        """Let it end; return what its turns took, the first one last and apart."""
        self._tell()
        end = self._read()["end"]
        self._process.wait()
        rows = np.array([[one["wall"], one["cpu"]] for one in self.said])
        spent = np.diff(rows, axis=0)
        return Used(spent[:, 0], spent[:, 1], end)

    def _tell(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the types
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - as above
        for line in self._process.stdout:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise RuntimeError(f"{' '.join(map(str, self._process.args))} ended with {self._process.wait()}")  # type: ignore[arg-type]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", choices=TASKS, action="append", help="default: both")
    parser.add_argument("--rounds", type=int, default=3, help="times that all four are trained anew")
    parser.add_argument("--turns", type=int, default=20, help="turns of a round")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--keep", action="store_true", help=f"add what is measured to {page.KEPT.name}")
    parser.add_argument("--write", action="store_true", help="write the page from what was kept")
    asked = parser.parse_args(arguments)
    if asked.write:
        said = page.renewed(page.PAGE.read_text(encoding="utf-8"), page.kept())
        page.PAGE.write_text(said, encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), dict[str, Any]()
        if asked.memory:
            found[page.MEMORY] = memory(folder)
            if asked.keep:
                page.keep_memory(found[page.MEMORY])
        else:
            for task in asked.task or TASKS:
                found[task] = measured(task, asked.rounds, asked.turns, folder, keep=asked.keep)
    print(f"load {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores\n\n{page.block(found)}")


def measured(task: str, rounds: int, turns: int, folder: Path, *, keep: bool) -> list[dict[str, Any]]:
    """Return the rounds of a task as they are kept."""
    found = []
    for number in range(rounds):
        one = one_round(task, turns, folder, number)
        found.append({way: spent.as_json() for way, spent in one.items()})
        if keep:
            page.keep_round(task, one)
    return found


def one_round(task: str, turns: int, folder: Path, number: int) -> dict[str, Used]:
    """Train in all four ways, by turns."""
    trainings = {way: Training(task, way, turns, folder) for way in WAYS}
    for training in trainings.values():
        training.begin()
    for turn in range(turns):
        first = turn + number
        for at in range(len(WAYS)):
            trainings[WAYS[(first + at) % len(WAYS)]].go()
    return {way: training.end() for way, training in trainings.items()}


def memory(folder: Path) -> dict[str, list[float]]:
    """Return the megabytes that a long training holds early and late, with and without the callback."""
    found = {}
    for way in (PLAIN, "callback"):
        turns = LONG // TASKS["tiny"].turn
        training = Training("tiny", way, turns, folder)
        training.begin()
        for _ in range(turns):
            training.go()
        at = {one["epoch"]: one["rss"] for one in training.said}
        training.end()
        found[way] = [at[WARM], at[LONG]]
    return found


if __name__ == "__main__":
    main()
