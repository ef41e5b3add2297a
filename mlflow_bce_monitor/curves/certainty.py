"""Whether a loss is a binary cross-entropy, how sure that is, and what of: one label, several, a pair.

The questions in order: does the metric's name say so, do the params, does anything speak
against it, and what stands beside it. The first answer counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves import names
from mlflow_bce_monitor.curves.candidates import CLASSIFIER_ROLES, Candidate
from mlflow_bce_monitor.curves.curve import LossCertainty, PreferenceLoss, Role, together
from mlflow_bce_monitor.curves.names import LossKind
from mlflow_bce_monitor.curves.preference import preference_loss
from mlflow_bce_monitor.records import MetricHistory
from mlflow_bce_monitor.settings import Setting, Settings

_BINARY_LOSS_TEXT: Final = re.compile(
    r"binary.?cross.?entropy|\bbce|bce.?with|log.?loss|logistic|sigmoid.?cross|binary:|"
    r"objective.{0,4}binary|^binary$|binary.?focal|sigmoid.?focal|multi.?label.?soft.?margin",
    re.IGNORECASE,
)
_OTHER_LOSS_TEXT: Final = re.compile(
    r"\bmse\b|mseloss|mean.?squared|squared.?error|\bmae\b|mean.?absolute|l1.?loss|huber|hinge|"
    r"poisson|cosine|triplet|contrastive|\bctc|dice|\bkl|quantile|tweedie|^gamma$|gamma.?(?:deviance|nll)|"
    r"multi:|multiclass|regression|reg:",
    re.IGNORECASE,
)
_CROSS_ENTROPY_TEXT: Final = re.compile(r"cross.?entropy|\bnll", re.IGNORECASE)

_BINARY_ROLES: Final = frozenset({Role.PRECISION, Role.RECALL, Role.F1, Role.AUC, Role.PR_AUC})

_TWO_CLASSES: Final = 2
# A two-class model starts near accuracy 0.5 and ln 2; three classes start at 0.33 and 1.10. The last
# number is nats: how far the first loss may lie from ln(1 / first accuracy).
_LN_2: Final = math.log(2.0)
_MANY_CLASSES_EXCESS: Final = 0.2
_MANY_CLASSES_ACCURACY: Final = 0.45
_MANY_CLASSES_DISTANCE: Final = 0.7

_SOFTMAX_SLACK: Final = 0.9
"""Of the least loss that calibrated predictions with so many errors have; means over an epoch scatter."""


@dataclass(frozen=True)
class Certainty:
    """What a loss is taken for.

    Attributes
    ----------
    level
        How sure it is that the loss is a binary cross-entropy; None when it is something else.
    reason
        Why, in words.
    n_labels
        Yes-or-no labels of a row whose losses are averaged.
    preference
        Which preference loss it is, None for a classifier's.
    """

    level: LossCertainty | None
    reason: str
    n_labels: int = 1
    preference: PreferenceLoss | None = None


def certainty_of(
    losses: Sequence[Candidate],
    candidates: Sequence[Candidate],
    histories: Mapping[str, MetricHistory],
    settings: Settings,
) -> Certainty:
    """Judge whether the losses are binary cross-entropies, and say why.

    Parameters
    ----------
    losses
        At least one, all of one kind.
    candidates
        Everything that was recognised beside them.
    histories
        All metrics as logged: some are telling though they are no curve that is used.
    settings
        What the params and the model summary say.
    """
    name = losses[0].curve.name
    roles = {candidate.reading.role for candidate in candidates}
    negative = [loss for loss in losses if loss.curve.finite.size and loss.curve.finite.min() < 0.0]
    if not all(_fell_below_zero(loss, roles, settings) for loss in negative):
        return Certainty(None, f"{name!r} has negative values; a binary cross-entropy has none")
    return (
        _by_name(losses[0])
        or _by_rewards(roles, histories, settings)
        or _by_params(settings)
        or of_many_outputs(losses, candidates, settings)
        or _by_contradiction(losses, candidates, roles, histories, settings)
        or _by_company(name, roles)
    )


def many_outputs(settings: Settings) -> Setting[int] | None:
    """Return how many classes or labels the run says the model has, when these are more than two."""
    for count in (settings.n_classes, settings.n_outputs):
        if count is not None and count.value > _TWO_CLASSES:
            return count
    return None


def _fell_below_zero(loss: Candidate, roles: set[Role], settings: Settings) -> bool:
    """Whether the loss is a classifier's all the same: labels outside [0, 1] leave it no floor.

    The first epoch may already have taken it below zero.
    """
    stated = settings.loss_name is not None and bool(_BINARY_LOSS_TEXT.search(settings.loss_name.value))
    return stated or bool(roles & CLASSIFIER_ROLES) or loss.reading.loss_kind is LossKind.BINARY


def _by_name(loss: Candidate) -> Certainty | None:
    name, kind = loss.curve.name, loss.reading.loss_kind
    if kind is LossKind.DISCRIMINATOR:
        return Certainty(LossCertainty.NAMED, f"{name!r} is the loss of a GAN's discriminator")
    if kind in (LossKind.BINARY, LossKind.FOCAL):
        return Certainty(LossCertainty.NAMED, f"the name {name!r}")
    return None


def _by_rewards(
    roles: set[Role], histories: Mapping[str, MetricHistory], settings: Settings
) -> Certainty | None:
    preference, reason = preference_loss(roles, histories, settings)
    if preference is None:
        return None
    level = None if preference is PreferenceLoss.OTHER else LossCertainty.NAMED
    return Certainty(level, reason, preference=preference)


def _by_params(settings: Settings) -> Certainty | None:
    loss = settings.loss_name
    if loss is None:
        return _by_task(settings)
    said = f"{loss.source} = {loss.value[:60]!r}"
    many = many_outputs(settings)
    if _BINARY_LOSS_TEXT.search(loss.value):
        return Certainty(LossCertainty.NAMED, said, n_labels=many.value if many is not None else 1)
    if _OTHER_LOSS_TEXT.search(loss.value):
        return Certainty(None, f"{said}: not a binary cross-entropy")
    if _CROSS_ENTROPY_TEXT.search(loss.value) and settings.n_classes is not None:
        if settings.n_classes.value == _TWO_CLASSES:
            return Certainty(LossCertainty.NAMED, f"{said} with {settings.n_classes.source} = 2")
        return Certainty(None, f"{said} with {_over_many(settings.n_classes)}")
    return _by_task(settings)


def _by_task(settings: Settings) -> Certainty | None:
    task = settings.other_task
    if task is None:
        return None
    return Certainty(None, f"{task.source} = {task.value[:60]!r}: no classification")


def of_many_outputs(
    losses: Sequence[Candidate], candidates: Sequence[Candidate], settings: Settings
) -> Certainty | None:
    """Tell a softmax over many classes (no level) from a yes-or-no label for each of many outputs.

    None when the run does not say that its model has more than two.
    """
    many = many_outputs(settings)
    if many is None:
        return None
    stated = settings.multi_label
    if stated is not None:
        return Certainty(LossCertainty.NAMED, f"{stated.source} = {stated.value!r}", n_labels=many.value)
    for candidate in candidates:
        if names.core(candidate.curve.name)[0] == "binary accuracy":
            reason = f"{many.value} outputs beside {candidate.curve.name!r}: one label for each"
            return Certainty(LossCertainty.IMPLIED, reason, n_labels=many.value)
    if any(_too_low_for_a_softmax(loss, candidates) for loss in losses):
        reason = (
            f"{losses[0].curve.name!r} is lower than a softmax of so many errors can be, "
            f"and there are {many.value} outputs: one label for each"
        )
        return Certainty(LossCertainty.IMPLIED, reason, n_labels=many.value)
    return Certainty(None, _over_many(many))


def _over_many(count: Setting[int]) -> str:
    k = count.value
    said = f"{count.source} = {k}" if "[" in count.source else f"{count.source} ends in {k} outputs"
    return (
        f"{said}: not a binary problem; a softmax over {k} classes has ln {k} = {math.log(k):.3f} at chance, "
        "which --metric would compare it with"
    )


def _too_low_for_a_softmax(loss: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether most of a loss is lower than the errors of a softmax allow.

    Where the most probable of k classes has probability 1 - e, the entropy is at least
    2 ln 2 * e; so a calibrated softmax costs at least 2 ln 2 for each of its errors. The
    mean loss over several yes-or-no labels costs less for each row whose labels are not
    all right.
    """
    accuracy = next(
        (c.curve for c in candidates if c.curve.role is Role.ACCURACY and c.curve.split is loss.curve.split),
        None,
    )
    if accuracy is None:
        return False
    _, losses, accuracies = together(loss.curve, accuracy)
    least = 2.0 * _LN_2 * (1.0 - accuracies)
    too_low = losses < _SOFTMAX_SLACK * least
    return bool(2 * int(too_low.sum()) > too_low.size)


