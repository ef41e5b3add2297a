"""What an evaluation says of a model, by itself and beside the curves of its training."""

from __future__ import annotations

import numpy as np
import pytest
from made_runs import LN_2, START, entropy_of, history, run

from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evaluated import CROSS_ENTROPY, EVALUATED, evaluated_fact, evaluated_metric
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.of_model import probed
from mlflow_bce_monitor.pipeline import Question, diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord

BASE = {
    "rows": 500.0,
    "positive_share": 0.3,
    "chance_level": entropy_of(0.3),
    "cross_entropy": entropy_of(0.3),
    "skill": 0.0,
    "skill_error": 0.0,
    "roc_auc": 0.5,
    "roc_auc_error": 0.028,
    "output_mean": 0.3,
    "output_sd": 0.0,
    "near_half": 0.0,
    "non_finite_outputs": 0.0,
}
LEARNED = {"skill": 0.4, "skill_error": 0.03, "cross_entropy": 0.6 * entropy_of(0.3), "roc_auc": 0.9}
LEARNED |= {"output_sd": 0.3}
FALLING = list(np.linspace(0.69, 0.3, 20))
FLAT = [LN_2] * 20


def evaluated(at: int = START, **measured: float) -> dict[str, MetricHistory]:
    """Return the metrics of one evaluation."""
    return {
        evaluated_metric(name): history(evaluated_metric(name), [value], timestamps=[at])
        for name, value in measured.items()
    }


def alone(**measured: float) -> Diagnosis:
    """Return the diagnosis of a run that holds an evaluation and nothing else."""
    return diagnose(run(evaluated(**{**BASE, **measured})))


@pytest.mark.parametrize(
    ("measured", "verdict", "words"),
    [
        ({}, Verdict.STALLED, "it predicts 0.300 for every row, the share of positives"),
        ({"output_mean": 0.9, "skill": -0.3}, Verdict.STALLED, "it predicts 0.900 for every row"),
        (
            {"output_mean": 0.5, "output_sd": 0.003, "near_half": 1.0, "skill": -0.13, "skill_error": 0.001},
            Verdict.STALLED,
            "predicts 0.5, to within 0.01, for nearly every row",
        ),
        ({"output_sd": 0.01, "skill_error": 0.003}, Verdict.STALLED, "stay at 0.300 +- 0.010, the share of"),
        (
            {"output_sd": 0.1, "skill": -0.02, "skill_error": 0.02},
            Verdict.STALLED,
            "vary (0.30 +- 0.10) without regard to the labels; AUC 0.50",
        ),
        (LEARNED, Verdict.LEARNING, "skill 0.40 on the 500 evaluated rows"),
        (
            {"skill": -0.2, "skill_error": 0.02, "roc_auc": 0.85, "output_mean": 0.5, "output_sd": 0.2},
            Verdict.LEARNING,
            "ranks the rows, though its probabilities are no better",
        ),
        (
            {"skill": -1.0, "skill_error": 0.1, "roc_auc": 0.1, "output_sd": 0.2},
            Verdict.INCONSISTENT,
            "the wrong way round",
        ),
        (
            {"skill": -2.0, "skill_error": 0.2, "cross_entropy": 1.83, "output_sd": 0.4},
            Verdict.DIVERGED,
            "2.6 times that of predicting 0.5",
        ),
        (
            {"rows": 40.0, "skill": 0.05, "skill_error": 0.08, "roc_auc_error": 0.1, "output_sd": 0.1},
            Verdict.INCONCLUSIVE,
            "40 rows are too few to tell",
        ),
    ],
)
def test_the_evaluation_alone(measured: dict[str, float], verdict: Verdict, words: str) -> None:
    """Each state of a model has its verdict and says what the model predicts."""
    diagnosis = alone(**measured)
    assert diagnosis.verdict is verdict
    assert words in diagnosis.judgement.because
    assert diagnosis.tier is Tier.MODEL
    assert diagnosis.metric == CROSS_ENTROPY
    assert diagnosis.skill is not None
    assert diagnosis.skill.value == measured.get("skill", 0.0)
    assert diagnosis.chance is not None
    assert diagnosis.chance.value == pytest.approx(entropy_of(0.3))


def test_predictions_that_are_no_numbers() -> None:
    """NaN predictions are diverged, with their share and without a skill."""
    measured = {name: BASE[name] for name in ("rows", "positive_share", "chance_level")}
    diagnosis = diagnose(run(evaluated(**measured, non_finite_outputs=0.024)))
    assert diagnosis.verdict is Verdict.DIVERGED
    assert "2.4% of the predictions of 500 rows are NaN or infinite" in diagnosis.judgement.because
    assert diagnosis.skill is None
    assert diagnosis.metric is None


def test_class_labels_are_inconclusive() -> None:
    """Without probabilities there is no cross-entropy to judge, and the reason says so."""
    measured = {name: BASE[name] for name in ("rows", "positive_share", "chance_level")}
    diagnosis = diagnose(run(evaluated(**measured, balanced_accuracy=0.5, accuracy=0.7)))
    assert diagnosis.verdict is Verdict.INCONCLUSIVE
    assert "need probabilities" in diagnosis.judgement.because


