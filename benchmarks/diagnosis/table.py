"""A table in words, before anything draws it, and the words for numbers in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.diagnosis.shares import Share


@dataclass(frozen=True)
class Table:
    """Cells in words.

    Attributes
    ----------
    title
        What the table is about.
    columns
        Names of the columns; the first holds words, the others numbers.
    rows
        As many cells in each as there are columns.

    Raises
    ------
    ValueError
        When a row has another number of cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {len(self.columns)} columns, but a row of {len(row)}: {row}")


def percent(value: float) -> str:
    """Return a share in [0, 1] as "97.7 %", "-" for NaN."""
    return "-" if math.isnan(value) else f"{100 * value:.1f} %"


def decimal(value: float) -> str:
    """Return a number as "0.977", "-" for NaN."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def count_of(part: Share) -> str:
    """Return "42 of 43"."""
    return f"{part.count} of {part.n}"


def interval(part: Share) -> str:
    """Return the 95 % interval as "88 to 100 %", "-" of nothing."""
    low, high = part.interval
    return f"{100 * low:.1f} to {100 * high:.1f} %" if part.n else "-"


def counted(part: Share) -> tuple[str, str]:
    """Return a share and its count."""
    return percent(part.value), count_of(part)


def cells(part: Share) -> tuple[str, str, str]:
    """Return a share, its count and its interval."""
    return *counted(part), interval(part)


SHARE_COLUMNS = ("share", "runs", "95 % interval")
"""Heads of :func:`cells`."""


def as_markdown(table: Table) -> str:
    """Return a GitHub table, without its title."""
    lines = [
        _line(table.columns),
        _line(["---", *["---:"] * (len(table.columns) - 1)]),
        *[_line(row) for row in table.rows],
    ]
    return "\n".join(lines)


def _line(row: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(row)} |"