def _by_contradiction(
    losses: Sequence[Candidate],
    candidates: Sequence[Candidate],
    roles: set[Role],
    histories: Mapping[str, MetricHistory],
    settings: Settings,
) -> Certainty | None:
    """Return why the losses cannot be binary cross-entropies, None when nothing speaks against it."""
    if roles & _BINARY_ROLES:
        return None
    regression = names.regression_metrics(tuple(histories))
    if regression:
        shown = ", ".join(map(repr, regression[:3]))
        return Certainty(None, f"the metrics {shown} belong to another kind of loss")
    if settings.n_outputs is not None:
        return None  # one output or two: whatever the start looks like
    return _by_its_start(losses, candidates)


def _by_its_start(losses: Sequence[Candidate], candidates: Sequence[Candidate]) -> Certainty | None:
    """Recognise a softmax over three or more classes by its start: accuracy 1/k with a loss of ln k."""
    accuracies = [c.curve for c in candidates if c.curve.role is Role.ACCURACY and c.curve.finite.size]
    for loss in losses:
        accuracy = next((a for a in accuracies if a.split is loss.curve.split), None)
        if accuracy is None or not loss.curve.finite.size:
            continue
        first_loss, first_accuracy = float(loss.curve.finite[0]), float(accuracy.finite[0])
        if (
            first_loss > _LN_2 + _MANY_CLASSES_EXCESS
            and 0.0 < first_accuracy < _MANY_CLASSES_ACCURACY
            and abs(first_loss + np.log(first_accuracy)) < _MANY_CLASSES_DISTANCE
        ):
            reason = (
                f"{loss.curve.name!r} starts at {first_loss:.2f} with accuracy {first_accuracy:.2f}: "
                "a problem of more than two classes"
            )
            return Certainty(None, reason)
    return None


def _by_company(name: str, roles: set[Role]) -> Certainty:
    if roles & CLASSIFIER_ROLES:
        return Certainty(LossCertainty.IMPLIED, f"{name!r} stands beside metrics of a classifier")
    return Certainty(LossCertainty.ASSUMED, f"assumed: nothing but the name {name!r} says what this loss is")
