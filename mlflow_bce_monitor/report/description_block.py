"""The block in a run's description: put in, replaced and taken out without touching a byte around it.

The block stands between two HTML comments, which the MLflow UI does not show. Both carry
the run's id, so that a block quoted from another run, or from a manual, is the user's text.
The first also says how many line breaks were put in front to start a paragraph of its own,
so that taking the block out gives back exactly what was there before.
"""

from __future__ import annotations

import re
from typing import Final

# Characters. MLflow 3 takes 8,000 in a tag and silently cuts what is longer; servers of MLflow 2
# took 5,000. A description that would be longer with the block goes without.
LONGEST_DESCRIPTION: Final = 5_000

_PARAGRAPH: Final = "\n\n"


def with_block(text: str, body: str, run_id: str) -> str:
    """Return a description with ``body`` as its block, in place of the old one or at the end."""
    # A comment inside would end the block early.
    body = body.replace("<!--", "&lt;!--").strip("\n")
    found = _find(text, run_id)
    if found:
        return text[: found.start()] + _block(body, run_id, found["newlines"]) + text[found.end() :]
    newlines = _newlines_to_paragraph(text)
    return f"{text}{newlines * chr(10)}{_block(body, run_id, newlines)}"


def without_block(text: str, run_id: str) -> str:
    """Return a description without its block and the line breaks put in front of it."""
    found = _find(text, run_id)
    if not found:
        return text
    before, added = text[: found.start()], "\n" * int(found["newlines"])
    return before.removesuffix(added) + text[found.end() :]


def _find(text: str, run_id: str) -> re.Match[str] | None:
    """Return the last complete block of this run."""
    run = re.escape(run_id)
    pattern = (
        rf"<!-- bce-monitor:begin run={run} newlines=(?P<newlines>\d) -->"
        rf"(?:(?!<!--).)*"
        rf"<!-- bce-monitor:end run={run} -->"
    )
    found = None
    for found in re.finditer(pattern, text, re.DOTALL):  # noqa: B007 - the last one is wanted
        pass
    return found


def _block(body: str, run_id: str, newlines: int | str) -> str:
    return (
        f"<!-- bce-monitor:begin run={run_id} newlines={newlines} -->\n"
        f"{body}\n"
        f"<!-- bce-monitor:end run={run_id} -->"
    )


def _newlines_to_paragraph(text: str) -> int:
    """Return how many line breaks make what follows ``text`` a paragraph of its own."""
    if not text or text.endswith(_PARAGRAPH):
        return 0
    return 1 if text.endswith("\n") else 2
