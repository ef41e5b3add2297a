"""How a logged loss relates to the mean cross-entropy of one label in nats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlflow_bce_monitor.chance.level import LN_2, entropy
from mlflow_bce_monitor.records import FloatArray


@dataclass(frozen=True)
class LossForm:
    """How a loss relates to the mean cross-entropy in nats.

    Attributes
    ----------
    gamma
        Focal exponent; 0 for a plain cross-entropy.
    alpha
        Focal weight of the positive class, the negative one weighing 1 - alpha; None for equal
        weights of 1.
    scale
        Factor on the mean in nats: the batch size for a sum, 1 / ln 2 for bits, the mean of the
        example weights.
    reason
        How it is known; "" for the plain form.
    """

    gamma: float = 0.0
    alpha: float | None = None
    scale: float = 1.0
    reason: str = ""

    def in_nats(self, losses: FloatArray, label_smoothing: float = 0.0) -> FloatArray:
        """Return losses as those of a plain cross-entropy that is as far from its start and its floor.

        Smoothed labels leave a floor of H(smoothing / 2), so a smoothed loss is stretched to
        what lies between that and ln 2.
        """
        floor = entropy(label_smoothing / 2.0)
        return (losses / self.scale - floor) * (LN_2 / (LN_2 - floor))


PLAIN: Final = LossForm()
