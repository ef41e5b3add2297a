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
    speaks_for, speaks_against = _clauses(observed, 1.0), _clauses(observed, -1.0)
    telling = speaks_for if total >= 0 else speaks_against
    because = ", ".join(telling[:SHOWN_PIECES]) or _NOTHING_SEEN
    return Supported(total, because, speaks_for, speaks_against, tuple(observed))


def _clauses(pieces: Sequence[Piece], side: float) -> tuple[str, ...]:
    """Return what speaks for (side 1) or against (side -1) the cause, strongest first."""
    telling = [piece for piece in pieces if piece.weight * side > 0 and piece.clause]
    if len(telling) > 1:
        telling.sort(key=_by_strength)
    return tuple([piece.clause for piece in telling])


def _by_strength(piece: Piece) -> float:
    return -abs(piece.weight)


def times(ratio: float) -> str:
    """Return a ratio in words: "1000 times", "1/300 of"; two digits are enough to judge by."""
    if ratio <= 0.0:
        return "0 times"
    if ratio >= 1.0:
        return f"{_two_digits(ratio)} times"
    return f"1/{_two_digits(1.0 / ratio)} of"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.12g}"
