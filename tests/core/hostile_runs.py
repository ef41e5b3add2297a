"""Hypothesis strategies for runs that nobody meant well with: odd texts, odd curves, odd profiles."""

from __future__ import annotations

from typing import Final

import numpy as np
from hypothesis import strategies as st

from mlflow_bce_monitor.pipeline import Question
from mlflow_bce_monitor.records import DatasetInput, MetricHistory, RunRecord

METRIC_NAMES: Final = (
    *("loss", "val_loss", "train/loss", "LOSS", "loss_1", "total_loss", "binary_crossentropy"),
    *("train-logloss", "validation_0-logloss", "validation_1-logloss", "valid_0-binary_logloss"),
    *(
        "accuracy",
        "val_accuracy",
        "precision",
        "val_precision",
        "recall",
        "val_recall",
        "auc",
        "val_auc",
        "f1",
    ),
    *("learning_rate", "lr", "grad_norm", "rewards/margins", "rewards/accuracies", "logps/chosen"),
    *("logps/rejected", "d_loss", "g_loss", "bce/positive_share", "best_iteration", "stopped_iteration"),
    *("mae", "perplexity", "epoch", ".", "__", "loss\n", "損失", "x" * 250),
)

PARAM_KEYS: Final = (
    *("loss", "loss_fn", "objective", "criterion", "num_classes", "positive_share", "val_positive_share"),
    *("base_rate", "class_weight", "class_weight_0", "class_weight_1", "pos_weight", "scale_pos_weight"),
    *(
        "lr",
        "learning_rate",
        "opt_learning_rate",
        "optimizer",
        "opt_name",
        "schedule",
        "batch_size",
        "epochs",
    ),
    *("validation_split", "hidden_units", "depth", "activation", "kernel_initializer", "l2", "dropout"),
    *("n_features", "n_train", "total_params", "trainable_params", "label_smoothing", "focal_gamma", "gamma"),
    *("beta", "num_boost_round", "weird", "", "."),
)

TEXTS: Final = (
    *(
        "",
        " ",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "None",
        "null",
        "true",
        "abc",
        "💥",
        "\x00",
        "\uff11\uff12",
        "²",
    ),
    *(
        "0",
        "-0.0",
        "1",
        "-1",
        "0.5",
        "0.1",
        "1.0",
        "10",
        "1e-308",
        "5e-324",
        "1e19",
        "1e300",
        "1e308",
        "1e400",
    ),
    *(
        "9" * 400,
        "9" * 5000,
        "1_000",
        "1,000",
        "0x10",
        "'1.0'",
        "''",
        "'",
        "\\",
        "\\d",
        "[1e400]",
        "(1e308,)",
    ),
    *(
        "{0: 1, 1: 9}",
        '{"0": 1, "1": 9}',
        "[1, 9]",
        "{0: 1e308, 1: 1e308}",
        "{0: 1e-308, 1: 1}",
        "{0: nan, 1: 1}",
    ),
    *("{0: 1, 1: 1e999}", "{'inf': 1, '1': 2}", "{'a': 1, 'b': 2}", "{0: 1j, 1: 2}", "{0: True, 1: 9}"),
    *("[1, " + "9" * 400 + "]", "{" * 2000, "[[1, 2], [3, 4]]", "{'a': [1, {'b': 2}]}", "[]", "{}", "()"),
    *(
        "balanced",
        "binary_crossentropy",
        "categorical_crossentropy",
        "mse",
        "binary:logistic",
        "focal",
        "dpo",
    ),
    *(
        "<keras.losses.BinaryFocalCrossentropy object at 0x7f>",
        "tensor([9.])",
        "np.float64(9.0)",
        "adam",
        "SGD",
    ),
    *("relu", "sigmoid", "zeros", "[64, 64]", "64-32"),
)

SUMMARIES: Final = (
    *(None, "", "Total params: ,", "Total params: 1,234", "Trainable params: " + "9" * 5000, "(None, 10)"),
    *(
        "dense (Dense)    (None, 1)    9\n",
        "dense (Dense)    (None, ²)    ³\n",
        "│ (((\n│ │ │ │\n┃",
        "\x00" * 50,
    ),
)

