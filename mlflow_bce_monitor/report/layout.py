"""How text is laid out in a terminal: sections, labelled lines, lists, code.

Everything is :class:`rich.text.Text`, which knows no markup, so a run named ``[red]`` stays
so named. Without colour nothing is lost: weight and colour only repeat what words say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.report import headlines

READABLE: Final = 100  # columns: longer lines of prose are hard to follow
PLAIN: Final = Style()
STRONG: Final = Style(bold=True)
FAINT: Final = Style(dim=True)

# What ``base.css`` calls good, bad and open; colour only repeats what the verdict's word says.
_TONES: Final = {
    "good": Style(color="green"),
    "bad": Style(color="red", bold=True),
    "open": Style(color="yellow"),
}

_INDENT: Final = 2
_LABEL: Final = 28  # columns of a label before it is folded


def toned(verdict: Verdict) -> Style:
    """Return the weight and colour that a verdict is told in."""
    return _TONES[headlines.tone(verdict)]


def section(title: str, content: Sequence[RenderableType]) -> list[RenderableType]:
    """Return a titled, indented block and an empty line, nothing when there is no content."""
    if not content:
        return []
    parts: list[RenderableType] = [Text(title, style=STRONG)]
    # Code is indented by itself: what is padded is cut or folded at the edge of the terminal.
    for is_code, grouped in groupby(content, key=lambda part: isinstance(part, _Code)):
        of_kind = list(grouped)
        parts += of_kind if is_code else [indented(Group(*of_kind))]
    return [*parts, Text("")]


def indented(content: RenderableType) -> RenderableType:
    """Return content that stands a little to the right."""
    return Padding(content, (0, 0, 0, _INDENT), expand=False)


def paragraphs(texts: Iterable[str]) -> list[RenderableType]:
    """Return each text with an empty line after it; empty texts are left out."""
    return [part for text in texts if text for part in (Text(text), Text(""))]


def items(texts: Iterable[str]) -> list[RenderableType]:
    """Return a list with a dash before each entry."""
    grid = Table.grid(padding=(0, 1))
    for text in texts:
        grid.add_row(Text("-"), Text(text))
    return [grid] if grid.row_count else []


def pairs(
    labelled: Iterable[tuple[str, str]], label_style: Style = FAINT, label_width: int = 0
) -> list[RenderableType]:
    """Return labels and texts in two columns; labels without text are left out.

    Parameters
    ----------
    label_width
        Columns of the labels at least, so that several blocks line up.
    """
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=label_width, max_width=_LABEL)
    grid.add_column(overflow="fold")
    for label, text in labelled:
        if text:
            grid.add_row(Text(label, style=label_style), Text(text))
    return [grid] if grid.row_count else []


def code(source: str) -> RenderableType:
    """Return lines to paste; a line longer than the terminal stays one line, which the terminal wraps."""
    return _Code(source.strip("\n").splitlines())


class _Code:
    """Lines of code, indented below what is said of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> Iterator[Segment]:
        """Yield the lines as they are."""
        for line in self._lines:
            yield Segment(f"{' ' * 2 * _INDENT}{line}")
            yield Segment.line()
