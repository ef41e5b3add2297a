"""What a metric's name says: its role, its split, and how fine its steps are.

Names of Keras, scikit-learn, xgboost, lightgbm, Hugging Face / TRL and Lightning are
understood, with any of the separators ``/ _ - . : @`` and blanks, in any case and order:
``val_loss``, ``loss/validation``, ``valid_0-binary_logloss``, ``train_loss_epoch``,
``training_roc_auc_score``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from mlflow_bce_monitor.curves.curve import Role, Split


class LossKind(str, Enum):
    """What a name says about a loss."""

    BINARY = "binary"  # names a binary cross-entropy
    GENERIC = "generic"  # "loss" and nothing else
    CROSS_ENTROPY = "cross_entropy"  # a cross-entropy of an unsaid number of classes
    FOCAL = "focal"  # a focal loss of yes or no
    DISCRIMINATOR = "discriminator"  # a GAN's discriminator


class Grain(str, Enum):
    """What one point of the curve stands for, as far as the name says."""

    EPOCH = "epoch"
    PLAIN = "plain"
    STEP = "step"


@dataclass(frozen=True)
class NameReading:
    """What one metric name means.

    ``split`` is None when the name does not say; the usual meaning is then training.
    ``loss_kind`` is None for everything but losses. ``complement`` says that the metric is one
    minus its role: an error rate is one minus an accuracy. ``in_bits`` says that the name
    gives the base of the logarithm as 2.
    """

    role: Role
    split: Split | None
    loss_kind: LossKind | None = None
    grain: Grain = Grain.PLAIN
    complement: bool = False
    in_bits: bool = False


_TRAIN_WORDS: Final = frozenset({"train", "training", "fit", "tr", "trn"})
_VALIDATION_WORDS: Final = frozenset(
    {
        *("val", "valid", "validation", "eval", "evaluation", "test", "testing", "dev", "holdout", "heldout"),
        *("va", "vld", "tst"),
    }
)
_FILLER_WORDS: Final = frozenset(
    {
        *("score", "metric", "metrics", "mean", "avg", "average", "running", "the"),
        # Lightning with several validation sets: val_loss/dataloader_idx_0.
        *("dataloader", "idx"),
    }
)
_GRAINS: Final = {
    "epoch": Grain.EPOCH,
    "step": Grain.STEP,
    "batch": Grain.STEP,
    "iter": Grain.STEP,
    "iteration": Grain.STEP,
}
_BIT_WORDS: Final = frozenset({"bits", "log2", "base2"})
_FOLDER_OF_LOSSES: Final = "losses"
"""A path such as ``losses/bce`` says "loss" once for everything below it."""
_SEPARATORS: Final = re.compile(r"[/_\-.:@\s]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Not metrics of a model: MLflow's own machine metrics, and the answers of this package's callback.
_IGNORED_PREFIXES: Final = ("system/", "bce/")
_COUNTED_LABELS: Final = frozenset({"bce/positive_share", "bce/validation_positive_share"})
"""What the callback logs of the labels alone, which is a fact like any other logged one."""

GENERATOR_LOSSES: Final = frozenset({"g loss", "loss g", "gen loss", "generator loss", "loss generator"})
"""Their presence beside a discriminator's loss makes a run adversarial."""

_ROLES: Final[dict[str, Role]] = {
    "accuracy": Role.ACCURACY,
    "acc": Role.ACCURACY,
    "binary accuracy": Role.ACCURACY,
    "binary acc": Role.ACCURACY,
    "categorical accuracy": Role.ACCURACY,
    "sparse categorical accuracy": Role.ACCURACY,
    "balanced accuracy": Role.BALANCED_ACCURACY,
    "balanced acc": Role.BALANCED_ACCURACY,
    "bal acc": Role.BALANCED_ACCURACY,
    "precision": Role.PRECISION,
    "ppv": Role.PRECISION,
    "recall": Role.RECALL,
    "sensitivity": Role.RECALL,
    "tpr": Role.RECALL,
    "f1": Role.F1,
    "auc": Role.AUC,
    "auroc": Role.AUC,
    "roc auc": Role.AUC,
    "rocauc": Role.AUC,
    "auc roc": Role.AUC,
    "binary auroc": Role.AUC,
    "pr auc": Role.PR_AUC,
    "prauc": Role.PR_AUC,
    "prc": Role.PR_AUC,
    "auprc": Role.PR_AUC,
    "aucpr": Role.PR_AUC,
    "auc pr": Role.PR_AUC,
    "precision recall": Role.PR_AUC,
    "ap": Role.PR_AUC,
    "learning rate": Role.LEARNING_RATE,
    "lr": Role.LEARNING_RATE,
    "grad norm": Role.GRADIENT_NORM,
    "gradient norm": Role.GRADIENT_NORM,
    "total grad norm": Role.GRADIENT_NORM,
    "global grad norm": Role.GRADIENT_NORM,
    "global gradient norm": Role.GRADIENT_NORM,
    "positive share": Role.POSITIVE_SHARE,
    "rewards margins": Role.REWARD_MARGIN,
    "rewards accuracies": Role.REWARD_ACCURACY,
    "logps chosen": Role.LOG_PROBABILITY,
    "kl": Role.KL_DIVERGENCE,
    "margin": Role.PAIR_MARGIN,
    **dict.fromkeys(GENERATOR_LOSSES, Role.GENERATOR_LOSS),
}

