"""The facts that are gathered: their values for runs written by hand, their sources and tiers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import LN_2, Values, history, jitter, run

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.evidence.of_training import usual_rate
from mlflow_bce_monitor.evidence.rows import rows_from_accuracy
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import DatasetInput, MetricHistory

FLAT = [0.6931] * 20
ROWS = (DatasetInput("rows", context="train", profile={"features_shape": [1000, 10]}),)


def evidence_of(
    metrics: dict[str, Values | MetricHistory],
    params: dict[str, str] | None = None,
    base_rate: float | None = None,
    datasets: tuple[DatasetInput, ...] = (),
) -> Evidence:
    """Return the evidence that a run gives."""
    record = run(metrics, params, datasets=datasets)
    return diagnose(record, Question(base_rate=base_rate)).evidence


@pytest.mark.parametrize(
    ("fact", "expected", "metrics"),
    [
        ("n_points", 20, {"loss": FLAT}),
        ("n_points", 3, {"loss": [0.7, math.nan, 0.6, 0.5]}),
        ("had_non_finite", True, {"loss": [0.7, math.nan, 0.6, 0.5]}),
        ("ends_non_finite", False, {"loss": [0.7, math.nan, 0.6, 0.5]}),
        ("first_ratio", 2.0, {"loss": [2 * LN_2] + [LN_2] * 9}),
        ("peak_ratio", 3.0, {"loss": [LN_2, 3 * LN_2] + [LN_2] * 9}),
        ("rise_after_start", 2.0, {"loss": [LN_2, 3 * LN_2] + [LN_2] * 9}),
        ("rise_after_start", 0.0, {"loss": [LN_2]}),
        ("spike_count", 1, {"loss": [LN_2] * 8 + [5.0] + [LN_2] * 8}),
        ("end_skill", 0.5, {"loss": [LN_2 / 2] * 9}),
        ("held_skill", 0.5, {"loss": [LN_2 / 2] * 5 + [LN_2] * 15}),
        ("held_skill", 0.125, {"loss": [LN_2, LN_2 / 2] + [LN_2] * 18}),  # one low point is no stretch
        ("total_fall", 0.5, {"loss": [LN_2] * 5 + [LN_2 / 2] * 15}),
        ("constant_loss", True, {"loss": FLAT}),
        ("constant_loss", False, {"loss": LN_2 + jitter(20, 0.001, 0)}),
        ("plateau_fraction", 1.0, {"loss": FLAT}),
        ("end_flat_fraction", 1.0, {"loss": FLAT}),
        ("end_flat_fraction", 0.0, {"loss": np.linspace(0.9, 0.3, 20)}),
        ("end_falling", True, {"loss": np.linspace(0.9, 0.3, 20)}),
        ("fall_gain", 0.0, {"loss": FLAT}),
        ("fall_gain", pytest.approx(0.0, abs=1e-6), {"loss": np.linspace(0.9, 0.3, 20)}),
        # Quarters of five of a fall by i^2: means 6 and 51 in the first half, 146 and 291 in the second.
        ("fall_gain", pytest.approx(100 / 190, rel=0.05), {"loss": 0.69 - 0.001 * np.arange(20.0) ** 2}),
        (
            "fall_gain",
            pytest.approx(-100 / 190, rel=0.05),
            {"loss": 0.3 + 1e-3 * np.arange(20.0)[::-1] ** 2},
        ),
        ("end_fall", pytest.approx(0.5 * 9 / 19, rel=0.01), {"loss": np.linspace(LN_2, LN_2 / 2, 20)}),
        ("movement", 0.5, {"loss": np.linspace(LN_2, LN_2 / 2, 20)}),
        ("movement", 0.25, {"loss": FLAT, "val_loss": np.linspace(LN_2, 0.75 * LN_2, 20)}),
        ("validation_skill", 0.25, {"loss": FLAT, "val_loss": [0.75 * LN_2] * 9}),
        ("penalty", 1.0, {"binary_crossentropy": [LN_2] * 9, "loss": [2 * LN_2] * 9}),
        ("accuracy_constant", True, {"loss": FLAT, "accuracy": [0.9] * 9}),
        ("accuracy_constant", True, {"loss": FLAT, "accuracy": [0.5, 0.6, 0.7, 0.8] + [0.9] * 4}),
        ("accuracy_constant", False, {"loss": FLAT, "accuracy": [0.5] * 10 + [0.6] * 2 + [0.9] * 8}),
        ("accuracy_gain", 0.25, {"loss": FLAT, "accuracy": [0.75] * 9}),
        ("recall", 0.25, {"loss": FLAT, "recall": [0.25] * 9}),
        ("auc", 0.75, {"loss": FLAT, "auc": [0.75] * 9}),
        ("validation_auc", 0.75, {"loss": FLAT, "val_auc": [0.75] * 9}),
        ("constant_output", True, {"loss": FLAT, "auc": [0.6, 0.5, 0.5, 0.5]}),
        ("output_went_constant", True, {"loss": FLAT, "auc": [0.6, 0.5, 0.5, 0.5]}),
        ("constant_output", False, {"loss": FLAT, "val_auc": [0.5, 0.51, 0.49, 0.5]}),
        ("constant_output", False, {"loss": FLAT, "auc": [0.5, 0.7, 0.8, 0.8]}),
        ("constant_output", True, {"loss": FLAT, "val_accuracy": [0.47, 0.47, 0.53, 0.47, 0.53, 0.53]}),
        ("output_went_constant", True, {"loss": FLAT, "val_accuracy": [0.5, 0.51, *[0.47, 0.53] * 4]}),
        ("constant_output", False, {"loss": FLAT, "val_accuracy": [0.47, 0.48, 0.49, 0.51, 0.5, 0.52]}),
        ("ranking", "above chance", {"loss": FLAT, "val_auc": [0.8] * 5}),
        ("ranking", "at chance", {"loss": FLAT, "val_auc": [0.51] * 5}),
        ("ranking", "unclear", {"loss": FLAT, "auc": [0.8] * 5}),  # memorised rows are ranked well too
        ("error_rate", 0.25, {"loss": FLAT, "accuracy": [0.75] * 9}),
        ("negative_loss", True, {"loss": [2.0, 1.0, 0.0, -1.0, -2.0], "auc": [0.1] * 5}),
        ("fit_gap", 0.5, {"loss": [LN_2 / 2] * 9, "val_loss": [LN_2] * 9}),
        ("fit_gap", 0.0, {"loss": [2 * LN_2] * 9, "val_loss": [3 * LN_2] * 9}),
        ("stand_fraction", 0.5, {"loss": [LN_2] * 10 + [0.1] * 10}),
        ("stand_fraction", 0.0, {"loss": np.linspace(LN_2, 0.1, 20)}),
        # A penalty of one chance level that shrinks: the same on both splits.
        (
            "common_excess",
            True,
            {
                "loss": LN_2 * (1 + 0.8 ** np.arange(20.0)),
                "val_loss": LN_2 * (1 + 0.8 ** np.arange(0.5, 20.0)),
            },
        ),
        (
            "common_excess",
            False,
            {"loss": LN_2 * (1 + 0.8 ** np.arange(20.0)), "val_loss": LN_2 * (1.2 + 0.8 ** np.arange(20.0))},
        ),
        ("reward_margin", 0.25, {"loss": FLAT, "rewards/margins": [0.25] * 9}),
        ("constant_output", False, {"loss": FLAT, "rewards/accuracies": [0.0, 0.5, *[0.75] * 7]}),
        ("reward_accuracy", 0.75, {"loss": FLAT, "rewards/accuracies": [0.0, 0.5, *[0.75] * 7]}),
        ("ranking_rise", 0.25, {"loss": FLAT, "val_auc": [0.5, 0.5, 0.5, 0.6, 0.7, 0.7, 0.75, 0.75, 0.75]}),
        ("ranking_rise", 0.1, {"loss": FLAT, "auc": [0.5, 0.5, 0.5, 0.5, 0.6, 0.6]}),
        ("logps_zero", True, {"loss": FLAT, "rewards/margins": [0.0] * 9, "logps/chosen": [0.0] * 9}),
        ("preference_loss", True, {"loss": FLAT, "rewards/margins": [0.25] * 9}),
        ("pretrained", True, {"loss": FLAT, "rewards/margins": [0.25] * 9}),
        ("adversarial", True, {"d_loss": FLAT, "g_loss": FLAT}),
        ("gradient_norm", 0.5, {"loss": FLAT, "grad_norm": [9.0, 0.5]}),
        ("learning_rate", 0.1, {"loss": FLAT, "lr": [0.1, 0.01, 0.001]}),
    ],
)
def test_facts_of_curves(fact: str, expected: object, metrics: dict[str, Values]) -> None:
    """Each fact has the value that its curve was written with; balanced classes throughout."""
    found = evidence_of(metrics, base_rate=0.5)[fact]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("fact", "expected", "params"),
    [
        ("rate_ratio", 1000.0, {"opt_name": "adam", "opt_learning_rate": "1.0"}),
        ("rate_ratio", 1.0, {"optimizer": "SGD", "lr": "0.03"}),
        ("rate_ratio", 10.0, {"lr": "0.01"}),  # of no named optimizer: Adam is meant
        ("rate_ratio", 1.0, {"learning_rate": "0.1", "num_boost_round": "100"}),  # boosting
        ("rate_ratio", 10.0, {"optimizer": "mine", "lr": "0.01"}),
        # What the Trainer of transformers tunes was trained before: its usual rates are smaller.
        ("rate_ratio", 1.0, {"optim": "adamw_torch", "learning_rate": "3e-5", "num_train_epochs": "3"}),
        ("pretrained", True, {"num_train_epochs": "3"}),
        ("pretrained", True, {"model.pretrained": "True"}),
        ("pretrained", False, {"pretrained": "no", "num_train_epochs": "3"}),
        ("boosted_trees", True, {"max_depth": "6", "eta": "0.3"}),
        ("rectified_activation", True, {"activation": "<function relu at 0x7f>"}),
        ("rectified_activation", False, {"hidden_act": "gelu"}),
        ("rectified_activation", False, {"activation": "leaky_relu"}),
        ("optimizer", "adam", {"opt_name": "adam", "opt_learning_rate": "1.0"}),
        ("narrowest_layer", 2, {"hidden_units": "[64, 2, 32]"}),
        ("n_features", 100, {"n_features": "100"}),
        ("l2", 0.01, {"weight_decay": "0.01"}),
        ("n_epochs", 20, {"epochs": "100"}),  # stopped early: the curve has one point an epoch
        ("n_epochs", 5, {"epochs": "5"}),  # logged several times an epoch
        ("n_updates", 20 * 32, {"epochs": "20", "batch_size": "32"}),  # ceil(1000 / 32) = 32 an epoch
        ("effective_minority_share", 0.5, {"positive_share": "0.1", "class_weight": "{0: 1, 1: 9}"}),
        ("effective_minority_share", 0.5, {"positive_share": "0.1", "class_weight": "balanced"}),
        ("effective_minority_share", 0.1, {"positive_share": "0.9"}),
        ("minority_share", 0.1, {"positive_share": "0.9"}),
    ],
)
def test_facts_of_params(fact: str, expected: object, params: dict[str, str]) -> None:
    """Params become facts in the unit of the catalogue."""
    found = evidence_of({"loss": FLAT}, params, datasets=ROWS)[fact]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("steps", "updates"),
    [
        (range(0, 1000, 50), 1000),
        (range(5_000, 6_000, 50), 1000),  # resumed: only the steps of this run
        (range(20), None),  # epochs
        (range(0, 100, 5), None),  # validated every five epochs
        (range(1, 21), None),
    ],
)
def test_an_axis_of_optimizer_steps_counts_updates(steps: range, updates: int | None) -> None:
    """A curve logged every 50 steps counts its optimizer steps; epochs are not taken for them."""
    found = evidence_of({"loss": history("loss", FLAT, steps=list(steps))})
    assert found.get("n_updates") == updates


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        *(
            ("adam", 1e-3),
            ("Adam", 1e-3),
            ("AdamW", 1e-3),
            ("adamw_torch", 1e-3),
            ("<keras.SGD object>", 3e-2),
        ),
        *(("RMSprop", 1e-3), ("adadelta", 1.0), ("lion_32bit", 1e-4), ("mine", None), ("", None)),
    ],
)
def test_usual_rates(name: str, rate: float | None) -> None:
    """Optimizers are known by any spelling of their name, the longest first."""
    assert usual_rate(name) == rate


@given(st.integers(2, 3_000), st.lists(st.floats(0.02, 0.98), min_size=1, max_size=12), st.booleans())
def test_rows_read_off_the_accuracy_divide_the_true_number(n: int, shares: list[float], single: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever was hit, the rows found are the true number or a divisor of it, in float32 as in float64."""
    hits = np.unique(np.clip(np.round(np.array(shares) * n), 1, n - 1))
    accuracies = hits / n
    found = rows_from_accuracy(accuracies.astype(np.float32).astype(np.float64) if single else accuracies)
    assert found is None or n % found == 0


