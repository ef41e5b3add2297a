"""What params, tags, data set inputs and the model summary say about a run, under any common name."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import run, settings_of

from mlflow_bce_monitor.records import DatasetInput
from mlflow_bce_monitor.settings import (
    ClassWeights,
    Settings,
    parse_class_weights,
    parse_number,
    read_settings,
)
from mlflow_bce_monitor.settings.lookup import Lookup

SUMMARY = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 8)              │            48 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 1)              │             9 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,157 (4.52 KB)
 Trainable params: 57 (228.00 B)
 Non-trainable params: 0 (0.00 B)
"""


def value(settings: Settings, name: str) -> object:
    """Return a setting's value, None when the run does not say."""
    setting = getattr(settings, name)
    return None if setting is None else setting.value


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("learning_rate", {"opt_learning_rate": "0.0010000000474974513"}, 0.0010000000474974513),
        ("learning_rate", {"optimizer_learning_rate": "0.01"}, 0.01),
        ("learning_rate", {"lr": "1e-3"}, 1e-3),
        ("learning_rate", {"optimizer.lr": "'0.1'"}, 0.1),  # quoted by an MLflow project
        ("learning_rate", {"learningRate": "0.2"}, 0.2),
        ("learning_rate", {"warmup_lr": "1e-6", "lr": "1e-2"}, 1e-2),
        (
            "learning_rate",
            {"learning_rate": "constant", "learning_rate_init": "0.001"},
            0.001,
        ),  # scikit-learn
        ("learning_rate", {"eta": "0.3"}, 0.3),  # xgboost
        ("learning_rate", {"lr": "-1"}, None),
        ("learning_rate", {"colour": "1"}, None),
        ("optimizer", {"opt_name": "adam"}, "adam"),
        ("optimizer", {"optimizer_name": "SGD"}, "SGD"),
        ("optimizer", {"optim": "adamw_torch"}, "adamw_torch"),
        ("optimizer", {"optimizer": "0"}, None),
        ("loss_name", {"loss": "binary_crossentropy"}, "binary_crossentropy"),
        ("loss_name", {"loss": "0.69"}, None),
        ("batch_size", {"batch_size": "32"}, 32),
        ("batch_size", {"batch_size": "None"}, 32),  # Keras' own default
        ("batch_size", {"batch_size": "auto"}, None),
        ("batch_size", {"per_device_eval_batch_size": "8", "per_device_train_batch_size": "64"}, 64),
        ("batch_size", {"eval_batch_size": "8"}, None),
        ("epochs", {"epochs": "10"}, 10),
        ("epochs", {"num_train_epochs": "3.0"}, 3),
        ("epochs", {"num_boost_round": "100"}, 100),
        ("epochs", {"initial_epoch": "4"}, None),
        ("epochs", {"epochs": "1e300"}, None),
        ("hidden_units", {"hidden_units": "64"}, (64,)),
        ("hidden_units", {"hidden_layer_sizes": "(100, 50)"}, (100, 50)),
        ("hidden_units", {"model.hidden_sizes": "[128, 64]"}, (128, 64)),
        ("hidden_units", {"hidden_units": "many"}, None),
        ("hidden_units", {"hidden_units": "[1e400]"}, None),
        ("hidden_units", {"hidden_units": "0"}, None),
        ("n_classes", {"num_classes": "2"}, 2),
        ("n_classes", {"n_labels": "10"}, 10),
        ("n_train", {"n_train": "800"}, 800),
        ("n_train", {"n_test_samples": "200"}, None),
        ("n_features", {"n_features": "100"}, 100),
        ("l2", {"weight_decay": "0.01"}, 0.01),
        ("l2", {"opt_weight_decay": "None"}, None),
        ("dropout", {"dropout_rate": "0.5"}, 0.5),
        ("dropout", {"dropout_rate": "1.5"}, None),
        ("label_smoothing", {"label_smoothing": "0.1"}, 0.1),
        ("label_smoothing", {"label_smoothing": "1.0"}, None),
        ("focal_gamma", {"loss": "binary_focal_crossentropy", "gamma": "2.0"}, 2.0),
        ("focal_gamma", {"gamma": "2.0"}, None),
        ("focal_gamma", {"loss": "focal", "gamma": "50"}, None),
        ("focal_alpha", {"loss": "focal", "alpha": "0.25"}, 0.25),
        ("focal_alpha", {"alpha": "0.25"}, None),
        ("focal_alpha", {"focal_alpha": "1.0"}, None),
        ("multi_label", {"problem_type": "multi_label_classification"}, "multi_label_classification"),
        ("multi_label", {"multi_label": "True"}, "True"),
        ("multi_label", {"multi_label": "False"}, None),
        ("multi_label", {"problem_type": "regression"}, None),
        ("other_task", {"problem_type": "regression"}, "regression"),
        ("other_task", {"task_type": "CAUSAL_LM"}, "CAUSAL_LM"),
        ("other_task", {"task": "fraud detection"}, None),
        ("other_task", {"task": "logistic regression"}, None),
        ("other_task", {"task": "logistic-regression"}, None),
        ("n_classes", {"id2label": "{0: 'bad', 1: 'fair', 2: 'good'}"}, 3),
        ("n_classes", {"id2label": "{0: 'LABEL_0', 1: 'LABEL_1'}"}, None),  # what every model has by default
        ("n_classes", {"id2label": "{0: 'cut off"}, None),
        ("desirable_weight", {"desirable_weight": "1.33"}, 1.33),
        ("undesirable_weight", {"undesirable_weight": "1.0"}, 1.0),
        ("beta", {"beta": "0.1"}, 0.1),
        ("schedule", {"lr_scheduler_type": "cosine"}, "cosine"),
    ],
)
def test_settings_are_found_under_many_names(name: str, params: dict[str, str], expected: object) -> None:
    """The names of Keras, scikit-learn, xgboost, Hugging Face and hand-written runs mean the same."""
    assert value(settings_of(**params), name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{0: 1, 1: 9}", (1.0, 9.0)),
        ("{1: 9, 0: 1}", (1.0, 9.0)),
        ('{"0": 1.0, "1": 9.0}', (1.0, 9.0)),
        ("{0: np.float64(0.55), 1: np.float64(5.0)}", (0.55, 5.0)),
        ("[1, 9]", (1.0, 9.0)),
        ("(0.5, 2)", (0.5, 2.0)),
        ("{0: 1, 1: 0}", None),
        ("{0: -1, 1: 9}", None),
        ("{0: 1, 1: 2, 2: 3}", None),
        ("{'cat': 1, 'dog': 9}", None),
        ("{0: 1, 1: 'x'}", None),
        ("{0: 1, 1: nan}", None),
        ("{0: 1, 1: 1e999}", None),
        ("{0: 1, 1: 1e300}", None),
        ("{'inf': 1, '1': 2}", None),
        ("[1, " + "9" * 400 + "]", None),
        ("[1]", None),
        ("9", None),
        ("", None),
        ("{" * 3000, None),
        ("balanced", None),
    ],
)
def test_class_weights_are_parsed(text: str, expected: tuple[float, float] | None) -> None:
    """Python and JSON forms of two positive weights are read, and nothing else is."""
    assert parse_class_weights(text) == expected


