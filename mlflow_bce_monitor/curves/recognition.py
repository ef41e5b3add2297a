"""run -> curves: find the binary cross-entropy among the logged metrics, and what stands beside it.

Which loss is taken, when several are there, best first:

1. one the caller named (``--metric``);
2. one whose name says binary cross-entropy: it carries no regularisation penalty;
3. ``loss`` and its kin;

and among equals the one logged per epoch over the one logged per step, the longer over
the shorter (Hugging Face logs a one-point ``train_loss`` beside its ``loss`` curve).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from mlflow_bce_monitor.curves import names
from mlflow_bce_monitor.curves.cleaning import clean, drop_early_stopping_tail
from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, Role, Split
from mlflow_bce_monitor.curves.names import Grain, LossKind, NameReading
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.settings import Settings

_BINARY_LOSS_TEXT: Final = re.compile(
    r"binary.?cross.?entropy|\bbce|bce.?with|log.?loss|logistic|sigmoid.?cross|binary:|"
    r"objective.{0,4}binary|^binary$|binary.?focal",
    re.IGNORECASE,
)
_OTHER_LOSS_TEXT: Final = re.compile(
    r"\bmse\b|mseloss|mean.?squared|squared.?error|\bmae\b|mean.?absolute|l1.?loss|huber|hinge|"
    r"poisson|cosine|triplet|contrastive|\bctc|dice|\bkl|quantile|tweedie|gamma|multi:|multiclass|regression|reg:",
    re.IGNORECASE,
)
_CROSS_ENTROPY_TEXT: Final = re.compile(r"cross.?entropy|\bnll", re.IGNORECASE)

_CLASSIFIER_ROLES: Final = frozenset(
    {
        Role.ACCURACY,
        Role.BALANCED_ACCURACY,
        Role.PRECISION,
        Role.RECALL,
        Role.F1,
        Role.AUC,
        Role.PR_AUC,
    }
)
_BINARY_ROLES: Final = frozenset({Role.PRECISION, Role.RECALL, Role.F1, Role.AUC, Role.PR_AUC})
_SHARE_ROLES: Final = _CLASSIFIER_ROLES | {Role.REWARD_ACCURACY, Role.POSITIVE_SHARE}
"""Roles whose values lie between 0 and 1."""
_PERCENT: Final = 100.0
_SHARE_CEILING: Final = 1.0 + 1e-4
"""Averages of float32 batches may end a rounding error above 1."""

_PREFERENCE_ROLES: Final = frozenset({Role.REWARD_MARGIN, Role.REWARD_ACCURACY})

_NUMBERED_SET: Final = re.compile(r"valid(?:ation)?_(\d+)-")
_EARLY_STOPPING_METRICS: Final = ("best_iteration", "stopped_iteration")
_TWO_CLASSES: Final = 2
# A two-class model starts near accuracy 0.5 and ln 2; three classes start at 0.33 and 1.10. The last
# number is nats: how far the first loss may lie from ln(1 / first accuracy).
_LN_2: Final = math.log(2.0)
_MANY_CLASSES_EXCESS: Final = 0.2
_MANY_CLASSES_ACCURACY: Final = 0.45
_MANY_CLASSES_DISTANCE: Final = 0.7


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A metric whose name means something here."""

    curve: Curve
    reading: NameReading


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
    candidates = _first_set_is_training([*_candidates(record)])
    companions = _companions(candidates, limits)
    if metrics:
        return _named_by_caller(record, metrics, companions, limits)
    losses = [candidate for candidate in candidates if candidate.reading.role is Role.LOSS]
    adversarial = any(names.is_generator_loss(name) for name in record.histories)
    usable = [loss for loss in losses if adversarial or loss.reading.loss_kind is not LossKind.DISCRIMINATOR]
    if not usable:
        return CurveSet(None, None, None, companions, _nothing_found(record))
    chosen = _preferred(usable, adversarial=adversarial)
    certainty, reason = _certainty(chosen, candidates, record, settings)
    if certainty is None:
        return CurveSet(None, None, None, companions, reason)
    train = _best(chosen, Split.TRAIN, limits)
    validation = _best(chosen, Split.VALIDATION, limits)
    if train is None:
        return CurveSet(validation, None, certainty, companions, reason)
    return CurveSet(train, validation, certainty, companions, reason, _penalised(chosen, usable, limits))


