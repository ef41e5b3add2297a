"""Add up pieces of evidence for and against one cause."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_bce_monitor.rules.rule import Supported

SHOWN_PIECES = 3
"""Pieces named in the reason: more do not fit a sentence."""


@dataclass(frozen=True)
class Piece:
    """One observation.

    Attributes
    ----------
    weight
        Natural-log likelihood ratio: ln 3 = 1.1 says three times as likely under this
        cause as under trouble of unknown cause. Negative speaks against.
    clause
        The observation in words.
    """

    weight: float
    clause: str


def weigh(*pieces: Piece | None) -> Supported:
    """Sum the pieces that were observed; the reason names the strongest on the winning side.

    The pieces of one rule are treated as independent. They are not quite, which is why
    the weights are small and the result is checked for calibration as a whole.
    """
    observed = [piece for piece in pieces if piece is not None]
    total = sum(piece.weight for piece in observed)
    side = 1.0 if total >= 0 else -1.0
    telling = sorted((p for p in observed if p.weight * side > 0), key=lambda p: -abs(p.weight))
    because = ", ".join(piece.clause for piece in telling[:SHOWN_PIECES])
    return Supported(total, because or "nothing seen speaks for or against it")


def times(ratio: float) -> str:
    """Return a ratio in words: "1000 times", "1/300 of"; two digits are enough to judge by."""
    if ratio <= 0.0:
        return "0 times"
    if ratio >= 1.0:
        return f"{_two_digits(ratio)} times"
    return f"1/{_two_digits(1.0 / ratio)} of"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.12g}"
