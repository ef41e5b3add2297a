"""Measure what the server plugin costs a tracking server, and how its queue bears many runs that end at once.

    python -m benchmarks.server [--pairs 10] [--seconds 9] [--clients 2] [--add-to FILE]
    python -m benchmarks.server --burst 1000

Two servers with one worker each, one without and one with the plugin, take turns under the same load
(``load.py``: trainings that all stall; of the 42 requests of each, 40 log, one begins and one ends the
run), in the order plain, plugin, plugin, plain. While the plain server has its turn, the other's evaluating
process stands still, so that no turn pays for another; what waits in its queue is evaluated in its
own turns, as on a server that is never quiet. Two seconds of load come before each turn, so that
the servers are known to be busy, and a turn is as long as the pause between two evaluations then.
The ratio of request rates is taken within a pair; interval: bootstrap over pairs. The processor
time that the server takes for a request tells the same with less noise, where other work disturbs the
rates. ``--add-to`` keeps pairs in a file, so that a long measurement can be made in pieces.

``--burst`` fills runs, ends them all at once through eight clients, and tells how many waited at
most, how many did not fit, and when all carried their answer.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server.load import Client, experiment_of
from benchmarks.server.serving import Serving, serving

_RESAMPLED = 10_000
_IDLE = 60.0  # seconds that a queue may take to become empty after the first turn
_BEFORE = 2.0  # seconds of load before a turn
_PATIENCE = 120.0  # seconds that a turn may take longer than asked for, on a machine that stands still
_BURST = 1_800.0  # seconds after which a burst is given up


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=9.0, help="length of a turn")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument(
        "--points", type=int, default=40, help="requests of a training, besides begin and end"
    )
    parser.add_argument(
        "--add-to", type=Path, help="keep the pairs in this file, and judge all that are in it"
    )
    parser.add_argument("--burst", type=int, help="so many runs that end at once, instead")
    asked = parser.parse_args(arguments)
    # A measurement that is told to end takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as folder:
        if asked.burst:
            print_burst(Path(folder), asked.burst)
            return
        pairs = measured(Path(folder), asked)
    print_ratio(pairs if asked.add_to is None else kept(asked.add_to))


def measured(folder: Path, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Let both servers take turns, and return what the clients saw."""
    with ExitStack() as stack:
        plain = stack.enter_context(serving(folder / "plain", plugin=False))
        plugin = stack.enter_context(serving(folder / "plugin", plugin=True))
        for server in (plain, plugin):
            turn(server, asked)  # imports, connections and tables are not what is measured
        plugin.wait_until_idle(_IDLE)
        pairs = []
        for number in range(asked.pairs):
            order = (plain, plugin) if number % 2 == 0 else (plugin, plain)
            pair = {}
            for server in order:
                before = plugin.n_evaluated()
                used = server.processor_time()
                with nullcontext() if server is plugin else plugin.evaluating_nothing():
                    said = turn(server, asked)
                said["evaluated"] = plugin.n_evaluated() - before
                since = server.processor_time()
                said["serving"], said["evaluating"] = since[0] - used[0], since[1] - used[1]
                pair["plugin" if server is plugin else "plain"] = said
            pairs.append(pair)
            if asked.add_to is not None:
                keep(asked.add_to, pair)
            print(f"{pair['plain']['rate']:8.1f} {pair['plugin']['rate']:8.1f} requests/s", flush=True)
    return pairs


def kept(path: Path) -> list[dict[str, Any]]:
    """Return the pairs in a file, [] when there is none."""
    pairs: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return pairs


def keep(path: Path, pair: dict[str, Any]) -> None:
    """Add a pair to a file, at once: a long measurement may be stopped."""
    path.write_text(json.dumps([*kept(path), pair]))