def _penalised(chosen: Sequence[_Candidate], losses: Sequence[_Candidate], limits: Limits) -> Curve | None:
    """Return the generic ``loss`` of the training data that stands beside a named cross-entropy."""
    if chosen[0].reading.loss_kind is not LossKind.BINARY:
        return None
    generic = [loss for loss in losses if loss.reading.loss_kind is LossKind.GENERIC]
    return _best(generic, Split.TRAIN, limits)


def _candidates(record: RunRecord) -> Iterable[_Candidate]:
    best_iteration = _early_stopping_iteration(record.histories)
    for name, history in record.histories.items():
        reading = names.read_name(name)
        if reading is None or len(history) == 0:
            continue
        curve = _curve(history, reading, best_iteration)
        if reading.role not in _SHARE_ROLES:
            yield _Candidate(curve, reading)
        elif (share := _as_share(curve)) is not None:
            yield _Candidate(share, reading)


def _as_share(curve: Curve) -> Curve | None:
    """Return a metric between 0 and 1 as such where it was logged in percent, None when it is neither."""
    if curve.finite.size == 0 or (curve.finite.min() >= 0.0 and curve.finite.max() <= _SHARE_CEILING):
        return curve
    if curve.finite.min() < 0.0 or curve.finite.max() > _PERCENT * _SHARE_CEILING:
        return None
    return replace(curve, values=curve.values / _PERCENT, removed=(*curve.removed, "divided by 100"))


def _first_set_is_training(candidates: list[_Candidate]) -> list[_Candidate]:
    """Read the set numbered 0 as training data when a set 1 stands beside it and no other is.

    The scikit-learn interfaces of xgboost and lightgbm name the entries of ``eval_set``
    ``validation_0``, ``validation_1`` and ``valid_0``, ``valid_1``; the usual call is
    ``eval_set=[(X_train, y_train), (X_valid, y_valid)]``.
    """
    numbers = {candidate.curve.name: _NUMBERED_SET.match(candidate.curve.name) for candidate in candidates}
    present = {found.group(1) for found in numbers.values() if found}
    trained_on = [c for c in candidates if c.curve.role is Role.LOSS and c.curve.split is Split.TRAIN]
    if not {"0", "1"} <= present or trained_on:
        return candidates
    first = {name for name, found in numbers.items() if found and found.group(1) == "0"}
    return [
        replace(candidate, curve=replace(candidate.curve, split=Split.TRAIN))
        if candidate.curve.name in first
        else candidate
        for candidate in candidates
    ]


def _curve(history: MetricHistory, reading: NameReading, best_iteration: float | None) -> Curve:
    steps, values, removed = drop_early_stopping_tail(clean(history), best_iteration)
    return Curve(history.name, reading.role, reading.split or Split.TRAIN, steps, values, removed)


def _early_stopping_iteration(histories: Mapping[str, MetricHistory]) -> float | None:
    if not all(name in histories and len(histories[name]) for name in _EARLY_STOPPING_METRICS):
        return None
    value = float(histories["best_iteration"].values[-1])
    return value if np.isfinite(value) else None


def _companions(candidates: Sequence[_Candidate], limits: Limits) -> dict[tuple[Role, Split], Curve]:
    found: dict[tuple[Role, Split], Curve] = {}
    keys = {(c.curve.role, c.curve.split) for c in candidates if c.curve.role is not Role.LOSS}
    for role, split in sorted(keys, key=str):
        best = _best([c for c in candidates if c.curve.role is role], split, limits)
        if best is not None:
            found[role, split] = best
    return found


