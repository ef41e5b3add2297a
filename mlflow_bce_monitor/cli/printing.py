"""Printing what rich lays out: in the colours of a terminal, or into a file without blanks at line ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType


def lay_out(content: RenderableType, file: TextIO, piped_width: int | None = None) -> None:
    """Print content that was laid out with rich.

    Parameters
    ----------
    content
        Lines of it that are longer than the terminal, as code is, are left whole: the terminal wraps
        them, and what is copied from there is one line.
    file
        Where to.
    piped_width
        Columns where ``file`` is no terminal; None for those of the terminal that started the command.
    """
    from rich.console import Console  # noqa: PLC0415 - loading it takes a tenth of a second

    if file.isatty():
        Console(file=file, highlight=False).print(content, crop=False)
        return
    console = Console(file=file, highlight=False, width=piped_width)
    with console.capture() as printed:
        console.print(content, crop=False)
    # Cells are padded for the eye; in a file the blanks are only differences.
    file.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