@pytest.mark.parametrize(
    ("accuracies", "rows"),
    [
        ([], None),
        ([0.0, 1.0], None),
        ([1.0 / math.pi, 1.0 / math.e, math.sqrt(0.5)], None),
        ([0.5, 0.5 + 1e-9, 0.5 + 1e-8], None),
    ],
)
def test_accuracies_that_say_nothing_give_no_rows(accuracies: list[float], rows: int | None) -> None:
    """Without a value strictly between 0 and 1, or with one that is no fraction, nothing is claimed."""
    assert rows_from_accuracy(np.array(accuracies)) == rows


def test_facts_of_a_run_without_numbers() -> None:
    """An all-NaN loss has no level and no skill, and says so by leaving them out."""
    found = evidence_of({"loss": [math.nan] * 5})
    assert "end_skill" not in found
    assert "movement" not in found
    assert found["ends_non_finite"] is True


def test_two_validation_points_are_no_validation_skill() -> None:
    """A held-back loss of fewer than three points is not judged."""
    assert "validation_skill" not in evidence_of({"loss": FLAT, "val_loss": [0.7, 0.69]})


@pytest.mark.parametrize(
    ("fact", "source", "tier"),
    [
        ("end_skill", "metric 'loss'", Tier.CURVE),
        ("learning_rate", "params['lr']", Tier.RUN),
        ("positive_share", "params['positive_share']", Tier.RUN),
        ("n_train", "data set input 'rows'", Tier.RUN),
    ],
)
def test_sources_can_be_looked_up(fact: str, source: str, tier: Tier) -> None:
    """Each fact names the metric, param or data set that it came from, and how deep that lies."""
    params = {"lr": "0.1", "positive_share": "0.5"}
    found = evidence_of({"loss": FLAT}, params, datasets=ROWS).fact(fact)
    assert (found.source, found.tier) == (source, tier)


