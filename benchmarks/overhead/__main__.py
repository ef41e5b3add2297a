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
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

WAYS: Final = ("nothing", "control", "callback", "autolog")
NAMES: Final = {"control": "nothing, once more", "callback": "BCEMonitor()", "autolog": "autolog()"}

TURN: Final = {"realistic": 1, "tiny": 10}
"""Epochs of a turn: half a second on an idle machine, so that what else the machine does hits all alike."""

WARM: Final = 60
LONG: Final = 1_000
"""Epochs after which memory is read: when everything is loaded, and much later."""

_RESAMPLED: Final = 2_000


@dataclass(frozen=True, eq=False)
class Used:
    """What one training has used: seconds a turn, shape (turns,), and what it said at its end."""

    wall: Any
    cpu: Any
    end: dict[str, Any]


class Training:
    """A training that runs while it is its turn."""

    def __init__(self, task: str, way: str, turns: int, store: str) -> None:
        turn = TURN[task]
        command = [sys.executable, "-m", "benchmarks.overhead.training", task, way]
        command += ["--epochs", str(turn * turns), "--turn", str(turn), "--store", store]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
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
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--task", choices=TURN, action="append", help="default: both")
    parser.add_argument("--rounds", type=int, default=3, help="times that all four are trained anew")
    parser.add_argument("--turns", type=int, default=20, help="turns of a round")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        if asked.memory:
            print_memory(store)
            return
        for task in asked.task or TURN:
            rounds = [one_round(task, asked.turns, store, number) for number in range(asked.rounds)]
            print_costs(task, rounds)


def one_round(task: str, turns: int, store: str, number: int) -> dict[str, Used]:
    """Train in all four ways, by turns."""
    trainings = {way: Training(task, way, turns, store) for way in WAYS}
    for turn in range(turns):
        first = turn + number
        for at in range(len(WAYS)):
            trainings[WAYS[(first + at) % len(WAYS)]].go()
    return {way: training.end() for way, training in trainings.items()}


def print_costs(task: str, rounds: Sequence[dict[str, Used]]) -> None:
    """Print what each way costs above nothing, in processor and wall time, and the first turn in seconds."""
    epochs = TURN[task] * len(rounds[0]["nothing"].cpu)
    load, cores = os.getloadavg()[1], os.cpu_count()
    cpu, wall = (_epoch(task, rounds, kind) * 1000 for kind in ("cpu", "wall"))
    print(f"\n{task}: {len(rounds)} rounds of {epochs} epochs, load {load:.1f} on {cores} cores")
    print(f"one epoch: {cpu:.0f} ms of processor time, {wall:.0f} ms of wall time")
    print(f"{'':20} {'processor time':>28} {'wall time':>28} {'first turn':>12}")
    for way in WAYS[1:]:
        of_cpu, of_wall = (_above(rounds, way, kind) for kind in ("cpu", "wall"))
        first = np.median([one[way].cpu[0] - one["nothing"].cpu[0] for one in rounds])
        print(f"{NAMES[way]:20} {of_cpu:>28} {of_wall:>28} {first:>+10.2f} s", flush=True)
    own = [one["callback"].end for one in rounds]
    said = ", ".join(f"{one['own']:.1%}" for one in own)
    counts = ", ".join(str(one["measured"]) for one in own)
    print(f"the callback's own account: {said} of the time; epochs measured: {counts}")


def _epoch(task: str, rounds: Sequence[dict[str, Used]], kind: str) -> float:
    turns = np.concatenate([getattr(one["nothing"], kind)[1:] for one in rounds])
    return float(np.median(turns)) / TURN[task]


def _above(rounds: Sequence[dict[str, Used]], way: str, kind: str) -> str:
    """Return how much more than nothing a way takes, with a 95 % interval.

    Sums and not medians: the callback measures some epochs and leaves others alone, and all of them count.
    """
    ours = np.concatenate([getattr(one[way], kind)[1:] for one in rounds])
    plain = np.concatenate([getattr(one["nothing"], kind)[1:] for one in rounds])
    drawn = np.random.default_rng(0).integers(0, len(ours), size=(_RESAMPLED, len(ours)))
    ratios = ours[drawn].sum(axis=1) / plain[drawn].sum(axis=1) - 1.0
    low, high = np.quantile(ratios, [0.025, 0.975])
    return f"{ours.sum() / plain.sum() - 1.0:+.1%} ({low:+.1%} to {high:+.1%})"


def print_memory(store: str) -> None:
    """Print the memory of a long training with and without the callback."""
    print("resident memory of the process, MB:  after 60 epochs   after 1,000")
    for way in ("nothing", "callback"):
        turns = LONG // TURN["tiny"]
        training = Training("tiny", way, turns, store)
        for _ in range(turns):
            training.go()
        at = {one["epoch"]: one["rss"] for one in training.said}
        training.end()
        print(f"{way:36} {at[WARM]:>15.0f} {at[LONG]:>13.0f}", flush=True)


if __name__ == "__main__":
    main()
