"""Time and peak memory of a scan as the store grows, each scan in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.scan.filling import Shape, fill

SIZES: Final = (1_000, 10_000, 100_000)
POINTS: Final = 20
"""Points of each curve: with 200, the largest store would have 60 million rows."""

_SCAN: Final = """
import json, resource, sys, time
from mlflow_bce_monitor.tracking.evaluation import ScanOptions, scan_runs
from mlflow_bce_monitor.tracking.search import select
from mlflow_bce_monitor.tracking.store import open_store
store = open_store(sys.argv[1])
started = time.process_time()
n_runs = sum(1 for _ in scan_runs(store, select(store), ScanOptions(dry_run=True)))
seconds = time.process_time() - started
print(json.dumps([n_runs, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print runs, CPU seconds, milliseconds a run and peak MB for each size, and the ratio of the peaks."""
    peaks = []
    for n_runs in sizes:
        with tempfile.TemporaryDirectory() as folder:
            uri = fill(Path(folder) / "mlflow.db", Shape(n_runs, POINTS))
            done = subprocess.run(
                [sys.executable, "-c", _SCAN, uri], capture_output=True, text=True, check=True
            )
        found, seconds, peak = json.loads(done.stdout.splitlines()[-1])
        peaks.append(peak)
        print(
            f"{found:>9,} runs {seconds:>9.1f} s CPU {1e3 * seconds / found:>7.2f} ms/run {peak:>7.0f} MB",
            flush=True,
        )
    print(f"  peak memory, largest / smallest: {peaks[-1] / peaks[0]:.2f} (goal at most 1.5)")
