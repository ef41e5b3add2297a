"""What experiments on model and rows add to the diagnosis of a run: facts in, answers out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_runs import entropy_of, flat, run

from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.rules.probed import by_probes

RARE = 0.1


def found(**numbers: FactValue) -> tuple[Fact, ...]:
    """Return facts as the probes give them."""
    return tuple(Fact(f"probe_{name}", value, "probe", Tier.MODEL) for name, value in numbers.items())


def keys(cause: str, **numbers: FactValue) -> set[str]:
    """Return which observations speak of a cause."""
    return {piece.key for piece in by_probes(cause, Evidence(found(**numbers)), LIMITS)}


def test_the_share_of_the_probed_rows_is_that_of_a_run_that_states_none() -> None:
    """A loss at the entropy of one label in ten is at chance once somebody has counted the labels."""
    record = run({"loss": flat(30, level=entropy_of(RARE)).values}, params={"loss": "binary_crossentropy"})
    alone = diagnose(record)
    assert alone.chance is not None
    assert not alone.chance.known
    probed = diagnose(record, probed=found(positive_share=RARE))
    assert probed.chance is not None
    assert probed.chance.known
    assert probed.chance.value == pytest.approx(entropy_of(RARE))
    assert probed.judgement.verdict is Verdict.STALLED


def test_a_stated_share_stays() -> None:
    """What the run says of its labels comes before the rows that somebody gave to the probes."""
    record = run({"loss": flat(30).values}, params={"loss": "binary_crossentropy", "positive_share": "0.5"})
    probed = diagnose(record, probed=found(positive_share=RARE))
    assert probed.chance is not None
    assert probed.chance.value == pytest.approx(math.log(2.0))


def test_skill_on_labels_without_signal_is_memory() -> None:
    """A falling loss without held-back data is learning, until a reference learner finds nothing to learn."""
    record = run(
        {"loss": np.linspace(0.69, 0.2, 40)},
        params={"loss": "binary_crossentropy", "positive_share": "0.5"},
    )
    assert diagnose(record).judgement.verdict is Verdict.LEARNING
    assert diagnose(record, probed=found(signal="yes")).judgement.verdict is Verdict.LEARNING
    memory = diagnose(record, probed=found(signal="no"))
    assert memory.judgement.verdict is Verdict.OVERFITTING
    assert memory.causes[0].cause == "no_signal"
    learns = found(signal="no", best_rate_skill=0.3, best_rate_error=0.02)
    assert diagnose(record, probed=learns).judgement.verdict is Verdict.LEARNING


def test_rare_labels_count_once() -> None:
    """How rare the rarer class is, the rule has weighed already where the run tells it."""
    assert keys("class_imbalance", minority_share=RARE) == {"probe_rare_labels"}
    assert keys("class_imbalance", minority_share=0.01) == {"probe_very_rare_labels"}
    known = Evidence((*found(minority_share=RARE), Fact("effective_minority_share", RARE, "", Tier.RUN)))
    assert by_probes("class_imbalance", known, LIMITS) == ()


@pytest.mark.parametrize(("error", "said"), [(0.05, True), (1.0, False)])
def test_what_too_few_rows_could_not_show_is_no_answer(*, error: float, said: bool) -> None:
    """A copy that does not learn by balanced batches says nothing where its skill could be anything."""
    balance: dict[str, FactValue] = {
        "balanced_skill": -0.5,
        "balanced_error": error,
        "uneven_skill": -0.1,
        "uneven_error": 0.1,
    }
    assert ("probe_balance_no_help" in keys("class_imbalance", **balance)) is said


def test_nothing_found_in_few_rows_is_a_weak_word() -> None:
    """An unclear answer with an ordinary p-value speaks for no signal, far less than a no."""
    unseen = by_probes("no_signal", Evidence(found(signal="unclear", signal_p=0.4)), LIMITS)
    surely = by_probes("no_signal", Evidence(found(signal="no", signal_p=0.4)), LIMITS)
    assert 0.0 < sum(one.weight for one in unseen) < sum(one.weight for one in surely) / 2
    assert not keys("no_signal", signal="unclear", signal_p=0.05)


@pytest.mark.parametrize(("gap", "is_known"), [(0.0, True), (1.0, False), (math.nan, False), (None, False)])
def test_the_model_s_own_loss_says_what_a_loss_without_a_kind_is(gap: float | None, is_known: bool) -> None:  # noqa: FBT001 - a case
    """A loss known by its name alone leaves every cause open, until its model computes a cross-entropy."""
    record = run({"loss": flat(30).values}, params={"opt_name": "adam", "opt_learning_rate": "0.001"})
    constant = found(constant_features=1.0, arriving_sd=0.0, zeroed_change=0.0)
    gaps = () if gap is None else found(compiled_gap=gap)
    first = diagnose(record, probed=(*constant, *gaps)).causes[0]
    assert (first.probability > LIMITS.one_curve_cause) == is_known


def test_probes_speak_of_a_loss_that_never_was_a_number() -> None:
    """Labels of 1 and 2 overflow: the probe that compares them with the loss decides."""
    record = run({"loss": [math.nan] * 10}, params={"opt_name": "sgd", "opt_learning_rate": "0.05"})
    assert diagnose(record).cause != "output_loss_mismatch"
    probed = found(output_fault=True, arriving_max=3.0, arriving_sd=1.0, constant_features=0.0)
    first = diagnose(record, probed=probed).causes[0]
    assert first.cause == "output_loss_mismatch"
    assert first.probability > 0.9
