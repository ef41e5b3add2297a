"""A chance level with its uncertainty and the source of the share of positives."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow_bce_monitor.chance.level import LN_2


@dataclass(frozen=True)
class ShareEstimate:
    """The share of positives among the labels of one split.

    Attributes
    ----------
    value
        Best estimate in (0, 1); None when nothing is known.
    low, high
        Bounds in [0, 1]; equal to ``value`` when it is exact.
    source
        Where it comes from, in words ("--base-rate", "params['positive_share']",
        "accuracy, precision and recall of epoch 3"), or why it is not known.
    is_own
        Whether it is that of the labels of this very split. What is said of the run as a whole is that of the
        training labels, and of held-back ones only near it, as is what the other split says.
    """

    value: float | None
    low: float
    high: float
    source: str
    is_own: bool = True


@dataclass(frozen=True)
class ChanceEstimate:
    """The chance level of one loss curve.

    Attributes
    ----------
    value
        Best estimate, in the unit of the loss (nats unless ``unit`` says otherwise).
    low, high
        Bounds. When the share of positives is unknown, ``high`` is the balanced level
        (no share of positives gives a higher one) and ``low`` is 0.
    share
        The share of positives it follows from.
    known
        Whether ``value`` rests on a known share of positives. When False, ``value``
        is the balanced level, an upper bound, and skill is an upper bound too.
    formula
        How it was computed, in words: "H(0.100)", "ln 2", "weighted, w0=1, w1=9".
    untrained
        The loss of predicting 0.5 for everything, which is where a sound network starts;
        above the chance level where one class is rare.
    plain
        Whether the loss is the mean cross-entropy of one label in nats, unweighted: only
        then a level below ln 2 is the entropy of some share of positives.
    if_rarer
        The level if the rarer class were as much rarer than said as two splits usually differ; None where the
        share is the split's own.
    """

    value: float
    low: float
    high: float
    share: ShareEstimate
    known: bool
    formula: str
    untrained: float = LN_2
    plain: bool = True
    if_rarer: float | None = None
