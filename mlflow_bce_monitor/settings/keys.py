"""Under which names people log their settings.

Key endings, most telling first. A key matches when its words end with the words given. An ending
that is asked for stands here, or :data:`ASKED` would leave the keys that end so out.
"""

from __future__ import annotations

from typing import Final

LOSS_KEYS: Final = ("loss fn", "loss function", "loss name", "loss type", "criterion", "objective", "loss")
CLASSES_KEYS: Final = ("num classes", "n classes", "num labels", "n labels", "num class")
LABEL_NAMES_KEYS: Final = ("id2label",)
SHARE_KEYS: Final = (
    "positive share",
    "share of positives",
    "positive rate",
    "positive fraction",
    "positive ratio",
    "positive proportion",
    "pos share",
    "pos rate",
    "pos fraction",
    "pos frac",
    "pos ratio",
    "base rate",
    "prevalence",
    "minority share",
    "minority fraction",
    "event rate",
)
WEIGHT_KEYS: Final = ("class weight", "class weights", "loss weights", "weights per class")
POS_WEIGHT_KEYS: Final = ("pos weight", "positive weight", "scale pos weight")
RATE_KEYS: Final = (
    "learning rate",
    "lr",
    "initial learning rate",
    "initial lr",
    "learning rate init",
    "base lr",
    "max lr",
    "eta",
    "alpha lr",
)
OPTIMIZER_KEYS: Final = ("optimizer name", "opt name", "optimizer", "optim", "optimiser", "opt")
SCHEDULE_KEYS: Final = (
    "schedule",
    "lr schedule",
    "lr scheduler type",
    "lr scheduler",
    "scheduler",
    "learning rate schedule",
)
BATCH_KEYS: Final = ("batch size", "train batch size", "bs", "per device train batch size", "batchsize")
EPOCH_KEYS: Final = ("epochs", "num epochs", "n epochs", "num train epochs", "max epochs", "num boost round")
UNITS_KEYS: Final = (
    "hidden units",
    "hidden layer sizes",
    "hidden layers",
    "hidden sizes",
    "hidden size",
    "hidden dim",
    "hidden dims",
    "n hidden",
    "num hidden",
    "layer sizes",
    "units",
    "width",
    "neurons",
)
L2_KEYS: Final = (
    "l2",
    "weight decay",
    "l2 penalty",
    "l2 lambda",
    "kernel regularizer",
    "reg lambda",
    "l2 reg",
)
DROPOUT_KEYS: Final = ("dropout", "dropout rate", "drop rate", "p dropout")
FEATURES_KEYS: Final = ("n features", "num features", "features", "input dim", "input size", "n inputs")
TRAIN_SIZE_KEYS: Final = (
    "n train",
    "num train",
    "train size",
    "n samples",
    "num samples",
    "n examples",
    "num examples",
)
PARAMETER_KEYS: Final = ("total params", "n params", "num params", "num parameters", "total parameters")
TRAINABLE_KEYS: Final = ("trainable params", "trainable parameters", "num trainable parameters")
SMOOTHING_KEYS: Final = ("label smoothing", "label smoothing factor", "smoothing")
GAMMA_KEYS: Final = ("focal gamma", "gamma focal")
ALPHA_KEYS: Final = ("focal alpha", "alpha focal")
SAMPLE_WEIGHT_KEYS: Final = ("sample weight", "sample weights")
TASK_KEYS: Final = ("problem type", "task type", "task")
MULTI_LABEL_KEYS: Final = (*TASK_KEYS, "multi label", "multilabel")
ACTIVATION_KEYS: Final = (
    "activation",
    "hidden activation",
    "hidden act",
    "activation fn",
    "activation function",
    "nonlinearity",
)
PRETRAINED_KEYS: Final = ("pretrained", "from pretrained", "use pretrained", "is pretrained")
INITIALIZER_KEYS: Final = ("kernel initializer", "initializer", "initialization", "weight init", "init")
DEPTH_KEYS: Final = ("depth", "num layers", "n layers", "num hidden layers", "n hidden layers")
BETA_KEYS: Final = ("beta", "dpo beta")
DESIRABLE_KEYS: Final = ("desirable weight",)
UNDESIRABLE_KEYS: Final = ("undesirable weight",)
WEIGHT_0_KEYS: Final = ("class weight 0", "weight class 0", "weight 0")
WEIGHT_1_KEYS: Final = ("class weight 1", "weight class 1", "weight 1")
VALIDATION_SPLIT_KEYS: Final = ("validation split",)
BARE_GAMMA_KEYS: Final = ("gamma",)
BARE_ALPHA_KEYS: Final = ("alpha",)

ASKED: Final = frozenset(
    ending for name, endings in tuple(globals().items()) if name.endswith("_KEYS") for ending in endings
)
"""Every ending above."""

KERAS_FIT: Final = frozenset({"initial_epoch"})
"""Whole names: arguments of Keras' ``fit`` that autologging stores and nobody else does."""

HUGGING_FACE: Final = frozenset({"per_device_train_batch_size", "num_train_epochs", "transformers_version"})
"""Whole names: params that the ``Trainer`` of transformers logs. What it trains was trained before."""

BOOSTING: Final = frozenset(
    {
        *("num_boost_round", "boosting_type", "booster", "num_leaves", "n_estimators", "max_depth"),
        *("min_child_weight", "colsample_bytree", "l2_leaf_reg"),
    }
)
"""Whole names: params of boosted trees."""
