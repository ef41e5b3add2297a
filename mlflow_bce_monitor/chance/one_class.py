"""The share of positives from the accuracy of a model that predicts one class for everything.

Such an accuracy is the share of that class, and repeats to the digit. The accuracy of a model
that has learned what there is may repeat as well, and so does that of one that was never
trained: everything else the run shows has to agree (``both_classes``).
"""

from __future__ import annotations

from mlflow_bce_monitor.chance.both_classes import predicts_both_classes
from mlflow_bce_monitor.chance.estimate import ShareEstimate
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.stretch import longest_stretch, swapped_accuracy
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, Role, Split
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.settings import Settings


def share_of_one_class(
    split: Split, curves: CurveSet, settings: Settings, limits: Limits, form: LossForm
) -> ShareEstimate | None:
    """Return the share of positives of a split, None when its accuracy is not known to be that of one class.

    Parameters
    ----------
    form
        Of the losses: how low they are is part of the evidence.
    """
    accuracy = curves.companion(Role.ACCURACY, split)
    if accuracy is None:
        return None
    constant = swapped_accuracy(accuracy, limits)
    if constant is not None:
        values = f"{constant:.4g} or {1.0 - constant:.4g}"
        source = f"{accuracy.name!r} is {values}, the accuracies of one class and of the other for everything"
    else:
        stretch = longest_stretch(accuracy, limits)
        if stretch is None or not stretch.is_share(limits):
            return None
        if predicts_both_classes(split, stretch, curves, settings, limits, form):
            return None
        constant = stretch.value
        source = f"{accuracy.name!r} stands at {constant:.4g}, the accuracy of one class for everything"
    share = _share(constant, curves.companion(Role.RECALL, split), settings)
    return None if share is None else ShareEstimate(share, share, share, source)


def _share(constant: float, recall: Curve | None, settings: Settings) -> float | None:
    """Return the share of positives from the accuracy of one class; None where both classes are predicted."""
    if recall is not None and recall.finite.size:
        last = float(recall.finite[-1])
        if last not in (0.0, 1.0):
            return None  # both classes are predicted: a constant accuracy says nothing about shares
        return constant if last == 1.0 else 1.0 - constant
    rarer = min(constant, 1.0 - constant)
    weights = settings.class_weights
    if weights is not None and weights.value.negative > weights.value.positive:
        return 1.0 - rarer
    # Which of the two classes it is does not matter to an unweighted chance level: H(pi) = H(1 - pi).
    return rarer
