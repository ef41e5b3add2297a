"""Losses and predictions that cannot both be as logged."""

from __future__ import annotations

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.evidence.labels import wrong_labels
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.verdicts.confidence import CLEAR, LIKELY
from mlflow_bce_monitor.verdicts.signs import moved


def loss_without_predictions(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss far below chance beside predictions that are all one class.

    Keras keeps the logits behind a final activation: a one-unit softmax trains under
    ``binary_crossentropy`` while it predicts 1.0 for everything.
    """
    if not evidence["share_known"] or evidence.number("end_skill") <= limits.inconsistent_skill:
        return None
    if evidence.number_or("minority_share", 0.0) < limits.balanced_share:
        return None  # a rare class may stay below the threshold 0.5 in a good model
    if not evidence.get("accuracy_constant", False) or evidence.number("accuracy_gain") > limits.chance_band:
        return None
    because = (
        f"the loss is {evidence.number('end_skill'):.0%} below chance, "
        "yet the accuracy is that of predicting one class for everything"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def labels_outside_the_loss(evidence: Evidence, _: Limits) -> Judgement | None:
    """Find labels that no binary cross-entropy is defined for, as the callback saw them."""
    values = wrong_labels(evidence)
    if not values:
        return None
    because = f"the labels are {values}, and a binary cross-entropy is one of labels from 0 to 1"
    return Judgement(Verdict.INCONSISTENT, CLEAR, because)


def loss_of_something_else(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss below chance beside predictions that cost chance or more, both measured by the callback.

    A one-unit softmax on TensorFlow is the case: the loss is that of the logits behind it.
    """
    skill, cost = evidence.number("end_skill"), evidence.number_or("inside_recomputed", 0.0)
    if skill <= limits.unvalidated_band or not _is_of_something_else(evidence, limits):
        return None
    times = cost * (1.0 - skill) / evidence.number("end_level")
    if times < 1.0 - limits.chance_band or _predicts(evidence, limits):
        return None
    because = (
        f"the loss is {skill:.0%} below chance, yet the model's predictions cost {cost:.2f} nats, "
        f"{times:.2g} times chance: the loss is not that of the predictions"
    )
    return Judgement(Verdict.INCONSISTENT, CLEAR, because)


def _is_of_something_else(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss is lower than that of the predictions, or never depends on them."""
    of_one_unit = evidence.get("inside_activation") == "softmax" and evidence.get("inside_units") == 1
    return of_one_unit or evidence.number_or("inside_compiled_gap", 0.0) < -limits.other_loss


def _predicts(evidence: Evidence, limits: Limits) -> bool:
    """Whether the measured predictions are better than one class for everything, or rank the rows."""
    share = evidence.number_or("inside_positive_share", 0.5)
    gain = evidence.number_or("inside_accuracy", 0.0) - max(share, 1.0 - share)
    ranks = evidence.number_or("inside_roc_auc", 0.5) >= limits.auc_with_signal
    return ranks or gain > limits.unvalidated_band


def one_class_against_the_odds(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find predictions that are all of the *rarer* class beside a loss below that of predicting 0.5.

    Whoever lowers the loss moves the predictions towards the more frequent class first.
    """
    if (
        not evidence.get("accuracy_constant", False)
        or evidence.number("end_ratio") >= 1.0 - limits.chance_band
    ):
        return None
    if evidence.number_or("error_rate", 0.0) < 0.5 + limits.unvalidated_band:
        return None
    weighted = evidence.number_or("effective_minority_share", 0.0) != evidence.number_or(
        "minority_share", 1.0
    )
    if weighted:
        return None  # the weights make the rarer class the heavier one, or nothing is known of the shares
    because = (
        "the loss is below that of predicting 0.5 for everything, "
        f"yet {evidence.number('error_rate'):.0%} of the predictions are wrong: all are of the rarer class"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def constant_in_inference(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a network that ranks its training rows as it is trained, and gives one output when it is used."""
    if not evidence.get("constant_output", False) or evidence.number_or("validation_auc", 0.0) != 0.5:  # noqa: PLR2004
        return None
    area = evidence.number_or("auc", 0.5)
    if area < limits.auc_of_both:
        return None
    because = (
        f"the training AUC is {area:.2f}, yet held-back rows all get one output: "
        "the network predicts otherwise than it is trained, as with batch statistics that lag behind"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def contradicted(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a flat loss at chance beside predictions that are clearly better than chance.

    A model that has not moved at all may rank well by luck of its first weights.
    """
    if evidence["end_falling"] or not moved(evidence, limits):
        return None
    if evidence.number("end_skill") > limits.unvalidated_band:
        return None  # skill that may be memorised is no loss at chance
    for name in ("validation_auc", "auc"):
        if name not in evidence:
            continue
        area = evidence.number(name)
        if area >= limits.auc_contradiction:
            because = f"the loss is at chance and flat, yet the AUC is {area:.2f}"
            return Judgement(Verdict.INCONSISTENT, LIKELY, because)
        return None
    if "accuracy_gain" in evidence and evidence.number("accuracy_gain") > limits.accuracy_contradiction:
        gain = evidence.number("accuracy_gain")
        because = (
            f"the loss is at chance and flat, yet accuracy is {gain:.2f} above always predicting one class"
        )
        return Judgement(Verdict.INCONSISTENT, LIKELY, because)
    return None
