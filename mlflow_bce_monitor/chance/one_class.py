"""The share of positives from the accuracy of a model that predicts one class for everything.

Such an accuracy is the share of that class, and repeats to the digit. The accuracy of a model
that has learned what there is may repeat as well, and so does that of one that was never
trained: everything else the run shows has to agree (``both_classes``).
"""

from __future__ import annotations

from mlflow_bce_monitor.chance.both_classes import predicts_both_classes
from mlflow_bce_monitor.chance.estimate import ShareEstimate
from mlflow_bce_monitor.chance.form import LossForm
from mlflow_bce_monitor.chance.stretch import longest_stretch
from mlflow_bce_monitor.curves.curve import CurveSet, Role, Split
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
    stretch = longest_stretch(accuracy, limits)
    if accuracy is None or stretch is None or not stretch.is_share(limits):
        return None
    if predicts_both_classes(split, stretch, curves, settings, limits, form):
        return None
    constant = stretch.value
    recall = curves.companion(Role.RECALL, split)
    source = f"{accuracy.name!r} stands at {constant:.4g}, the accuracy of one class for everything"
    if recall is not None and recall.finite.size:
        last = float(recall.finite[-1])
        if last not in (0.0, 1.0):
            return None  # both classes are predicted: a constant accuracy says nothing about shares
        share = constant if last == 1.0 else 1.0 - constant
        return ShareEstimate(share, share, share, source)
    weights = settings.class_weights
    share = stretch.rarer
    if weights is not None and weights.value.negative > weights.value.positive:
        share = 1.0 - share
    # Which of the two classes it is does not matter to an unweighted chance level: H(pi) = H(1 - pi).
    return ShareEstimate(share, share, share, source)