ODD_NUMBERS: Final = (
    *(0.0, -0.0, 1.0, 0.6931471805599453, 0.325, 1e-300, 5e-324, -1.0, 1e38, 1e99, 1e101, 1e300, -1e300),
    *(1.7976931348623157e308, -1.7976931348623157e308, float("nan"), float("inf"), float("-inf")),
)

_ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.just(10**400),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.integers(-2, 400), st.just(10**400), st.none(), st.text(max_size=3)), max_size=3),
)

_PROFILES = st.dictionaries(
    st.sampled_from(["features_shape", "shape", "num_rows", "positive_share", "targets_shape", "other"]),
    st.one_of(_ODD_VALUES, st.dictionaries(st.text(max_size=3), _ODD_VALUES, max_size=2)),
    max_size=4,
)


@st.composite
def histories(draw: st.DrawFn, name: str) -> MetricHistory:
    """Draw one metric: any length up to some dozens, any shape, any steps."""
    n = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 9, 14, 30, 300]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    number = draw(st.sampled_from(ODD_NUMBERS))
    other = draw(st.sampled_from(ODD_NUMBERS))
    shapes = {
        "constant": lambda: np.full(n, number),
        "alternating": lambda: np.where(np.arange(n) % 2, number, other),
        "mixed": lambda: random.choice(np.array(ODD_NUMBERS), n),
        "noise": lambda: random.normal(0.69, 0.01, n),
        "huge noise": lambda: random.normal(0.0, 1e99, n),
        "uniform": lambda: random.random(n),
        "percent": lambda: 100.0 * random.random(n),
        "falling": lambda: np.linspace(1.0, 0.0, n),
        "exploding": lambda: np.geomspace(1e-300, 1e300, n) if n else np.zeros(0),
        "spiked": lambda: np.where(np.arange(n) == n // 2, number, 0.69),
    }
    values = shapes[draw(st.sampled_from(sorted(shapes)))]()
    steps = {
        "counted": lambda: np.arange(n),
        "zero": lambda: np.zeros(n),
        "few": lambda: random.integers(-5, 5, n),
        "any": lambda: random.integers(-(2**63), 2**63 - 1, n),
        "backwards": lambda: np.arange(n)[::-1],
        "far apart": lambda: np.arange(n) * 500,
        "last": lambda: np.full(n, 2**63 - 1),
    }[draw(st.sampled_from(["counted", "zero", "few", "any", "backwards", "far apart", "last"]))]()
    timestamps = np.arange(n) if draw(st.booleans()) else random.integers(-(2**63), 2**63 - 1, n)
    return MetricHistory(name, steps.astype(np.int64), timestamps.astype(np.int64), values.astype(np.float64))


@st.composite
def hostile_runs(draw: st.DrawFn) -> RunRecord:
    """Draw a run of which nothing can be trusted."""
    names = draw(st.lists(st.sampled_from(METRIC_NAMES), max_size=6, unique=True))
    if draw(st.integers(0, 3)):
        names = list(dict.fromkeys(["loss", *names]))
    texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=10))
    return RunRecord(
        run_id=draw(st.text(max_size=8)),
        run_name=draw(st.text(max_size=8)),
        params=draw(st.dictionaries(st.sampled_from(PARAM_KEYS), texts, max_size=8)),
        tags=draw(st.dictionaries(st.sampled_from(PARAM_KEYS), texts, max_size=2)),
        histories={name: draw(histories(name)) for name in names},
        datasets=tuple(
            DatasetInput("rows", context=draw(st.sampled_from([None, "training", "eval"])), profile=profile)
            for profile in draw(st.lists(_PROFILES, max_size=2))
        ),
        model_summary=draw(st.sampled_from(SUMMARIES)),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw what a caller may ask: mostly nothing, sometimes a metric or a base rate at the edge."""
    metrics = (
        draw(st.lists(st.sampled_from(METRIC_NAMES), max_size=2)) if draw(st.integers(0, 4)) == 0 else []
    )
    base_rate = draw(st.sampled_from([None, None, None, 0.1, 0.5, 5e-324, 1e-200, 1.0 - 1e-16]))
    return Question(tuple(metrics), base_rate)
