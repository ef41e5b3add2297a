"""How long commands take before they do anything, next to ``import mlflow`` alone."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from typing import Final

YARDSTICK: Final = "import mlflow"

STATEMENTS: Final = {
    "import mlflow_bce_monitor": "import mlflow_bce_monitor",
    "bce-monitor --help": "import mlflow_bce_monitor.cli as c; c.main(['--help'], standalone_mode=False)",
    "bce-monitor scan, until it opens the store": (
        "import mlflow_bce_monitor.cli, mlflow_bce_monitor.tracking.scan, mlflow_bce_monitor.cli.output, "
        "mlflow_bce_monitor.cli.closing, mlflow_bce_monitor.cli.progress, mlflow_bce_monitor.cli.tally"
    ),
}
"""What is started, in words and as Python."""


def ratios(rounds: int) -> dict[str, float]:
    """Return the processor time of every statement / that of the yardstick, both in fresh interpreters."""
    seen: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    seconds(YARDSTICK)  # the first start reads the files from disk
    for _ in range(rounds):
        yardstick = seconds(YARDSTICK)
        for name, statement in STATEMENTS.items():
            seen[name].append(seconds(statement) / yardstick)
    return {name: statistics.median(found) for name, found in seen.items()}


def seconds(statement: str) -> float:
    """Return the processor seconds of a statement in a fresh interpreter."""
    before = _of_children()
    subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