def test_an_evaluation_names_no_cause() -> None:
    """One evaluation cannot tell causes apart, so the cause is unknown and what would tell comes first."""
    diagnosis = alone()
    assert diagnosis.cause == "unknown"
    assert diagnosis.missing[0].startswith("the course of the training")
    assert "probe" in diagnosis.missing[1]


def test_probes_name_a_cause_without_any_curve() -> None:
    """With what probes found the causes are ranked by them."""
    facts: tuple[Fact, ...] = tuple(probed("signal", {"signal": "no"}))
    diagnosis = diagnose(run(evaluated(**BASE)), probed=facts)
    assert diagnosis.cause == "no_signal"
    assert diagnosis.confidence > 0.9
    assert not any("probe" in missing for missing in diagnosis.missing[:2])


def trained(losses: list[float], validation: list[float] | None = None, **measured: float) -> Diagnosis:
    """Return the diagnosis of a balanced training whose model was evaluated."""
    metrics: dict[str, object] = {"binary_crossentropy": losses}
    if validation is not None:
        metrics["val_binary_crossentropy"] = validation
    balanced = {"positive_share": 0.5, "chance_level": LN_2, "cross_entropy": LN_2, "output_mean": 0.5}
    record = run({**metrics, **evaluated(**{**BASE, **balanced, **measured})}, {"positive_share": "0.5"})  # type: ignore[dict-item]
    return diagnose(record)


@pytest.mark.parametrize(
    ("losses", "validation", "measured", "verdict"),
    [
        (FALLING, None, LEARNED, Verdict.LEARNING),
        (FLAT, None, {}, Verdict.STALLED),
        (FALLING, None, {"output_sd": 0.2, "skill": -0.05, "skill_error": 0.02}, Verdict.OVERFITTING),
        (FALLING, FALLING, {"output_sd": 0.2, "skill": 0.0, "skill_error": 0.02}, Verdict.INCONSISTENT),
        (FALLING, FLAT, {}, Verdict.OVERFITTING),
        (FLAT, None, LEARNED, Verdict.INCONSISTENT),
        (FALLING[:3], None, {}, Verdict.STALLED),
        ([*FALLING[:3], float("nan")], None, LEARNED, Verdict.DIVERGED),
    ],
)
def test_beside_the_curves(
    losses: list[float], validation: list[float] | None, measured: dict[str, float], verdict: Verdict
) -> None:
    """Curves and evaluation are judged together; a contradiction between them is told as one."""
    diagnosis = trained(losses, validation, **measured)
    assert diagnosis.verdict is verdict, diagnosis.judgement.because


def test_nan_predictions_after_a_good_training() -> None:
    """A loss that ends in a number and predictions that are none contradict each other."""
    record = run(
        {
            "binary_crossentropy": history("binary_crossentropy", FALLING),
            **evaluated(rows=500.0, positive_share=0.5, chance_level=LN_2, non_finite_outputs=1.0),
        },
        {"positive_share": "0.5"},
    )
    assert diagnose(record).verdict is Verdict.INCONSISTENT


def test_evaluated_facts_replace_what_curves_only_suggest() -> None:
    """Whether predictions differ, and whether they rank rows, is known from the rows themselves."""
    evidence = trained(FLAT).evidence
    assert evidence["constant_output"] is True
    assert evidence["ranking"] == "at chance"
    assert evidence.fact("constant_output").tier is Tier.MODEL
    assert trained(FLAT).tier is Tier.MODEL


def test_only_the_last_evaluation_counts() -> None:
    """What an earlier evaluation measured and the last could not is not known any more."""
    early = evaluated(**{**BASE, **LEARNED})
    late = evaluated(
        START + 1_000, rows=100.0, positive_share=0.3, chance_level=entropy_of(0.3), accuracy=0.7
    )
    both = {
        name: MetricHistory(
            name,
            np.zeros(2, np.int64),
            np.array([START, START + 1_000]),
            np.array([early[name].values[0], late[name].values[0]]),
        )
        if name in early and name in late
        else (early | late)[name]
        for name in early | late
    }
    diagnosis = diagnose(run(both))
    assert diagnosis.evidence["evaluated_rows"] == 100.0
    assert diagnosis.verdict is Verdict.INCONCLUSIVE


def test_a_metric_that_is_asked_for_is_judged() -> None:
    """A loss named by the caller goes before the evaluation, however short it is."""
    record: RunRecord = run({"loss": history("loss", [0.7]), **evaluated(**BASE)})
    assert diagnose(record, Question(metrics=("loss",))).metric == "loss"


def test_everything_measured_is_in_the_catalogue() -> None:
    """Each measurement is a fact with the same unit and meaning."""
    for name, one in EVALUATED.items():
        kind = CATALOGUE[evaluated_fact(name)]
        assert (kind.unit, kind.meaning) == (one.unit, one.meaning)
        assert not evaluated_metric(name).endswith("loss")
