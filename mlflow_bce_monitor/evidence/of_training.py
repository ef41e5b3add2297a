"""Facts about how the model was built and trained, from params, model summary and data sets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.curves.curve import CurveSet, Role, Split
from mlflow_bce_monitor.curves.names import LossKind, read_name
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.settings import Setting, Settings

USUAL_RATES: Final[dict[str, float]] = {
    "adam": 1e-3,
    "adamw": 1e-3,
    "nadam": 1e-3,
    "adamax": 1e-3,
    "rmsprop": 1e-3,
    "lion": 1e-4,
    "adagrad": 2e-2,
    "adadelta": 1.0,
    "ftrl": 3e-2,
    "sgd": 3e-2,
    "momentum": 3e-2,
}
"""Default learning rates of Keras 3 (``keras.optimizers``); Adadelta's is that of its paper. Of the plain
gradient methods no default is usual: 0.03 is the geometric middle of Keras' 0.01 and the 0.1 of most
published image models (He et al. 2016, arXiv:1512.03385); Adagrad's steps shrink by themselves, so more than
the 0.001 of Keras and the 0.01 of PyTorch is common."""

_USUAL_RATE_OF_ANY: Final = 1e-3
"""For an optimizer that is not named: Adam is what most people use."""

_SATURATING: Final = ("sigmoid", "tanh")
_RECTIFIED: Final = re.compile(r"(?<!leaky)(?:^|[^a-z])relu")
"""A ReLU, and none of its kin that let a gradient through below zero (leaky, PReLU, GELU, ELU)."""
_CONSTANT_INITIALIZERS: Final = ("zero", "ones", "constant")

_USUAL_RATE_OF_BOOSTING: Final = 0.1
"""Default of lightgbm and scikit-learn; xgboost's is 0.3. Shrinkage of trees is no gradient step, and
Adam's rate would call every one of them far too high."""

_USUAL_RATE_OF_FINE_TUNING: Final = 3e-5
"""Devlin et al. 2019 (arXiv:1810.04805) recommend 2e-5 to 5e-5 for BERT, and those after them kept to it; the
``Trainer`` of transformers starts at 5e-5. Adam's own default forgets what was learned before."""

_LEAST_PREFERENCE_RATE: Final = 5e-7
"""Of all weights, as Rafailov et al. 2023 (arXiv:2305.18290) trained with 1e-6 and TRL's examples do with
5e-7; adapters take 1e-4. Between these two nothing is unusual, below them no policy moves."""

_OPTIMIZER_STRIDE: Final = 10
"""Steps between two points from which the axis counts the optimizer's steps: trainers log every 10, 50
or 500 of them, while epochs are logged one by one or, with rare validation, every 2 or 5."""

_OPTIMIZERS_KEPT: Final = 256
"""Names of optimizers whose usual rate is kept."""

_PREFERENCE_ROLES: Final = (Role.REWARD_MARGIN, Role.REWARD_ACCURACY)


TRAINING: Final = (
    *("learning_rate", "optimizer", "rate_ratio", "n_epochs", "n_updates", "narrowest_layer"),
    *("n_features", "n_parameters", "l2", "dropout", "depth"),
    *("trainable_share", "saturating_activation", "rectified_activation", "zero_initializer"),
    *("gradient_norm",),
)
"""What :func:`training` finds."""


def training(
    view: LossView, curves: CurveSet, settings: Settings, rows: Setting[int] | None
) -> Iterator[Fact]:
    """Yield rate, length, size and regularisation, each with the param or metric that says so."""
    yield from _learning_rate(curves, settings)
    epochs = _epochs(view, settings)
    if epochs is not None:
        yield Fact("n_epochs", epochs.value, epochs.source, Tier.RUN)
    updates = _updates(view, settings, rows)
    if updates is not None:
        yield Fact("n_updates", updates.value, updates.source, Tier.RUN)
    if settings.hidden_units is not None:
        narrowest = min(settings.hidden_units.value)
        yield Fact("narrowest_layer", narrowest, settings.hidden_units.source, Tier.RUN)
    for name, setting in (
        ("n_features", settings.n_features),
        ("n_parameters", settings.n_parameters),
        ("l2", settings.l2),
        ("dropout", settings.dropout),
        ("depth", settings.depth),
    ):
        if setting is not None:
            yield Fact(name, setting.value, setting.source, Tier.RUN)
    yield from _architecture(settings)
    gradient = curves.companion(Role.GRADIENT_NORM, Split.TRAIN)
    if gradient is not None and gradient.finite.size:
        yield Fact("gradient_norm", float(gradient.finite[-1]), f"metric {gradient.name!r}", Tier.CURVE)


