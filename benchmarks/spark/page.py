"""The measured numbers in docs/spark.md, between two comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.marks import between

PAGE: Final = Path(__file__).parents[2] / "docs" / "spark.md"
BEGIN: Final = "<!-- measured -->"
END: Final = "<!-- end of measured -->"

PLANNED: Final = 10_000_000
"""Runs of the plan."""

CLUSTER: Final = 64
"""Cores of the plan: four machines of a common size."""

USED: Final = 0.8
"""Share of the time that cores work, for stragglers, shuffles over a network and slow storage."""


Numbers = Mapping[str, float]
"""What one part measured: sizes, and rates in runs a second."""


def write(parts: Mapping[str, Numbers]) -> None:
    """Replace the measured block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(between(text, BEGIN, END, block(parts)), encoding="utf-8")


def block(parts: Mapping[str, Numbers]) -> str:
    """Return the block as markdown, of as many parts as were measured."""
    sized = [parts[name] for name in ("small", "large") if name in parts]
    lines = [
        *(_beside_sql(parts["stored"]) if "stored" in parts else ()),
        *_on_spark(sized),
        *_million(parts.get("million")),
        *_plan(sized),
    ]
    return "\n".join(lines)


def _beside_sql(of: Numbers) -> Iterator[str]:
    yield f"One process, {of['n_runs']:,} runs x 3 metrics x {of['n_points']} points, runs a second:"
    yield ""
    yield "| | SQLite store | exported Parquet |"
    yield "|---|---|---|"
    yield f"| reading | {of['sql']:,.0f} | {of['parquet']:,.0f} |"
    more = "reading and diagnosing; from Parquet also siblings and what `apply` writes"
    yield f"| {more} | {of['sql_whole']:,.0f} | {of['parquet_whole']:,.0f} |"
    yield ""


def _on_spark(sized: Sequence[Numbers]) -> Iterator[str]:
    yield "Spark on one machine, start-up apart, runs a second:"
    yield ""
    yield "| runs | one core | two cores | two to one | without Spark, one process |"
    yield "|---|---|---|---|---|"
    for of in sized:
        what = f"{of['n_runs']:,} x {of['n_metrics']} metrics x {of['n_points']} points"
        rates = f"{of['one']:,.0f} | {of['two']:,.0f} | {of['two'] / of['one']:.2f} | {of['alone']:,.0f}"
        yield f"| {what} | {rates} |"
    yield ""


def _million(of: Numbers | None) -> Iterator[str]:
    if of is None:
        yield "A million runs have not been measured yet: `python -m benchmarks.spark --part million`."
    else:
        rate = of["n_runs"] / of["seconds"]
        size = f"{of['bytes'] / 1e6:,.0f} MB of files"
        what = f"{of['n_runs']:,} runs x 2 metrics x {of['n_points']} points ({size})"
        cost = 1e3 * of["processor_seconds"] / of["n_runs"]
        # Below all of it, other programs had the cores, or cores waited.
        busy = of["processor_seconds"] / (2 * of["seconds"])
        yield (
            f"{what} took two cores {of['seconds'] / 60:,.0f} minutes, {rate:,.0f} runs a second, with at "
            f"most {of['megabytes']:,.0f} MB of memory in all processes together. That is {cost:.1f} ms of "
            f"processor time a run, Spark's own included; the job had {busy:.0%} of both cores."
        )
    yield ""


def _plan(sized: Sequence[Numbers]) -> Iterator[str]:
    yield f"A plan for {PLANNED:,} runs, extrapolated from one core's cost:"
    yield ""
    yield f"| runs of | a run, one core | core hours | {CLUSTER} cores | sent, uncompressed |"
    yield "|---|---|---|---|---|"
    for of in sized:
        seconds = 1 / of["one"]
        hours = PLANNED * seconds / 3600
        # 24 bytes a point, packed; twice, when Spark does not broadcast where runs go.
        sent = 2 * 24 * PLANNED * of["n_metrics"] * of["n_points"] / 1e9
        what = f"{of['n_metrics']} metrics x {of['n_points']} points"
        minutes = 60 * hours / CLUSTER / USED
        took = f"{1e3 * seconds:.1f} ms | {hours:,.0f} | {minutes:,.0f} min"
        yield f"| {what} | {took} | at most {sent:,.0f} GB |"
    yield ""
    yield (
        "Assumed: cost grows with the number of runs alone; cores as fast as those measured, busy "
        f"{USED:.0%} of the time; one in ten runs stuck at chance, because these cost several times what the "
        "others do; experiments of a thousand runs."
    )