def turn(server: Serving, asked: argparse.Namespace) -> dict[str, Any]:
    """Put one server under load, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server.load", server.address]
    command += [
        "--seconds",
        str(asked.seconds),
        "--before",
        str(_BEFORE),
        "--clients",
        str(asked.clients),
        "--points",
        str(asked.points),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=asked.seconds + _PATIENCE
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def print_ratio(pairs: Sequence[dict[str, Any]]) -> None:
    """Print rates and processor time, and their ratios with 95 % intervals."""
    print(f"\n{len(pairs)} pairs, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in ("plain", "plugin"):
        of = [pair[name] for pair in pairs]
        evaluating = sum(one["evaluating"] for one in of) / sum(one["spent"] for one in of)
        print(
            f"{name:7} {np.median([one['rate'] for one in of]):7.1f} requests/s, "
            f"median {1_000 * np.median([one['median'] for one in of]):.1f} ms, "
            f"p99 {1_000 * np.median([one['p99'] for one in of]):.0f} ms, "
            f"{np.mean([one['ended'] for one in of]):.1f} runs ended a turn, "
            f"{np.mean([one['evaluated'] for one in of]):.1f} evaluated meanwhile; "
            f"{1_000 * np.mean([_a_request(one) for one in of]):.2f} ms of processor time a request, "
            f"{evaluating:.1%} of one core for evaluations"
        )
    print(f"request rate with the plugin:            {_change([pair_of(one, 'rate') for one in pairs])}")
    costs = [(_a_request(pair["plain"]), _a_request(pair["plugin"])) for pair in pairs]
    print(f"processor time of the server a request:  {_change(costs)}")


def pair_of(pair: dict[str, Any], name: str) -> tuple[float, float]:
    """Return one number without and with the plugin."""
    return pair["plain"][name], pair["plugin"][name]


def _a_request(turned: dict[str, Any]) -> float:
    """Return the seconds of processor time that the server took for a request."""
    return float(turned["serving"] / turned["all"])


def _change(numbers: Sequence[tuple[float, float]]) -> str:
    """Return by how much the second number is more than the first, with a 95 % interval."""
    logs = np.array([math.log(second / first) for first, second in numbers])
    drawn = np.random.default_rng(0).integers(0, len(logs), size=(_RESAMPLED, len(logs)))
    low, high = np.exp(np.quantile(logs[drawn].mean(axis=1), [0.025, 0.975])) - 1.0
    return f"{np.exp(logs.mean()) - 1.0:+.1%} ({low:+.1%} to {high:+.1%})"


def print_burst(folder: Path, n_runs: int) -> None:
    """End many runs at once, and print what became of the queue."""
    with serving(folder / "plugin", plugin=True) as server:
        experiment = experiment_of(server.address)
        clients = [Client(server.address, experiment, seed) for seed in range(8)]
        runs = [clients[number % len(clients)].begin() for number in range(n_runs)]
        shares = [runs[at :: len(clients)] for at in range(len(clients))]
        _together(clients, shares, lambda client, run_id: client.log(run_id, 0, 40))
        begun = time.monotonic()
        _together(clients, shares, Client.end)
        print(f"{len(runs)} runs ended within {time.monotonic() - begun:.1f} s", flush=True)
        for passed in _looks(begun):
            said, answered = server.said(), n_answered(server.database)
            print(f"{passed:6.1f} s: {answered} answered, {said}", flush=True)
            if answered == len(runs):
                return


def _together(clients: Sequence[Client], shares: Sequence[Sequence[str]], call: Any) -> None:
    """Call for every run, each client its share, all clients at once."""

    def work(client: Client, share: Sequence[str]) -> None:
        client.hang_up()
        for run_id in share:
            call(client, run_id)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(clients, shares, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_BURST)


def _looks(begun: float) -> Iterator[float]:
    while time.monotonic() - begun < _BURST:
        yield time.monotonic() - begun
        time.sleep(5.0)


def n_answered(database: Path) -> int:
    """Return how many runs carry their answer."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        count: int = connection.execute("SELECT count(*) FROM tags WHERE key = 'bce.fingerprint'").fetchone()[
            0
        ]
    return count


if __name__ == "__main__":
    main()
