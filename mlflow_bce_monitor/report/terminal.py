"""What the terminal shows of many runs: one row each.

Here, in ``explanation`` and in ``rule_pages`` stand rich renderables; printing is the
caller's. All text is laid out as :class:`rich.text.Text`, which knows no markup, so a run
named ``[red]`` stays so named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.contract import NO_CAUSE, Verdict
from mlflow_bce_monitor.report import numbers, wording
from mlflow_bce_monitor.report.layout import PLAIN, STRONG, toned
from mlflow_bce_monitor.report.plain_text import cut_inside, plain, sentence, shortened

_NARROW: Final = 100  # columns: below, the metric's name would squeeze the run's
_WIDE: Final = 140  # columns: from here on what to change fits beside the rest
_LEAST_CHANGE: Final = 30  # cells: less of a sentence says nothing
_LONGEST_RUN: Final = 36  # cells of a name where another column could use the room
_GAP: Final = 2  # cells between two columns
_RULE: Final = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
_SHORTEST_RUN: Final = 8  # cells: less of a name says nothing
_METRIC: Final = 24  # characters of a metric's name

_FAILED: Final = "not evaluated"
_VERDICT: Final = "verdict"  # the heading of that column


class RunRow(NamedTuple):
    """One run of the table, in words; "" where there is nothing to say."""

    run: str
    verdict: str
    cause: str
    confidence: str
    skill: str
    metric: str
    error: str = ""
    change: str = ""


def row_from_answer(answer: Mapping[str, Any]) -> RunRow:
    """Return the row of a run, whether it was evaluated, skipped or failed.

    Parameters
    ----------
    answer
        The contract's JSON object, as :meth:`Diagnosis.as_contract` and ``failed_contract`` give it.
    """
    confidence, skill = answer.get("confidence"), answer.get("skill")
    return RunRow(
        run=plain(answer.get("run_name") or "") or str(answer["run_id"]),
        verdict=plain(answer.get("verdict") or ""),
        cause=_named(plain(answer.get("cause") or "")),
        confidence="" if confidence is None else numbers.probability(confidence),
        skill="" if skill is None else wording.skill_in_short(skill),
        metric=plain(answer.get("metric") or ""),
        error=sentence(answer.get("error") or ""),
        change=_change(answer),
    )


def _change(answer: Mapping[str, Any]) -> str:
    """Return what to change first, "" where nothing is to be changed."""
    causes = answer.get("causes") or ()
    return sentence(causes[0]["advice"]) if causes else ""


def runs_table(rows: Iterable[RunRow], width: int) -> RenderableType:
    """Return the table of runs, and below it why some of them could not be evaluated.

    Parameters
    ----------
    rows
        In the order they are shown.
    width
        Columns of the terminal. In fewer than 100 the metric is left out, from 140 on what to
        change is told as well; a run's name is cut, in its middle, before anything else is.
    """
    shown = list(rows)
    columns = [
        _Column(_VERDICT, [one.verdict or _FAILED for one in shown]),
        _Column("cause", [one.cause for one in shown]),
        _Column("confidence" if width >= _NARROW else "conf.", [one.confidence for one in shown], "right"),
        _Column("skill", [one.skill for one in shown], "right"),
    ]
    if width >= _NARROW:
        columns.append(_Column("metric", [cut_inside(one.metric, _METRIC) for one in shown]))
    room = max(width - sum(column.width + _GAP for column in columns) - _GAP, _SHORTEST_RUN)
    wide = width >= _WIDE and room >= _LONGEST_RUN + _GAP + _LEAST_CHANGE
    runs = _Column("run", [cut_inside(one.run, _LONGEST_RUN if wide else room) for one in shown])
    columns.insert(0, runs)
    if wide:
        left = room - runs.width - _GAP
        columns.append(_Column("change", [shortened(one.change, left) for one in shown]))
    fits = sum(column.width + _GAP for column in columns) <= width
    table = _Lines(columns) if fits else _squeezed(columns)
    return Group(table, *(Text(f"{one.run}: {one.error}") for one in shown if one.error))


class RunsTable:
    """The table of runs, as wide as the terminal that it is printed on."""

    def __init__(self, rows: Iterable[RunRow]) -> None:
        self._rows = list(rows)

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield :func:`runs_table`."""
        yield runs_table(self._rows, options.max_width)


class _Column(NamedTuple):
    title: str
    cells: list[str]
    side: JustifyMethod = "left"

    @property
    def width(self) -> int:
        """Cells that the widest entry takes."""
        return max(cell_len(text) for text in (self.title, *self.cells))

    def padded(self) -> list[str]:
        """Return title and cells as wide as the column, with the gaps to its neighbours."""
        texts, width = [self.title, *self.cells], self.width
        rooms = [" " * (width - cell_len(text)) for text in texts]
        if self.side == "right":
            return [f" {room}{text} " for text, room in zip(texts, rooms, strict=True)]
        return [f" {text}{room} " for text, room in zip(texts, rooms, strict=True)]


class _Lines:
    """A table that fits, a line a row; laying it out with rich takes longer than to diagnose its runs."""

    def __init__(self, columns: Sequence[_Column]) -> None:
        self._columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment | Table]:
        """Yield what :func:`_squeezed` would, where nothing has to be squeezed."""
        if options.ascii_only:
            yield _squeezed(self._columns)
            return
        padded = [column.padded() for column in self._columns]
        blank = " " * sum(cell_len(title) for title, *_ in padded)
        yield from _line(Segment(blank))
        yield from _line(*(Segment(title, STRONG) for title, *_ in padded))
        yield from _line(Segment(f" {_RULE * (len(blank) - _GAP)} "))
        for at, cells in enumerate(zip(*(cells for _, *cells in padded), strict=True)):
            styles = (_style(column, at) for column in self._columns)
            for cell, style in zip(cells, styles, strict=True):
                # The gap before a cell belongs to no cell.
                yield from (Segment(cell[:1]), Segment(cell[1:], style))
            yield Segment.line()
        yield from _line(Segment(blank))


def _line(*parts: Segment) -> Iterator[Segment]:
    yield from parts
    yield Segment.line()


def _squeezed(columns: Sequence[_Column]) -> Table:
    """Return a table whose columns are made as narrow as the terminal wants them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style=STRONG)
    for column in columns:
        table.add_column(column.title, justify=column.side, no_wrap=True)
    for at in range(len(columns[0].cells)):
        table.add_row(*(Text(column.cells[at], style=_style(column, at)) for column in columns))
    return table


def _style(column: _Column, at: int) -> Style:
    """Return the colour of a cell: verdicts that ask a person to act stand out."""
    cell = column.cells[at]
    if column.title != _VERDICT:
        return PLAIN
    return STRONG if cell == _FAILED else toned(Verdict(cell))


def _named(cause: str) -> str:
    return "" if cause == NO_CAUSE else cause