def _best(candidates: Sequence[_Candidate], split: Split, limits: Limits) -> Curve | None:
    """Return the most useful curve of a split: long enough and per epoch, then the longest."""
    of_split = [candidate for candidate in candidates if candidate.curve.split is split]
    if not of_split:
        return None

    def usefulness(candidate: _Candidate) -> tuple[bool, bool, bool, int]:
        curve, grain = candidate.curve, candidate.reading.grain
        return (
            len(curve) >= limits.min_points,
            # Keras autolog repeats the validation metrics of evaluate() as "validation_*", all at step 0.
            not any("all" in note and "logged at step" in note for note in curve.removed),
            grain is Grain.EPOCH,
            len(curve),
        )

    return max(of_split, key=usefulness).curve


def _preferred(losses: Sequence[_Candidate], *, adversarial: bool) -> list[_Candidate]:
    """Return the losses of the best kind that is there."""
    order = [LossKind.BINARY, LossKind.GENERIC, LossKind.CROSS_ENTROPY]
    if adversarial:
        order.insert(0, LossKind.DISCRIMINATOR)
    for kind in order:
        of_kind = [loss for loss in losses if loss.reading.loss_kind is kind]
        if of_kind:
            return of_kind
    return list(losses)


def _certainty(
    losses: Sequence[_Candidate], candidates: Sequence[_Candidate], record: RunRecord, settings: Settings
) -> tuple[LossCertainty | None, str]:
    """Judge whether the losses are binary cross-entropies, and say why."""
    name = losses[0].curve.name
    roles = {candidate.reading.role for candidate in candidates}
    if any(bool((loss.curve.finite < 0).any()) for loss in losses) and not _fell_below_zero(losses[0], roles):
        return None, f"{name!r} has negative values; a binary cross-entropy has none"
    return (
        _by_name(losses[0], roles)
        or _by_params(settings)
        or _by_contradiction(losses, candidates, record, settings)
        or _by_company(name, roles)
    )


def _fell_below_zero(loss: _Candidate, roles: set[Role]) -> bool:
    """Whether a classifier's loss set out above zero: labels outside [0, 1] leave it no floor."""
    binary = bool(roles & _BINARY_ROLES) or loss.reading.loss_kind is LossKind.BINARY
    return binary and loss.curve.finite.size > 0 and float(loss.curve.finite[0]) > 0.0


def _by_name(loss: _Candidate, roles: set[Role]) -> tuple[LossCertainty | None, str] | None:
    name = loss.curve.name
    if loss.reading.loss_kind is LossKind.DISCRIMINATOR:
        return LossCertainty.NAMED, f"{name!r} is the loss of a GAN's discriminator"
    if loss.reading.loss_kind is LossKind.BINARY:
        return LossCertainty.NAMED, f"the name {name!r}"
    if roles & _PREFERENCE_ROLES:
        return LossCertainty.NAMED, "rewards/* metrics: a preference loss, -ln sigmoid of a margin"
    return None


def _by_contradiction(
    losses: Sequence[_Candidate], candidates: Sequence[_Candidate], record: RunRecord, settings: Settings
) -> tuple[None, str] | None:
    """Return why the losses cannot be binary cross-entropies, None when nothing speaks against it."""
    roles = {candidate.reading.role for candidate in candidates}
    if settings.n_classes is not None and settings.n_classes.value > _TWO_CLASSES:
        return None, f"{settings.n_classes.source} = {settings.n_classes.value}: not a binary problem"
    if settings.n_outputs is not None and settings.n_outputs.value > _TWO_CLASSES:
        return (
            None,
            f"{settings.n_outputs.source} ends in {settings.n_outputs.value} outputs: not a binary problem",
        )
    regression = sorted(metric for metric in record.histories if names.is_regression_metric(metric))
    if regression and not roles & _BINARY_ROLES:
        return None, f"the metrics {', '.join(map(repr, regression[:3]))} belong to another kind of loss"
    if not roles & _BINARY_ROLES:
        return _many_classes(losses, candidates)
    return None


