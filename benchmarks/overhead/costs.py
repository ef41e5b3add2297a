"""What the turns of paired trainings say about costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PLAIN: Final = "nothing"
WAYS: Final = (PLAIN, "control", "callback", "autolog")
NAMES: Final = {"control": "nothing, once more", "callback": "`BCEMonitor()`", "autolog": "`autolog()`"}

_RESAMPLED: Final = 2_000


@dataclass(frozen=True, eq=False)
class Used:
    """What one training has used: seconds a turn, each of shape (turns,), and what it said at its end."""

    wall: FloatArray
    cpu: FloatArray
    end: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it, to a tenth of a millisecond."""
        return {
            "wall": np.round(self.wall, 4).tolist(),
            "cpu": np.round(self.cpu, 4).tolist(),
            "end": self.end,
        }


def used(kept: Mapping[str, Any]) -> Used:
    """Return what :meth:`Used.as_json` gave."""
    return Used(np.array(kept["wall"]), np.array(kept["cpu"]), dict(kept["end"]))


Round = Mapping[str, Used]
"""Way to what its training has used; all took their turns beside one another."""


@dataclass(frozen=True)
class Above:
    """How much more than nothing a way takes, as a share, with a 95 % interval."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in percent."""
        return f"{self.share * 100:+.1f} % ({self.low * 100:+.1f} to {self.high * 100:+.1f} %)"


def above(rounds: Sequence[Round], way: str, kind: str) -> Above:
    """Return how much more than nothing a way takes; the first turn, in which TensorFlow traces, is left out.

    Sums and not medians: the callback measures some epochs and leaves others alone, and all of them count.

    Parameters
    ----------
    kind
        "cpu" or "wall".
    """
    ours = np.concatenate([getattr(one[way], kind)[1:] for one in rounds])
    plain = np.concatenate([getattr(one[PLAIN], kind)[1:] for one in rounds])
    drawn = np.random.default_rng(0).integers(0, len(ours), size=(_RESAMPLED, len(ours)))
    low, high = np.quantile(ours[drawn].sum(axis=1) / plain[drawn].sum(axis=1) - 1.0, [0.025, 0.975])
    return Above(float(ours.sum() / plain.sum() - 1.0), float(low), float(high))


def first_turn(rounds: Sequence[Round], way: str) -> float:
    """Return the seconds of processor time by which a way's first turn is longer, the middle of all."""
    return float(np.median([one[way].cpu[0] - one[PLAIN].cpu[0] for one in rounds]))


def turn_seconds(rounds: Sequence[Round], kind: str) -> float:
    """Return the seconds of a turn with nothing, the middle of all but the first ones."""
    return float(np.median(np.concatenate([getattr(one[PLAIN], kind)[1:] for one in rounds])))


def count_turns(rounds: Sequence[Round]) -> int:
    """Return the number of turns that count."""
    return sum(len(one[PLAIN].cpu) - 1 for one in rounds)