def _architecture(settings: Settings) -> Iterator[Fact]:
    total, trainable = settings.n_parameters, settings.n_trainable_parameters
    if total is not None and trainable is not None and total.value > 0:
        yield Fact("trainable_share", trainable.value / total.value, trainable.source, Tier.RUN)
    if settings.activation is not None:
        saturating = any(word in settings.activation.value.lower() for word in _SATURATING)
        yield Fact("saturating_activation", saturating, settings.activation.source, Tier.RUN)
        rectified = _RECTIFIED.search(settings.activation.value.lower()) is not None
        yield Fact("rectified_activation", rectified, settings.activation.source, Tier.RUN)
    if settings.initializer is not None:
        constant = any(word in settings.initializer.value.lower() for word in _CONSTANT_INITIALIZERS)
        yield Fact("zero_initializer", constant, settings.initializer.source, Tier.RUN)


def _learning_rate(curves: CurveSet, settings: Settings) -> Iterator[Fact]:
    """Yield the highest rate in force: a schedule that starts high does its damage early."""
    logged = curves.companion(Role.LEARNING_RATE, Split.TRAIN)
    rate: Setting[float] | None = settings.learning_rate
    tier = Tier.RUN
    if logged is not None and logged.finite.size:
        rate, tier = Setting(float(logged.finite.max()), f"metric {logged.name!r}"), Tier.CURVE
    if rate is None:
        return
    yield Fact("learning_rate", rate.value, rate.source, tier)
    if any(role in _PREFERENCE_ROLES for role, _ in curves.companions):
        if rate.value < _LEAST_PREFERENCE_RATE:
            source = f"{rate.source}, against the least that preference trainings use"
            yield Fact("rate_ratio", rate.value / _LEAST_PREFERENCE_RATE, source, tier)
        return
    usual, source = _USUAL_RATE_OF_ANY, f"{rate.source}, against Adam's usual rate"
    if settings.by_boosting:
        usual, source = _USUAL_RATE_OF_BOOSTING, f"{rate.source}, against the usual one of boosting"
    if settings.by_hugging_face:
        usual, source = _USUAL_RATE_OF_FINE_TUNING, f"{rate.source}, against the usual one of fine-tuning"
    if settings.optimizer is not None:
        yield Fact("optimizer", settings.optimizer.value, settings.optimizer.source, Tier.RUN)
        named = usual_rate(settings.optimizer.value)
        if named is not None and not settings.by_hugging_face:
            usual, source = named, f"{rate.source} and {settings.optimizer.source}"
    yield Fact("rate_ratio", rate.value / usual, source, tier)


@lru_cache(maxsize=_OPTIMIZERS_KEPT)
def usual_rate(optimizer: str) -> float | None:
    """Return the usual learning rate of an optimizer, None for a name that is not known."""
    lowered = optimizer.lower()
    # The longest name first: "adamw" contains "adam".
    for name in sorted(USUAL_RATES, key=len, reverse=True):
        if name in lowered:
            return USUAL_RATES[name]
    return None


def _epochs(view: LossView, settings: Settings) -> Setting[int] | None:
    """Epochs that were run: early stopping makes the param an upper bound, the curve has one point each."""
    if settings.epochs is None:
        return None
    if view.findings.n_points < settings.epochs.value and _per_epoch(view, settings):
        return Setting(view.findings.n_points, f"points of {view.curve.name!r}")
    return settings.epochs


def _per_epoch(view: LossView, settings: Settings) -> bool:
    """Whether the curve has at most one point an epoch."""
    return settings.epochs is not None and view.findings.n_points <= settings.epochs.value


def _updates(view: LossView, settings: Settings, rows: Setting[int] | None) -> Setting[int] | None:
    epochs = _epochs(view, settings)
    if rows is not None and settings.batch_size is not None and epochs is not None:
        per_epoch = math.ceil(rows.value / settings.batch_size.value)
        source = f"{rows.source}, {settings.batch_size.source}, {epochs.source}"
        return Setting(per_epoch * epochs.value, source)
    if len(view.curve) > 1 and not _per_epoch(view, settings):
        steps = view.curve.steps
        stride = int(np.median(np.diff(steps)))
        if stride >= _OPTIMIZER_STRIDE:
            return Setting(int(steps[-1]) - int(steps[0]) + stride, f"steps of {view.curve.name!r}")
    return None


def context(curves: CurveSet, train: LossView, settings: Settings) -> Iterator[Fact]:
    """Yield what kind of training it is, as far as the names of metrics and params tell."""
    reading = read_name(train.curve.name)
    adversarial = reading is not None and reading.loss_kind is LossKind.DISCRIMINATOR
    preference = any(role in _PREFERENCE_ROLES for role, _ in curves.companions)
    yield Fact("adversarial", adversarial, "names of the metrics", Tier.CURVE)
    yield Fact("preference_loss", preference, "names of the metrics", Tier.CURVE)
    if settings.by_boosting:
        yield Fact("boosted_trees", True, "names of the params", Tier.RUN)  # noqa: FBT003 - a fact's value
    if preference:
        yield Fact("pretrained", True, "names of the metrics", Tier.CURVE)  # noqa: FBT003 - a fact's value
    elif settings.pretrained is not None:
        yield Fact("pretrained", settings.pretrained.value, settings.pretrained.source, Tier.RUN)