@pytest.mark.parametrize(
    ("params", "weights"),
    [
        ({"pos_weight": "9"}, ClassWeights(1.0, 9.0, in_validation=True)),
        ({"pos_weight": "[9.]"}, ClassWeights(1.0, 9.0, in_validation=True)),
        (
            {"scale_pos_weight": "9", "objective": "binary:logistic"},
            ClassWeights(1.0, 9.0, in_training=False),
        ),
        ({"scale_pos_weight": "1", "objective": "binary:logistic"}, None),  # xgboost's default
        ({"scale_pos_weight": "9", "objective": "binary"}, None),  # lightgbm
        ({"scale_pos_weight": "9"}, None),
    ],
)
def test_weights_of_the_positive_class(params: dict[str, str], weights: ClassWeights | None) -> None:
    """A criterion's weight enters every loss that is logged, xgboost's none, lightgbm's no level at all."""
    assert value(settings_of(**params), "class_weights") == weights


@pytest.mark.parametrize(
    ("text", "mean"),
    [
        ("[1. 3.]", 2.0),
        ("[0.1 0.5\n 0.5 0.1]", 0.3),
        ("[1. ... 3.]", None),
        ("[1. 3", None),
        ("[-5. 1.]", None),
    ],
)
def test_weights_of_examples(text: str, mean: float | None) -> None:
    """Keras' autologging stores them as NumPy prints them, which may leave most of them out."""
    found = settings_of(sample_weight=text).sample_weights
    assert found is not None
    assert found.value.mean == (None if mean is None else pytest.approx(mean))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1.0), (" 0.5 ", 0.5), ("'2'", 2.0), ("1e-3", 1e-3), ("nan", None), ("inf", None), ("1e400", None)]
    + [(text, None) for text in ("", "x", "[1]", "0x10", "1,000")],
)
def test_numbers_are_parsed(text: str, expected: float | None) -> None:
    """A finite number is read, with blanks and quotes around it; everything else is none."""
    assert parse_number(text) == expected