_ERROR_RATES: Final = frozenset({"binary error", "error rate", "misclassification rate"})
_BOOSTED_ERROR: Final = re.compile(r".+-error(@[0-9.]+)?")
"""xgboost's name for a share of wrong answers; elsewhere "error" may be any distance."""

_LOSSES: Final[dict[str, LossKind]] = {
    "loss": LossKind.GENERIC,
    "total loss": LossKind.GENERIC,
    "loss total": LossKind.GENERIC,
    "loss value": LossKind.GENERIC,
    "cost": LossKind.GENERIC,
    "criterion": LossKind.GENERIC,
    "objective": LossKind.GENERIC,
    "bce": LossKind.BINARY,
    "bce loss": LossKind.BINARY,
    "loss bce": LossKind.BINARY,
    "bce with logits": LossKind.BINARY,
    "bce with logits loss": LossKind.BINARY,
    "bcewith logits loss": LossKind.BINARY,  # BCEWithLogitsLoss, split at its capitals
    "bcewithlogitsloss": LossKind.BINARY,
    "bceloss": LossKind.BINARY,
    "binary crossentropy": LossKind.BINARY,
    "binary cross entropy": LossKind.BINARY,
    "binary cross entropy loss": LossKind.BINARY,
    "binary crossentropy loss": LossKind.BINARY,
    "binary cross entropy with logits": LossKind.BINARY,
    "binary loss": LossKind.BINARY,
    "logloss": LossKind.BINARY,
    "log loss": LossKind.BINARY,
    "logistic loss": LossKind.BINARY,
    "binary logloss": LossKind.BINARY,
    "binary log loss": LossKind.BINARY,
    "sigmoid cross entropy": LossKind.BINARY,
    "focal loss": LossKind.FOCAL,
    "loss focal": LossKind.FOCAL,
    "binary focal crossentropy": LossKind.FOCAL,
    "binary focal loss": LossKind.FOCAL,
    "sigmoid focal loss": LossKind.FOCAL,
    "crossentropy": LossKind.CROSS_ENTROPY,
    "cross entropy": LossKind.CROSS_ENTROPY,
    "cross entropy loss": LossKind.CROSS_ENTROPY,
    "crossentropy loss": LossKind.CROSS_ENTROPY,
    "ce loss": LossKind.CROSS_ENTROPY,
    "xent": LossKind.CROSS_ENTROPY,
    "ce": LossKind.CROSS_ENTROPY,
    "softmax cross entropy": LossKind.CROSS_ENTROPY,
    "softmax crossentropy": LossKind.CROSS_ENTROPY,
    "nll": LossKind.CROSS_ENTROPY,
    "nll loss": LossKind.CROSS_ENTROPY,
    "nllloss": LossKind.CROSS_ENTROPY,
    "neg log likelihood": LossKind.CROSS_ENTROPY,
    "negative log likelihood": LossKind.CROSS_ENTROPY,
    "d loss": LossKind.DISCRIMINATOR,
    "loss d": LossKind.DISCRIMINATOR,
    "disc loss": LossKind.DISCRIMINATOR,
    "loss disc": LossKind.DISCRIMINATOR,
    "discriminator loss": LossKind.DISCRIMINATOR,
    "loss discriminator": LossKind.DISCRIMINATOR,
}

