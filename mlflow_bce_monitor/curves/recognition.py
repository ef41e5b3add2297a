"""run -> curves: find the binary cross-entropy among the logged metrics, and what stands beside it.

Which loss is taken, when several are there, best first:

1. one the caller named (``--metric``);
2. of a model with several outputs, the head whose loss fell least (``heads.py``);
3. one whose name says binary cross-entropy: it carries no regularisation penalty;
4. ``loss`` and its kin;

and among equals the one logged per epoch over the one logged per step, the longer over
the shorter (Hugging Face logs a one-point ``train_loss`` beside its ``loss`` curve).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from mlflow_bce_monitor.curves import heads, names
from mlflow_bce_monitor.curves.candidates import (
    CLASSIFIER_ROLES,
    Candidate,
    best_of,
    candidates_of,
    companions_of,
    curve_of,
    early_stopping_iteration,
)
from mlflow_bce_monitor.curves.certainty import Certainty, certainty_of, many_outputs, of_many_outputs
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, PreferenceLoss, Role, Split
from mlflow_bce_monitor.curves.heads import Head
from mlflow_bce_monitor.curves.names import LossKind, NameReading
from mlflow_bce_monitor.curves.preference import preference_loss
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.settings import Settings

Companions = Mapping[tuple[Role, Split], Curve]

_AT_A_THRESHOLD: Final = frozenset(
    {Role.ACCURACY, Role.BALANCED_ACCURACY, Role.PRECISION, Role.RECALL, Role.F1}
)
"""Roles that say something about the share of positives, if there is one label with two values."""


def recognise(record: RunRecord, settings: Settings, limits: Limits, metrics: Sequence[str] = ()) -> CurveSet:
    """Recognise the curves of one run.

    Parameters
    ----------
    record
        The run.
    settings
        What its params say; the loss function's name and the number of classes are used.
    limits
        Thresholds.
    metrics
        Names of metrics to take as binary cross-entropies; () to recognise them.

    Returns
    -------
    CurveSet
        With ``loss`` None and a reason when the run has no binary cross-entropy.

    Raises
    ------
    RunError
        When none of ``metrics`` was logged.
    """
    candidates = candidates_of(record.histories)
    if metrics:
        return _named_by_caller(record, metrics, candidates, settings, limits)
    logged = tuple(record.histories)
    parts = heads.heads_of(logged)
    head = _worst_head(parts, record, settings, limits) if parts else None
    if head is not None:
        return head
    losses = [candidate for candidate in candidates if candidate.reading.role is Role.LOSS]
    adversarial = names.are_adversarial(logged)
    usable = [loss for loss in losses if adversarial or loss.reading.loss_kind is not LossKind.DISCRIMINATOR]
    companions = companions_of(candidates, limits)
    if not usable:
        return _lone_loss(record, settings, limits) or CurveSet(
            None, None, None, companions, _nothing_found(record)
        )
    chosen = _preferred(usable, adversarial=adversarial)
    if chosen[0].reading.loss_kind is LossKind.GENERIC and (reason := _sum_of(chosen, parts, record)):
        return CurveSet(None, None, None, companions, reason)
    certainty = certainty_of(chosen, candidates, record.histories, settings)
    penalised = None if parts else _penalised(chosen, usable, limits)
    return _curve_set(chosen, companions, certainty, penalised, limits)


def _curve_set(
    chosen: Sequence[Candidate],
    companions: Companions,
    certainty: Certainty,
    penalised: Curve | None,
    limits: Limits,
) -> CurveSet:
    level, reason = certainty.level, certainty.reason
    train, validation = (best_of(chosen, split, limits) for split in (Split.TRAIN, Split.VALIDATION))
    if level is None:
        return CurveSet(None, None, None, dict(companions), reason)
    if train is None:
        train, validation, penalised = validation, None, None
    found = CurveSet(
        train,
        validation,
        level,
        dict(companions),
        reason,
        penalised,
        preference=certainty.preference,
        n_labels=certainty.n_labels,
    )
    return _without_shares(found) if found.n_labels > 1 else found


def _without_shares(curves: CurveSet) -> CurveSet:
    """Leave out what is measured at one threshold: over many labels it tells no share of positives."""
    kept = {key: curve for key, curve in curves.companions.items() if key[0] not in _AT_A_THRESHOLD}
    return replace(curves, companions=kept)


def _worst_head(
    parts: Sequence[Head], record: RunRecord, settings: Settings, limits: Limits
) -> CurveSet | None:
    """Return the binary head whose loss fell least, None when no head is known to be binary."""
    known = [
        (head, candidates)
        for head in parts
        if heads.is_binary(candidates := candidates_of(record.histories, heads.reader_for(head)))
    ]
    # What the params and the summary say of a loss and of outputs is said of the whole model.
    settings = replace(settings, loss_name=None, n_classes=None, n_outputs=None, multi_label=None)
    found: list[tuple[float, CurveSet]] = []
    for head, candidates in known:
        losses = [candidate for candidate in candidates if candidate.reading.role is Role.LOSS]
        own = {candidate.curve.name: record.histories[candidate.curve.name] for candidate in candidates}
        chosen = _preferred(losses, adversarial=False)
        certainty = certainty_of(chosen, candidates, own, settings)
        curves = _curve_set(chosen, companions_of(candidates, limits), certainty, None, limits)
        if curves.loss is not None:
            others = "" if len(parts) == 1 else f", one of {len(parts)} heads"
            reason = f"{certainty.reason}; the head {head.name!r}{others}"
            found.append((heads.share_left(curves.loss, limits), replace(curves, reason=reason)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _lone_loss(record: RunRecord, settings: Settings, limits: Limits) -> CurveSet | None:
    """Return the only loss of a run where nothing but a word before or after "loss" is unknown.

    ``box_loss`` or ``policy_loss`` alone is no classifier's; ``model_loss`` is no less one than ``loss``,
    and with an accuracy beside it any name is.
    """
    lone = heads.lone_loss(record.histories)
    if lone is None:
        return None
    candidates = candidates_of(record.histories, partial(heads.read_beside, lone))
    roles = {candidate.reading.role for candidate in candidates}
    neutral = names.NEUTRAL_WORDS.issuperset(lone.name.split(" "))
    losses = [candidate for candidate in candidates if candidate.curve.name in lone.losses]
    if not losses or not (neutral or roles & CLASSIFIER_ROLES):
        return None
    certainty = certainty_of(losses, candidates, record.histories, settings)
    return _curve_set(losses, companions_of(candidates, limits), certainty, None, limits)


def _sum_of(chosen: Sequence[Candidate], parts: Sequence[Head], record: RunRecord) -> str:
    """Say of which sub-losses the losses are a sum, "" when they are none."""
    for total in chosen:
        of_split = [
            name
            for head in parts
            for name in head.losses
            if (names.core(name)[1] or Split.TRAIN) is total.curve.split
        ]
        if heads.is_sum_of(record.histories[total.curve.name], [record.histories[name] for name in of_split]):
            shown = ", ".join(map(repr, of_split))
            return (
                f"{total.curve.name!r} is the sum of {shown}, none of which is known to be a binary "
                "cross-entropy; pass --metric with the one that is"
            )
    return ""


def _penalised(chosen: Sequence[Candidate], losses: Sequence[Candidate], limits: Limits) -> Curve | None:
    """Return the generic ``loss`` of the training data that stands beside a named cross-entropy."""
    if chosen[0].reading.loss_kind is not LossKind.BINARY:
        return None
    generic = [loss for loss in losses if loss.reading.loss_kind is LossKind.GENERIC]
    return best_of(generic, Split.TRAIN, limits)


def _preferred(losses: Sequence[Candidate], *, adversarial: bool) -> list[Candidate]:
    """Return the losses of the best kind that is there."""
    order = [LossKind.BINARY, LossKind.FOCAL, LossKind.GENERIC, LossKind.CROSS_ENTROPY]
    if adversarial:
        order.insert(0, LossKind.DISCRIMINATOR)
    for kind in order:
        of_kind = [loss for loss in losses if loss.reading.loss_kind is kind]
        if of_kind:
            return of_kind
    return list(losses)


def _named_by_caller(
    record: RunRecord,
    metrics: Sequence[str],
    candidates: Sequence[Candidate],
    settings: Settings,
    limits: Limits,
) -> CurveSet:
    present = [name for name in metrics if name in record.histories and len(record.histories[name])]
    if not present:
        logged = ", ".join(map(repr, sorted(record.histories)[:8])) or "no metrics at all"
        raise RunError(
            f"run {record.run_id} has no metric named {' or '.join(map(repr, metrics))}; found: {logged}. "
            "Pass --metric with one of these."
        )
    best_iteration = early_stopping_iteration(record.histories)
    chosen = [_as_loss(record.histories[name], best_iteration) for name in present]
    roles = {candidate.reading.role for candidate in candidates}
    preference = preference_loss(roles, record.histories, settings)[0]
    outputs = of_many_outputs(chosen, candidates, settings)
    certainty = Certainty(
        LossCertainty.NAMED,
        "named by --metric",
        n_labels=outputs.n_labels if outputs is not None else 1,
        preference=None if preference is PreferenceLoss.OTHER else preference,
    )
    found = _curve_set(chosen, companions_of(candidates, limits), certainty, None, limits)
    if found.loss is not None and found.validation_loss is None and found.loss.split is Split.TRAIN:
        found = replace(found, validation_loss=_twin_of(found.loss, record, limits))
    many = many_outputs(settings)
    if many is None or outputs is None or outputs.level is not None:
        return found
    # AUCs of softmax outputs are taken over all classes together, and one of ties is not 0.5.
    found = _without_shares(found)
    kept = {key: curve for key, curve in found.companions.items() if key[0] not in (Role.AUC, Role.PR_AUC)}
    return replace(found, n_classes=many.value, companions=kept)


def _as_loss(history: MetricHistory, best_iteration: float | None) -> Candidate:
    _, split, grain = names.core(history.name)
    reading = NameReading(Role.LOSS, split, LossKind.BINARY, grain)
    return Candidate(curve_of(history, reading, best_iteration), reading)


def _twin_of(train: Curve, record: RunRecord, limits: Limits) -> Curve | None:
    """Find the same quantity on held-back data: ``val_loss`` for ``loss``."""
    quantity = names.core(train.name)[0]
    twins = [
        _as_loss(history, None)
        for name, history in record.histories.items()
        if names.core(name)[:2] == (quantity, Split.VALIDATION) and len(history)
    ]
    return best_of(twins, Split.VALIDATION, limits)


def _nothing_found(record: RunRecord) -> str:
    if not record.histories:
        return "no metrics were logged"
    shown = sorted(record.histories)[:6]
    advice = "pass --metric with the name of one that is a binary cross-entropy all the same"
    if len(shown) == 1:
        return f"by its name the only metric is no loss: {shown[0]!r}; {advice}"
    listed = ", ".join(map(repr, shown))
    return f"by their names none of the {len(record.histories)} metrics is a loss: {listed}; {advice}"
