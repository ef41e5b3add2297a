"""The decision table of docs/probes.md, from the code's own declarations.

python -m mlflow_bce_monitor.probes.decision_table docs/probes.md
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mlflow_bce_monitor.probes.run import EXPERIMENTS
from mlflow_bce_monitor.rules.probed import OBSERVATIONS

BEGIN: Final = "<!-- decision table: begin -->"
END: Final = "<!-- decision table: end -->"


def table() -> str:
    """Return the table as Markdown: probe, cost, answer, what it speaks for and against."""
    lines = [
        "| probe | usual cost | answer | speaks for | speaks against |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{one.probe}` | {experiment.seconds:g} s | {one.clause} "
        f"| {_causes(one.weights, 1)} | {_causes(one.weights, -1)} |"
        for experiment in EXPERIMENTS
        for one in OBSERVATIONS
        if one.probe == experiment.name
    ]
    return "\n".join(lines)


def renewed(page: str) -> str:
    """Return a page with the table between its two marks renewed.

    Raises
    ------
    ValueError
        When the page lacks a mark.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _causes(weights: Mapping[str, float], side: int) -> str:
    chosen = {cause: weight for cause, weight in weights.items() if weight * side > 0}
    ordered = sorted(chosen, key=lambda cause: -abs(chosen[cause]))
    return ", ".join(f"`{cause}` {chosen[cause]:+g}" for cause in ordered)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
