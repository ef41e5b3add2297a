"""What the names of metrics mean: a table over the frameworks, and names that must mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_bce_monitor.curves.curve import Role, Split
from mlflow_bce_monitor.curves.names import (
    Grain,
    LossKind,
    are_adversarial,
    is_regression_metric,
    read_name,
)

TRAIN, VALIDATION, UNSAID = Split.TRAIN, Split.VALIDATION, None

LOSSES = [
    # Keras
    ("loss", UNSAID, LossKind.GENERIC),
    ("val_loss", VALIDATION, LossKind.GENERIC),
    ("validation_loss", VALIDATION, LossKind.GENERIC),
    ("epoch_loss", UNSAID, LossKind.GENERIC),
    ("binary_crossentropy", UNSAID, LossKind.BINARY),
    ("val_binary_crossentropy", VALIDATION, LossKind.BINARY),
    ("binary_crossentropy_1", UNSAID, LossKind.BINARY),
    # scikit-learn autologging
    ("training_log_loss", TRAIN, LossKind.BINARY),
    ("log_loss", UNSAID, LossKind.BINARY),
    ("log_loss_unknown_dataset", None, None),
    # xgboost
    ("train-logloss", TRAIN, LossKind.BINARY),
    ("eval-logloss", VALIDATION, LossKind.BINARY),
    ("validation_0-logloss", VALIDATION, LossKind.BINARY),
    ("validation_1-logloss", VALIDATION, LossKind.BINARY),
    # lightgbm
    ("training-binary_logloss", TRAIN, LossKind.BINARY),
    ("valid_0-binary_logloss", VALIDATION, LossKind.BINARY),
    ("valid_1-binary_logloss", VALIDATION, LossKind.BINARY),
    # Hugging Face and TRL
    ("eval_loss", VALIDATION, LossKind.GENERIC),
    ("eval/loss", VALIDATION, LossKind.GENERIC),
    ("train_loss", TRAIN, LossKind.GENERIC),
    # Lightning
    ("train_loss_epoch", TRAIN, LossKind.GENERIC),
    ("train_loss_step", TRAIN, LossKind.GENERIC),
    ("val_loss/dataloader_idx_0", VALIDATION, LossKind.GENERIC),
    ("test_loss", VALIDATION, LossKind.GENERIC),
    # fastai
    ("valid_loss", VALIDATION, LossKind.GENERIC),
    # Weights & Biases and TensorBoard habits
    ("train/loss", TRAIN, LossKind.GENERIC),
    ("val/loss", VALIDATION, LossKind.GENERIC),
    ("Loss/train", TRAIN, LossKind.GENERIC),
    ("Loss/val", VALIDATION, LossKind.GENERIC),
    ("Train/Loss", TRAIN, LossKind.GENERIC),
    ("loss/validation", VALIDATION, LossKind.GENERIC),
    ("train.loss", TRAIN, LossKind.GENERIC),
    ("train:loss", TRAIN, LossKind.GENERIC),
    ("loss@val", VALIDATION, LossKind.GENERIC),
    ("val-loss", VALIDATION, LossKind.GENERIC),
    # camelCase and hand-made
    ("trainLoss", TRAIN, LossKind.GENERIC),
    ("valLoss", VALIDATION, LossKind.GENERIC),
    ("LOSS", UNSAID, LossKind.GENERIC),
    ("running_loss", UNSAID, LossKind.GENERIC),
    ("avg_train_loss", TRAIN, LossKind.GENERIC),
    ("mean loss", UNSAID, LossKind.GENERIC),
    ("total_loss", UNSAID, LossKind.GENERIC),
    ("dev_loss", VALIDATION, LossKind.GENERIC),
    ("holdout_loss", VALIDATION, LossKind.GENERIC),
    ("tr_loss", TRAIN, LossKind.GENERIC),
    ("va_loss", VALIDATION, LossKind.GENERIC),
    ("losses/total_loss", UNSAID, LossKind.GENERIC),
    ("losses/train", TRAIN, LossKind.GENERIC),
    ("losses/bce", UNSAID, LossKind.BINARY),
    ("training cost", TRAIN, LossKind.GENERIC),
    ("criterion", UNSAID, LossKind.GENERIC),
    ("BCELoss", UNSAID, LossKind.BINARY),
    ("BCEWithLogitsLoss", UNSAID, LossKind.BINARY),
    ("train_bce_loss", TRAIN, LossKind.BINARY),
    ("val/loss_bce", VALIDATION, LossKind.BINARY),
    ("bce", UNSAID, LossKind.BINARY),
    # cross-entropies of an unsaid number of classes
    ("cross_entropy", UNSAID, LossKind.CROSS_ENTROPY),
    ("CrossEntropyLoss", UNSAID, LossKind.CROSS_ENTROPY),
    ("train_ce_loss", TRAIN, LossKind.CROSS_ENTROPY),
    ("ce", UNSAID, LossKind.CROSS_ENTROPY),
    ("val_nll_loss", VALIDATION, LossKind.CROSS_ENTROPY),  # PyTorch's, of two log-softmax columns
    ("train/neg_log_likelihood", TRAIN, LossKind.CROSS_ENTROPY),
    # focal
    ("focal_loss", UNSAID, LossKind.FOCAL),
    ("val_binary_focal_crossentropy", VALIDATION, LossKind.FOCAL),
    # in bits
    ("log_loss_bits", UNSAID, LossKind.BINARY),
    ("val/loss_log2", VALIDATION, LossKind.GENERIC),
    # adversarial
    ("d_loss", UNSAID, LossKind.DISCRIMINATOR),
    ("D_loss", UNSAID, LossKind.DISCRIMINATOR),
    ("Loss_D", UNSAID, LossKind.DISCRIMINATOR),
    ("lossD", UNSAID, LossKind.DISCRIMINATOR),
    ("discriminator/loss", UNSAID, LossKind.DISCRIMINATOR),
]

OTHERS = [
    ("accuracy", Role.ACCURACY, UNSAID),
    ("val_accuracy", Role.ACCURACY, VALIDATION),
    ("acc", Role.ACCURACY, UNSAID),
    ("val_binary_accuracy", Role.ACCURACY, VALIDATION),
    ("training_accuracy_score", Role.ACCURACY, TRAIN),
    ("Accuracy/train", Role.ACCURACY, TRAIN),
    ("eval_accuracy", Role.ACCURACY, VALIDATION),
    ("balanced_accuracy_score", Role.BALANCED_ACCURACY, UNSAID),
    ("precision", Role.PRECISION, UNSAID),
    ("val_precision_2", Role.PRECISION, VALIDATION),
    ("training_precision_score", Role.PRECISION, TRAIN),
    ("recall", Role.RECALL, UNSAID),
    ("sensitivity", Role.RECALL, UNSAID),
    ("training_recall_score", Role.RECALL, TRAIN),
    ("f1_score", Role.F1, UNSAID),
    ("val_f1", Role.F1, VALIDATION),
    ("auc", Role.AUC, UNSAID),
    ("val_auc_3", Role.AUC, VALIDATION),
    ("training_roc_auc", Role.AUC, TRAIN),
    ("train-auc", Role.AUC, TRAIN),
    ("valid_0-auc", Role.AUC, VALIDATION),
    ("BinaryAUROC", Role.AUC, UNSAID),
    ("val_auroc", Role.AUC, VALIDATION),
    ("eval_roc_auc", Role.AUC, VALIDATION),
    ("prc", Role.PR_AUC, UNSAID),
    ("eval-aucpr", Role.PR_AUC, VALIDATION),
    ("val_average_precision", Role.PR_AUC, VALIDATION),
    ("average_precision", Role.PR_AUC, UNSAID),
    ("learning_rate", Role.LEARNING_RATE, UNSAID),
    ("lr", Role.LEARNING_RATE, UNSAID),
    ("lr-Adam/pg1", Role.LEARNING_RATE, UNSAID),
    ("train/learning_rate", Role.LEARNING_RATE, TRAIN),
    ("grad_norm", Role.GRADIENT_NORM, UNSAID),
    ("train/grad_norm", Role.GRADIENT_NORM, TRAIN),
    ("rewards/margins", Role.REWARD_MARGIN, UNSAID),
    ("eval_rewards/margins", Role.REWARD_MARGIN, VALIDATION),
    ("rewards/accuracies", Role.REWARD_ACCURACY, UNSAID),
    ("bce/positive_share", Role.POSITIVE_SHARE, UNSAID),
    ("bce/validation_positive_share", Role.POSITIVE_SHARE, VALIDATION),
    ("val_sparse_categorical_accuracy", Role.ACCURACY, VALIDATION),
    ("kl", Role.KL_DIVERGENCE, UNSAID),
    ("eval_kl", Role.KL_DIVERGENCE, VALIDATION),
    ("margin", Role.PAIR_MARGIN, UNSAID),
    ("g_loss", Role.GENERATOR_LOSS, UNSAID),
    ("loss_G", Role.GENERATOR_LOSS, UNSAID),
    ("generator/loss", Role.GENERATOR_LOSS, UNSAID),
]

ERROR_RATES = [
    ("train-error", TRAIN),
    ("validation_0-error", VALIDATION),
    ("eval-error@0.7", VALIDATION),
    ("valid_1-binary_error", VALIDATION),
    ("error_rate", UNSAID),
]

MEANINGLESS = [
    *("", ".", "/", "__", " ", "0", "123"),
    *("epoch", "step", "global_step", "time", "train_runtime", "train_samples_per_second", "total_flos"),
    *("system/cpu_utilization_percentage", "system/gpu_0_memory_usage_megabytes", "system/loss"),
    *("bce/skill", "bce/plateau_fraction"),
    *("lossless", "glossary", "loss_scale", "loss_weight", "weight_loss", "loss_ratio", "loss_std"),
    *("l1_loss", "mse_loss", "huber_loss", "dice_loss", "hinge_loss", "triplet_loss", "contrastive_loss"),
    *("aux_loss", "reg_loss", "box_loss", "policy_loss", "value_loss", "actor_loss", "entropy_loss"),
    *("mse", "val_mae", "rmse", "r2_score"),
    *("categorical_crossentropy", "val_sparse_categorical_crossentropy", "train-mlogloss"),
    *("valid_0-multi_logloss", "best_val_loss", "min_loss", "best_iteration"),
    *(
        "error",
        "val_error",
        "train_error",
        "valid_0-l2",
        "ndcg",
        "top5",
        "rewards/chosen",
        "logits/chosen",
        "lrx",
        "acceleration",
    ),
]


@pytest.mark.parametrize(("name", "split", "kind"), LOSSES)
def test_losses(name: str, split: Split | None, kind: LossKind | None) -> None:
    """A loss is read with its split and what kind of loss its name says it is."""
    reading = read_name(name)
    if kind is None:
        assert reading is None
        return
    assert reading is not None
    assert (reading.role, reading.split, reading.loss_kind) == (Role.LOSS, split, kind)


@pytest.mark.parametrize(("name", "role", "split"), OTHERS)
def test_companions(name: str, role: Role, split: Split | None) -> None:
    """What stands beside a loss is read with its role and split, and is no loss."""
    reading = read_name(name)
    assert reading is not None
    assert (reading.role, reading.split, reading.loss_kind) == (role, split, None)


@pytest.mark.parametrize(("name", "split"), ERROR_RATES)
def test_error_rates_are_one_minus_an_accuracy(name: str, split: Split | None) -> None:
    """What xgboost and lightgbm call an error is the share of wrong answers."""
    reading = read_name(name)
    assert reading is not None
    assert (reading.role, reading.split, reading.complement) == (Role.ACCURACY, split, True)


@pytest.mark.parametrize("name", MEANINGLESS)
def test_other_names_mean_nothing(name: str) -> None:
    """A name that only looks like a known one is not read as one."""
    assert read_name(name) is None


@pytest.mark.parametrize(
    ("name", "grain"),
    [
        ("train_loss_epoch", Grain.EPOCH),
        ("train_loss_step", Grain.STEP),
        ("batch_loss", Grain.STEP),
        ("epoch_loss", Grain.EPOCH),
        ("loss", Grain.PLAIN),
    ],
)
def test_grain(name: str, grain: Grain) -> None:
    """Lightning logs one loss per step and per epoch; the name says which."""
    reading = read_name(name)
    assert reading is not None
    assert reading.grain is grain


@pytest.mark.parametrize(
    "name",
    [
        *("mse", "val_mse", "mae", "rmse", "train-rmse", "r2", "r2_score", "val_r2_score"),
        *("mean_squared_error", "val_mean_absolute_error", "training_mean_squared_error"),
        *("root_mean_squared_error", "perplexity", "eval_perplexity", "explained_variance"),
    ],
)
def test_metrics_of_other_losses(name: str) -> None:
    """Metrics of regression and language modelling are known as such, with and without a split."""
    assert is_regression_metric(name)
    assert read_name(name) is None


@pytest.mark.parametrize("name", ["loss", "accuracy", "squared", "error", "val_error", "msealt", "r22"])
def test_not_metrics_of_other_losses(name: str) -> None:
    """An ordinary name does not make a run a regression."""
    assert not is_regression_metric(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("g_loss", True), ("loss_G", True), ("generator_loss", True), ("loss", False)]
)
def test_generator_losses(name: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """A generator's loss makes a run adversarial."""
    assert are_adversarial(("loss", name)) is expected


@given(st.text(max_size=60))
def test_any_text_is_read(name: str) -> None:
    """A metric may have any name; reading it never fails and gives the same answer twice."""
    assert read_name(name) == read_name(name)
    assert is_regression_metric(name) in (True, False)


@given(st.sampled_from([name for name, _, kind in LOSSES if kind]), st.sampled_from("/_-.:@ "))
def test_separators_do_not_matter(name: str, separator: str) -> None:
    """Any usual separator in place of another leaves the meaning as it is."""
    other = "".join(separator if letter in "/_-.:@ " else letter for letter in name)
    assert read_name(other) == read_name(name)
