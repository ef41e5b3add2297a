"""Text supplied by a run, made safe to lay out on one line of any medium."""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINERS: Final = frozenset("\u200c\u200d")  # part of words in Persian and Indic scripts, and of emoji
_UNPRINTABLE: Final = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn"}
)  # control, format (bidi), surrogate, unassigned
_BREAKS: Final = frozenset({"Zl", "Zp"})  # line and paragraph separators
_ELLIPSIS: Final = "\u2026"
_SHORTEST_CUT: Final = 0.6  # of the allowed length: a cut at a space before this wastes too much room


def plain(text: str) -> str:
    """Return ``text`` on one line, without characters that steer a terminal or reorder a line.

    Control characters and line breaks become spaces, runs of spaces become one, and
    bidirectional overrides, lone surrogates and unassigned code points go.
    """
    if text.isprintable():  # as almost every text is, and a page has hundreds
        return " ".join(text.split())
    kept: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cc" or category in _BREAKS:
            kept.append(" ")
        elif category not in _UNPRINTABLE or character in _JOINERS:
            kept.append(character)
    return " ".join("".join(kept).split())


def shortened(text: str, length: int) -> str:
    """Return ``text`` in at most ``length`` characters, cut between words and ended by an ellipsis."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    space = cut.rfind(" ")
    if space >= _SHORTEST_CUT * length:
        cut = cut[:space]
    return cut.rstrip(" ,;:.-") + _ELLIPSIS


def cut_inside(text: str, length: int) -> str:
    """Return ``text`` in at most ``length`` characters, cut in its middle: names differ at their ends."""
    if len(text) <= length:
        return text
    tail = length // 2
    return text[: length - 1 - tail] + _ELLIPSIS + text[len(text) - tail :]


def sentence(text: str) -> str:
    """Return ``text`` with a capital at its start and a full stop at its end; "" stays empty.

    A first word that holds capitals, digits or underscores is a name and is left alone.
    """
    text = plain(text)
    if not text:
        return ""
    first = text.split(" ", 1)[0].rstrip(",;:.!?")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else f"{text}."


def clause(text: str) -> str:
    """Return ``text`` without its full stop, to stand inside a sentence."""
    return plain(text).rstrip(".")
