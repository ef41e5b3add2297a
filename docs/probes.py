"""Renew the decision table in docs/probes.md, from the code's own declarations.

    PYTHONPATH=. python docs/probes.py

Run it after every change of an experiment or of what it speaks for: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from benchmarks.marks import between
from mlflow_bce_monitor.probes.run import EXPERIMENTS
from mlflow_bce_monitor.rules.probed import OBSERVATIONS

PAGE = Path(__file__).with_name("probes.md")
BEGIN = "<!-- decision table: begin -->"
END = "<!-- decision table: end -->"


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


def _causes(weights: Mapping[str, float], side: int) -> str:
    chosen = {cause: weight for cause, weight in weights.items() if weight * side > 0}
    ordered = sorted(chosen, key=lambda cause: -abs(chosen[cause]))
    return ", ".join(f"`{cause}` {chosen[cause]:+g}" for cause in ordered)


@click.command()
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), default=PAGE)
def main(page: Path) -> None:
    """Put the table of today between the page's two marks."""
    said = page.read_text(encoding="utf-8")
    page.write_text(between(said, BEGIN, END, table()), encoding="utf-8")


if __name__ == "__main__":
    main()