def test_text_in_the_place_of_a_number_is_reported_once() -> None:
    """A rate that is text is named with what was received; the diagnosis goes on."""
    settings = settings_of(learning_rate="fast")
    assert settings.learning_rate is None
    assert settings.unreadable == ("params['learning_rate'] is 'fast', not a number",)


@pytest.mark.parametrize(
    "text", ["<keras.optimizers.ExponentialDecay object>", "{'a': 1}", "[0.1, 0.2]", "f(x)"]
)
def test_an_object_in_the_place_of_a_number_is_no_mistake(text: str) -> None:
    """A schedule object logged as a learning rate is passed over in silence."""
    settings = settings_of(learning_rate=text)
    assert settings.learning_rate is None
    assert settings.unreadable == ()


def test_a_setting_remembers_where_it_came_from() -> None:
    """The source is the key, so that a person can look it up."""
    settings = settings_of(opt_learning_rate="0.1")
    assert settings.learning_rate is not None
    assert settings.learning_rate.source == "params['opt_learning_rate']"


def test_tags_of_the_user_are_read_after_the_params() -> None:
    """A tag states a setting as a param does; MLflow's own tags do not."""
    record = run(params={}, tags={"positive_share": "0.2", "mlflow.learning_rate": "5"})
    settings = read_settings(record)
    assert value(settings, "positive_share") == 0.2
    assert settings.learning_rate is None


@pytest.mark.parametrize(
    ("profile", "rows", "columns"),
    [
        ({"features_shape": [300, 5]}, 300, 5),
        ({"shape": [300, 5]}, 300, 5),
        ({"features_shape": [300, 28, 28]}, 300, 784),
        ({"features_shape": {"x": [300, 5]}}, 300, 5),
        ({"num_rows": 300, "num_elements": 1800}, 300, None),
        ({"features_shape": [300, None]}, 300, None),
        ({"features_shape": []}, None, None),
        ({"features_shape": {}}, None, None),
        ({"features_shape": [10**400, 5]}, None, 5),
        ({"features_shape": [True, 5]}, None, 5),
        ({"features_shape": [-1, 0]}, None, None),
        ({"features_shape": "300, 5"}, None, None),
        ({}, None, None),
    ],
)
def test_data_set_profiles_give_the_size(
    profile: dict[str, object], rows: int | None, columns: int | None
) -> None:
    """Rows and columns come from the profile of the training input; odd profiles say nothing."""
    settings = read_settings(run(datasets=(DatasetInput("rows", profile=profile),)))
    assert value(settings, "n_train") == rows
    assert value(settings, "n_features") == columns


def test_the_training_input_is_preferred() -> None:
    """Of several data sets the one logged for training counts."""
    inputs = (
        DatasetInput("held back", context="eval", profile={"features_shape": [100, 5]}),
        DatasetInput("rows", context="train", profile={"features_shape": [300, 5]}),
    )
    assert value(read_settings(run(datasets=inputs)), "n_train") == 300


