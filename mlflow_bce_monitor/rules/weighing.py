"""Add up pieces of evidence for and against one cause."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules.rule import NOTHING_SEEN, Piece, Supported

_SILENT: Final = Supported(0, NOTHING_SEEN)
"""What a rule says that has observed nothing."""


def weigh(*pieces: Piece | None) -> Supported:
    """Sum the pieces that were observed; the reason names the strongest on the winning side.

    The outcome carries all of them, for and against. The pieces of one rule are treated as
    independent. They are not quite, which is why the weights are small and the result is
    checked for calibration as a whole.
    """
    observed = tuple([piece for piece in pieces if piece is not None])
    if not observed:
        return _SILENT
    return Supported.by(observed, sum([piece[1] for piece in observed]))


def times(ratio: float) -> str:
    """Return a ratio in words: "1000 times", "1/300 of"; two digits are enough to judge by."""
    if ratio <= 0.0:
        return "0 times"
    if ratio >= 1.0:
        return f"{_two_digits(ratio)} times"
    return f"1/{_two_digits(1.0 / ratio)} of"


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.12g}"
