"""The parts of pages that a command writes, each between two comments."""

from __future__ import annotations


def between(page: str, begin: str, end: str, text: str) -> str:
    """Return a page with what stands between its two marks replaced by a text.

    Raises
    ------
    ValueError
        When the page lacks a mark.
    """
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the page lacks {begin!r} or {end!r}")
    return f"{before}{begin}\n{text}\n{end}{after}"
