"""Add up pieces of evidence for and against one cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlflow_bce_monitor.rules.rule import Piece, Supported

SHOWN_PIECES = 3
"""Pieces named in the reason: more do not fit a sentence."""

_NOTHING_SEEN: Final = "nothing seen speaks for or against it"
_SILENT: Final = Supported(0, _NOTHING_SEEN)
"""What a rule says that has observed nothing."""


def weigh(*pieces: Piece | None) -> Supported:
    """Sum the pieces that were observed; the reason names the strongest on the winning side.

    The outcome carries all of them, for and against. The pieces of one rule are treated as
    independent. They are not quite, which is why the weights are small and the result is
    checked for calibration as a whole.
    """
    observed = [piece for piece in pieces if piece is not None]
    if not observed:
        return _SILENT
    total = sum(piece.weight for piece in observed)
    speaks_for, speaks_against = _clauses(observed)
    telling = speaks_for if total >= 0 else speaks_against
    because = ", ".join(telling[:SHOWN_PIECES]) or _NOTHING_SEEN
    return Supported(total, because, speaks_for, speaks_against, tuple(observed))


def _clauses(pieces: Sequence[Piece]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what speaks for and what against the cause, strongest first; the same words twice are one clause."""
    weights: dict[str, float] = {}
    for piece in pieces:
        if piece.clause:
            weights[piece.clause] = weights.get(piece.clause, 0.0) + piece.weight
    strongest = sorted(weights.items(), key=lambda item: -abs(item[1]))
    return (
        tuple(clause for clause, weight in strongest if weight > 0),
        tuple(clause for clause, weight in strongest if weight < 0),
    )


def times(ratio: float) -> str:
    """Return a ratio in words: "1000 times", "1/300 of"; two digits are enough to judge by."""
    if ratio <= 0.0:
        return "0 times"
    if ratio >= 1.0:
        return f"{_two_digits(ratio)} times"
    return f"1/{_two_digits(1.0 / ratio)} of"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.12g}"
