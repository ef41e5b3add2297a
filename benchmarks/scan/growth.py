"""Time and peak memory of a scan as the store grows, each scan in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.scan.filling import Shape, fill

SIZES: Final = (1_000, 3_000, 10_000, 30_000, 100_000)
POINTS: Final = 20
"""Points of each curve: with 200, the largest store would have 60 million rows."""

_MEGABYTE: Final = 1_024  # kilobytes
_SCAN: Final = """
import json, resource, sys
from mlflow_bce_monitor.cli import main
from mlflow_bce_monitor.tracking import judges
beside = []
class Noted(judges.Coworker):
    # The peak that is counted for an ended child includes ours at the moment of its start.
    def close(self):
        with open(f"/proc/{self._child.pid}/status") as status:
            beside.extend(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        super().close()
judges.Coworker = Noted
main(["scan", "--tracking-uri", sys.argv[1], "--dry-run", "--format", "csv"], standalone_mode=False)
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sum(beside)]), file=sys.stderr)
"""


@dataclass(frozen=True)
class Size:
    """What the scan of one store took.

    Attributes
    ----------
    runs
        Rows that were printed.
    seconds, cpu
        By the clock, from the start of the process to its end, and of all its processes.
    peak_mb, main_mb
        Peak memory: of all its processes, each at its own peak, and of the main one.
    """

    runs: int
    seconds: float
    cpu: float
    peak_mb: float
    main_mb: float


Numbers = dict[str, float]
"""A :class:`Size` as it is kept."""


def main(sizes: Sequence[int], stores: Path | None, known: Sequence[Mapping[str, float]]) -> list[Numbers]:
    """Measure some sizes, print every size that is known and the ratio of the largest to the smallest.

    Parameters
    ----------
    sizes
        Numbers of runs to measure now.
    stores
        Folder in which stores are kept and found again; None to drop each after its scan.
    known
        What was measured before: sizes that are not measured now stay.

    Returns
    -------
    list of dict
        The sizes, smallest first, as :class:`Size`.
    """
    found = {int(one["runs"]): dict(one) for one in known}
    for n_runs in sizes:
        with tempfile.TemporaryDirectory() as folder:
            database = (stores or Path(folder)) / f"growth-{n_runs}-{POINTS}.db"
            uri = f"sqlite:///{database}" if database.exists() else _filled(database, n_runs)
            found[n_runs] = asdict(_scanned(uri))
    ordered = [found[n_runs] for n_runs in sorted(found)]
    for one in ordered:
        print(
            f"{one['runs']:>9,} runs {one['seconds']:>8.1f} s {one['cpu']:>8.1f} s CPU "
            f"{1e3 * one['cpu'] / one['runs']:>6.2f} ms CPU/run {one['peak_mb']:>6.0f} MB, "
            f"{one['main_mb']:.0f} in the main process",
            flush=True,
        )
    first, last = ordered[0], ordered[-1]
    cost = (last["cpu"] / last["runs"]) / (first["cpu"] / first["runs"])
    print(f"  peak memory, largest / smallest: {last['peak_mb'] / first['peak_mb']:.2f} (goal at most 1.5)")
    print(f"  CPU time a run, largest / smallest, the start included: {cost:.2f} (linear: at most 1)")
    return ordered


def _filled(database: Path, n_runs: int) -> str:
    """Return the address of a new store, which has its name only when it is whole."""
    unfinished = database.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    fill(unfinished, Shape(n_runs, POINTS))
    unfinished.rename(database)
    return f"sqlite:///{database}"


def _scanned(uri: str) -> Size:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", _SCAN, uri], capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    here, beside = json.loads(done.stderr.splitlines()[-1])
    return Size(
        runs=len(done.stdout.splitlines()) - 1,
        seconds=seconds,
        cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_mb=(here + beside) / _MEGABYTE,
        main_mb=here / _MEGABYTE,
    )
