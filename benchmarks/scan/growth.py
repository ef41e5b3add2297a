"""Time and peak memory of a scan as the store grows, each scan in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
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


def main(sizes: tuple[int, ...] = SIZES) -> list[dict[str, float]]:
    """Print one line for each size and the ratio of the peaks, and return the numbers."""
    found = []
    for n_runs in sizes:
        with tempfile.TemporaryDirectory() as folder:
            one = _scanned(fill(Path(folder) / "mlflow.db", Shape(n_runs, POINTS)))
        found.append(one)
        print(
            f"{one.runs:>9,} runs {one.seconds:>8.1f} s {one.cpu:>8.1f} s CPU "
            f"{1e3 * one.cpu / one.runs:>6.2f} ms CPU/run "
            f"{one.peak_mb:>6.0f} MB, {one.main_mb:.0f} in the main process",
            flush=True,
        )
    memory = found[-1].peak_mb / found[0].peak_mb
    cost = (found[-1].cpu / found[-1].runs) / (found[0].cpu / found[0].runs)
    print(f"  peak memory, largest / smallest: {memory:.2f} (goal at most 1.5)")
    print(f"  CPU time a run, largest / smallest, the start included: {cost:.2f} (linear: at most 1)")
    return [asdict(one) for one in found]


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
