"""What a terminal shows, as text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def printed(content: RenderableType, width: int, *, colour: bool = False, encoding: str = "utf-8") -> str:
    """Return what a terminal of that many columns and that encoding shows."""
    raw = io.BytesIO()
    console = Console(
        file=io.TextIOWrapper(raw, encoding=encoding), width=width, force_terminal=colour, no_color=not colour
    )
    console.print(content, crop=False)  # as the command line prints
    console.file.flush()
    return raw.getvalue().decode(encoding)
