"""The measured numbers in docs/spark.md, between two comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.scan.filling import Shape
from benchmarks.scan.measuring import Measured

PAGE: Final = Path(__file__).parents[2] / "docs" / "spark.md"
BLOCK: Final = re.compile(r"(<!-- measured -->\n).*?(<!-- end of measured -->)", re.DOTALL)

PLANNED: Final = 10_000_000
"""Runs of the plan."""

CLUSTER: Final = 64
"""Cores of the plan: four machines of a common size."""

USED: Final = 0.8
"""Share of the time that cores work, for stragglers, shuffles over a network and slow storage."""


@dataclass
class Numbers:
    """What was measured.

    Attributes
    ----------
    stored
        Shape of what was read by SQL and from Parquet.
    sql, parquet, sql_whole, parquet_whole
        Reading alone, and with the diagnosis.
    spark
        Shape, metrics, one core, two cores, and this package alone on one.
    million
        Shape, two cores, peak MB, bytes of files; None when it was not run.
    """

    stored: Shape | None = None
    sql: Measured | None = None
    parquet: Measured | None = None
    sql_whole: Measured | None = None
    parquet_whole: Measured | None = None
    spark: list[tuple[Shape, int, Measured, Measured, Measured]] = field(default_factory=list)
    million: tuple[Shape, Measured, float, int] | None = None


def write(numbers: Numbers) -> None:
    """Replace the measured block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda found: f"{found[1]}{block(numbers)}{found[2]}", text), encoding="utf-8")


def block(numbers: Numbers) -> str:
    """Return the block as markdown."""
    return "\n".join([*_beside_sql(numbers), *_on_spark(numbers), *_million(numbers), *_plan(numbers), ""])


def _beside_sql(numbers: Numbers) -> Iterator[str]:
    if not (
        numbers.stored and numbers.sql and numbers.parquet and numbers.sql_whole and numbers.parquet_whole
    ):
        return
    what = f"{numbers.stored.n_runs:,} runs x 3 metrics x {numbers.stored.n_points} points"
    yield f"One process, {what}, runs a second:"
    yield ""
    yield "| | SQLite store | exported Parquet |"
    yield "|---|---|---|"
    yield f"| reading | {numbers.sql.rate:,.0f} | {numbers.parquet.rate:,.0f} |"
    yield f"| reading and diagnosing | {numbers.sql_whole.rate:,.0f} | {numbers.parquet_whole.rate:,.0f} |"
    yield ""


def _on_spark(numbers: Numbers) -> Iterator[str]:
    yield "Spark on one machine, start-up apart, runs a second:"
    yield ""
    yield "| runs | one core | two cores | two to one | without Spark, one process |"
    yield "|---|---|---|---|---|"
    for shape, n_metrics, one, two, alone in numbers.spark:
        what = f"{shape.n_runs:,} x {n_metrics} metrics x {shape.n_points} points"
        gain = two.rate / one.rate
        yield f"| {what} | {one.rate:,.0f} | {two.rate:,.0f} | {gain:.2f} | {alone.rate:,.0f} |"
    yield ""


def _million(numbers: Numbers) -> Iterator[str]:
    if numbers.million is None:
        yield "A million runs were not measured with these numbers: `python -m benchmarks.spark --million`."
        yield ""
        return
    shape, measured, megabytes, n_bytes = numbers.million
    yield (
        f"{shape.n_runs:,} runs x 2 metrics x {shape.n_points} points ({n_bytes / 1e6:,.0f} MB of files) "
        f"took two cores {measured.seconds / 60:,.0f} minutes, {measured.rate:,.0f} runs a second, with at most "
        f"{megabytes:,.0f} MB of memory in all processes together."
    )
    yield ""


def _plan(numbers: Numbers) -> Iterator[str]:
    yield f"A plan for {PLANNED:,} runs, extrapolated from one core's cost:"
    yield ""
    yield f"| runs of | a run, one core | core hours | {CLUSTER} cores | sent over the network |"
    yield "|---|---|---|---|---|"
    for shape, n_metrics, one, _, _ in numbers.spark:
        seconds = one.seconds / one.n_runs
        hours = PLANNED * seconds / 3600
        # 24 bytes a point, packed; twice, when Spark does not broadcast where runs go.
        sent = 2 * 24 * PLANNED * n_metrics * shape.n_points / 1e9
        yield (
            f"| {n_metrics} metrics x {shape.n_points} points | {1e3 * seconds:.1f} ms | {hours:,.0f} | "
            f"{60 * hours / CLUSTER / USED:,.0f} min | at most {sent:,.0f} GB before compression |"
        )
    yield ""
    yield (
        "Assumed: cost grows with the number of runs alone; cores as fast as those measured, busy "
        f"{USED:.0%} of the time; one in ten runs stuck at chance, because these cost several times what the "
        "others do; experiments of a thousand runs."
    )