REGRESSION_WORDS: Final = frozenset(
    {
        "mse",
        "rmse",
        "mae",
        "mape",
        "msle",
        "r2",
        "mean squared error",
        "root mean squared error",
        "mean absolute error",
        "explained variance",
        "perplexity",
        "ppl",
        "bleu",
        "rouge",
        "wer",
        "cer",
        "fid",
        "psnr",
        "ssim",
        "elbo",
        "kl",
        "kl loss",
        "reconstruction loss",
    }
)
"""Metrics that are logged beside losses which are not binary cross-entropies."""


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words."""
    spaced = _CAMEL.sub(" ", name)
    return tuple(word.lower() for word in _SEPARATORS.split(spaced) if word)


@lru_cache(maxsize=4096)
def core(name: str) -> tuple[str, Split | None, Grain]:
    """Return (the words that name the quantity, the split, the grain)."""
    split: Split | None = None
    grain = Grain.PLAIN
    kept: list[str] = []
    for word in words(name):
        if word in _TRAIN_WORDS:
            split = split or Split.TRAIN
        elif word in _VALIDATION_WORDS:
            split = Split.VALIDATION
        elif word in _GRAINS:
            grain = _GRAINS[word]
        elif word not in _FILLER_WORDS:
            kept.append(word)
    if _FOLDER_OF_LOSSES in kept:
        kept = [word for word in kept if word != _FOLDER_OF_LOSSES]
        kept += [] if "loss" in kept else ["loss"]
    # Keras numbers metrics made later in one session (auc_1), xgboost numbers its sets (validation_0).
    while len(kept) > 1 and (kept[-1].isdigit() or kept[0].isdigit()):
        kept.pop(-1 if kept[-1].isdigit() else 0)
    return " ".join(kept), split, grain


@lru_cache(maxsize=4096)
def read_name(name: str) -> NameReading | None:
    """Return what a metric name means, None when it is no curve this package uses."""
    if name.startswith(_IGNORED_PREFIXES) and name not in _COUNTED_LABELS:
        return None
    quantity, split, grain = core(name.removeprefix("bce/"))
    if words(name)[-2:] == ("average", "precision"):
        return NameReading(Role.PR_AUC, split, grain=grain)
    if quantity == "error" and _BOOSTED_ERROR.fullmatch(name):
        return NameReading(Role.ACCURACY, split, grain=grain, complement=True)
    return read_quantity(quantity, split, grain)


@lru_cache(maxsize=4096)
def read_quantity(quantity: str, split: Split | None, grain: Grain) -> NameReading | None:
    """Return what the words of a quantity mean, None when this package does not use it."""
    if quantity == "average precision":
        return NameReading(Role.PR_AUC, split, grain=grain)
    plain = " ".join(word for word in quantity.split(" ") if word not in _BIT_WORDS)
    if plain in _LOSSES:
        return NameReading(Role.LOSS, split, _LOSSES[plain], grain, in_bits=plain != quantity)
    if quantity in _ROLES:
        return NameReading(_ROLES[quantity], split, grain=grain)
    if quantity in _ERROR_RATES:
        return NameReading(Role.ACCURACY, split, grain=grain, complement=True)
    if quantity.startswith(("lr ", "learning rate ")):  # Lightning's LearningRateMonitor: lr-Adam/pg1
        return NameReading(Role.LEARNING_RATE, None, grain=grain)
    return None


NEUTRAL_WORDS: Final = frozenset(
    {
        *("model", "net", "network", "clf", "cls", "class", "classifier", "classification", "head"),
        *("main", "global", "overall", "combined", "final", "task", "target", "label", "labels", "y"),
        *("output", "prediction", "pred", "logit", "logits", "sigmoid", "supervised", "sup"),
    }
)
"""Words before "loss" that say no more of its kind than "loss" alone."""


_REGRESSION_QUANTITIES: Final = frozenset(core(words)[0] for words in REGRESSION_WORDS)
"""The same without the words that :func:`core` takes out of every name, such as "mean"."""


def is_regression_metric(name: str) -> bool:
    """Whether a metric belongs to a loss that is not a cross-entropy of labels."""
    return core(name)[0] in _REGRESSION_QUANTITIES


@lru_cache(maxsize=256)
def regression_metrics(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the metrics of a run that belong to such a loss, sorted."""
    return tuple(sorted(filter(is_regression_metric, names)))


@lru_cache(maxsize=256)
def are_adversarial(names: tuple[str, ...]) -> bool:
    """Whether one of the metrics of a run is the loss of a GAN's generator."""
    return any(core(name)[0] in GENERATOR_LOSSES for name in names)