def test_a_validation_split_takes_its_share_of_the_rows() -> None:
    """Keras takes ``validation_split`` off the data set that was logged."""
    inputs = (DatasetInput("rows", profile={"features_shape": [1000, 5]}),)
    settings = read_settings(run(params={"validation_split": "0.2"}, datasets=inputs))
    assert value(settings, "n_train") == 800


def test_a_model_summary_gives_layers_and_weights() -> None:
    """Keras' summary tells the hidden units, the outputs and the weights."""
    settings = read_settings(run(model_summary=SUMMARY))
    found = {
        name: value(settings, name)
        for name in ("hidden_units", "n_outputs", "n_trainable_parameters", "depth")
    }
    assert found == {"hidden_units": (8,), "n_outputs": 1, "n_trainable_parameters": 57, "depth": 2}


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "Total params: ,",
        "Total params: " + "9" * 5000,
        "Trainable params: ²",
        "x (Dense)   (None, ²)    ³",
        "x (Dense)   (None, " + "9" * 5000 + ")    " + "9" * 5000,
        "│ (((((\n│ │ │ │\n┃",
        "(" * 5000,
    ],
)
def test_an_odd_summary_says_nothing(summary: str) -> None:
    """A summary that is cut, broken or hostile gives no facts and no error."""
    settings = read_settings(run(model_summary=summary))
    assert settings.n_parameters is None
    assert settings.n_trainable_parameters is None
    assert settings.hidden_units is None


@given(
    st.dictionaries(
        st.one_of(
            st.text(max_size=20), st.sampled_from(["lr", "class_weight", "epochs", "loss", "hidden_units"])
        ),
        st.text(max_size=40),
        max_size=6,
    )
)
def test_any_params_are_read(params: dict[str, str]) -> None:
    """Keys and values may be any text: reading never fails, and every number is finite."""
    settings = read_settings(run(params=params))
    for name in ("learning_rate", "positive_share", "l2", "label_smoothing"):
        found = value(settings, name)
        assert found is None or (isinstance(found, float) and math.isfinite(found))


def test_the_callback_says_what_was_compiled() -> None:
    """A run trained with the callback needs no params: its tag and metrics say what was compiled."""
    head = {
        "name": "",
        "loss": "binary_crossentropy",
        "units": 1,
        "label_smoothing": 0.1,
        "class_weight": [1.0, 9.0],
    }
    words = json.dumps({"optimizer": "Adam", "heads": [head]})
    record = run({"bce/parameters": [65.0], "bce/trainable_parameters": [0.0]}, tags={"bce.monitor": words})
    settings = read_settings(record)
    assert settings.loss_name is not None
    assert settings.loss_name.value == "binary_crossentropy"
    assert settings.class_weights is not None
    assert (settings.class_weights.value.negative, settings.class_weights.value.positive) == (1.0, 9.0)
    assert settings.label_smoothing is not None
    assert settings.label_smoothing.value == pytest.approx(0.1)
    assert settings.optimizer is not None
    assert settings.optimizer.value == "Adam"
    assert settings.n_trainable_parameters is not None
    assert settings.n_trainable_parameters.value == 0


@pytest.mark.parametrize(
    "words", ["", "{", "[]", '{"heads": 3}', '{"heads": [1]}', '{"heads": [{"class_weight": 4}]}']
)
def test_a_tag_of_another_form_is_passed_over(words: str) -> None:
    """The tag may have been edited by hand: nothing is read from what cannot be understood."""
    settings = read_settings(run({"loss": [0.7] * 5}, tags={"bce.monitor": words}))
    assert settings.class_weights is None
    assert settings.loss_name is None


def test_an_ending_that_no_key_is_read_for_is_refused() -> None:
    """Keys that nobody asks for are left out, so asking for one has to be a loud mistake."""
    found = Lookup()
    found.add("learning_rate", "params['learning_rate']", "0.1")
    assert list(found.ending_with(("learning rate",))) == [("params['learning_rate']", "0.1")]
    with pytest.raises(KeyError, match="'rate of learning' is not among the endings"):
        list(found.ending_with(("rate of learning",)))