def _many_classes(losses: Sequence[_Candidate], candidates: Sequence[_Candidate]) -> tuple[None, str] | None:
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
            return None, (
                f"{loss.curve.name!r} starts at {first_loss:.2f} with accuracy {first_accuracy:.2f}: "
                "a problem of more than two classes"
            )
    return None


def _by_company(name: str, roles: set[Role]) -> tuple[LossCertainty, str]:
    if roles & _CLASSIFIER_ROLES:
        return LossCertainty.IMPLIED, f"{name!r} stands beside metrics of a classifier"
    return LossCertainty.ASSUMED, f"assumed: nothing but the name {name!r} says what this loss is"


def _by_params(settings: Settings) -> tuple[LossCertainty | None, str] | None:
    loss = settings.loss_name
    if loss is None:
        return None
    said = f"{loss.source} = {loss.value[:60]!r}"
    if _BINARY_LOSS_TEXT.search(loss.value):
        return LossCertainty.NAMED, said
    if _OTHER_LOSS_TEXT.search(loss.value):
        return None, f"{said}: not a binary cross-entropy"
    if _CROSS_ENTROPY_TEXT.search(loss.value) and settings.n_classes is not None:
        if settings.n_classes.value == _TWO_CLASSES:
            return LossCertainty.NAMED, f"{said} with {settings.n_classes.source} = 2"
        return None, f"{said} with {settings.n_classes.source} = {settings.n_classes.value}"
    return None


def _named_by_caller(
    record: RunRecord, metrics: Sequence[str], companions: dict[tuple[Role, Split], Curve], limits: Limits
) -> CurveSet:
    present = [name for name in metrics if name in record.histories and len(record.histories[name])]
    if not present:
        found = ", ".join(map(repr, sorted(record.histories)[:8])) or "no metrics at all"
        raise RunError(
            f"run {record.run_id} has no metric named {' or '.join(map(repr, metrics))}; found: {found}. "
            "Pass --metric with one of these."
        )
    best_iteration = _early_stopping_iteration(record.histories)
    candidates = []
    for name in present:
        _, split, grain = names.core(name)
        reading = NameReading(Role.LOSS, split, LossKind.BINARY, grain)
        candidates.append(_Candidate(_curve(record.histories[name], reading, best_iteration), reading))
    train = _best(candidates, Split.TRAIN, limits)
    validation = _best(candidates, Split.VALIDATION, limits)
    reason = "named by --metric"
    if train is None:
        return CurveSet(validation, None, LossCertainty.NAMED, companions, reason)
    if validation is None:
        validation = _twin_of(train, record, limits)
    return CurveSet(train, validation, LossCertainty.NAMED, companions, reason)


def _twin_of(train: Curve, record: RunRecord, limits: Limits) -> Curve | None:
    """Find the same quantity on held-back data: ``val_loss`` for ``loss``."""
    quantity = names.core(train.name)[0]
    twins = []
    for name, history in record.histories.items():
        words, split, grain = names.core(name)
        if words == quantity and split is Split.VALIDATION and len(history):
            reading = NameReading(Role.LOSS, split, LossKind.BINARY, grain)
            twins.append(_Candidate(_curve(history, reading, None), reading))
    return _best(twins, Split.VALIDATION, limits)


def _nothing_found(record: RunRecord) -> str:
    if not record.histories:
        return "no metrics were logged"
    shown = sorted(record.histories)[:6]
    if len(shown) == 1:
        return f"the only metric is no loss: {shown[0]!r}"
    return f"none of the {len(record.histories)} metrics is a loss: {', '.join(map(repr, shown))}"