@pytest.mark.parametrize(
    ("params", "tier"), [({}, Tier.CURVE), ({"lr": "0.001"}, Tier.RUN), ({"colour": "red"}, Tier.CURVE)]
)
def test_the_tier_of_a_diagnosis_is_the_deepest_fact(params: dict[str, str], tier: Tier) -> None:
    """A run judged from its histories alone is of tier curve; a param that is used makes it run."""
    assert diagnose(run({"loss": FLAT}, params), Question(base_rate=0.5)).tier is tier


def test_evidence_is_a_mapping_with_sources() -> None:
    """Facts are read by name; what is not known is absent."""
    evidence = Evidence(
        (Fact("auc", 0.5, "metric 'auc'", Tier.CURVE), Fact("optimizer", "adam", "p", Tier.RUN))
    )
    assert dict(evidence) == {"auc": 0.5, "optimizer": "adam"}
    assert len(evidence) == 2
    assert "recall" not in evidence
    assert evidence.number("auc") == 0.5
    assert evidence.number_or("recall", 0.25) == 0.25
    assert evidence.fact("auc").source == "metric 'auc'"
    with pytest.raises(KeyError):
        evidence.number("recall")
    with pytest.raises(TypeError, match="'optimizer' is the word 'adam'"):
        evidence.number("optimizer")


def test_the_catalogue_is_written_for_readers() -> None:
    """Every fact has a unit of the known ones and a meaning; the same advice is worded once."""
    units = {"count", "yes/no", "nats", "skill", "of chance", "share", "word", "ratio"}
    for name, kind in CATALOGUE.items():
        assert kind.unit in units, name
        assert kind.meaning, name
        assert "\n" not in kind.meaning + kind.how_to_get


def test_halves_of_few_points_are_not_compared() -> None:
    """Quarters of a run of seven points are single points."""
    assert "fall_gain" not in evidence_of({"loss": np.linspace(0.9, 0.3, 7)})
    assert "fall_gain" in evidence_of({"loss": np.linspace(0.9, 0.3, 8)})
