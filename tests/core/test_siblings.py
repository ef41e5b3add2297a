"""Facts from the runs beside a run: which are compared, and what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_runs import LN_2, run

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import DatasetInput, Sibling

PARAMS = {"learning_rate": "0.001", "hidden_units": "64", "batch_size": "32", "seed": "0"}
DATA = DatasetInput("rows", digest="abc", context="train")


def evidence_beside(*siblings: Sibling, params: dict[str, str] = PARAMS) -> Evidence:
    """Return the evidence of a balanced run flat at ln 2 among these siblings."""
    record = run({"loss": [LN_2] * 20, "val_loss": [LN_2] * 20}, {**params, "positive_share": "0.5"})
    return diagnose(replace(record, siblings=siblings, datasets=(DATA,))).evidence


def sibling(val_loss: float, datasets: tuple[tuple[str, str], ...] = (), **changes: str) -> Sibling:
    """Return a sibling that ended at this validation loss, with these params changed."""
    return Sibling("other", {**PARAMS, "positive_share": "0.5", **changes}, {"val_loss": val_loss}, datasets)


def test_without_siblings_nothing_is_said() -> None:
    """A run that stands alone has no fact about siblings."""
    assert not [name for name in evidence_beside() if name.startswith("sibling")]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"learning_rate": "0.01"}, "learning_rate"),
        ({"hidden_units": "256"}, "hidden_units"),
        ({"seed": "1"}, "nothing that was logged"),
        ({"learning_rate": "0.01", "hidden_units": "256"}, "several settings"),
    ],
)
def test_a_sibling_that_learned_says_by_what(changes: dict[str, str], word: str) -> None:
    """The settings that differ between the run and its most similar sibling that learned are named."""
    found = evidence_beside(sibling(0.3, **changes))
    assert found["siblings_learned"] == 1
    assert found["sibling_changed"] == word


def test_the_same_plateau_under_other_settings_counts() -> None:
    """Siblings at the same level are counted, with the settings that vary among them."""
    found = evidence_beside(
        sibling(LN_2, learning_rate="0.1"), sibling(0.694, hidden_units="8"), sibling(0.5, seed="3")
    )
    assert found["siblings_at_same_level"] == 2
    assert found["siblings_varied"] == "hidden_units, learning_rate"


@pytest.mark.parametrize(
    "other",
    [
        sibling(0.3, dataset="other.csv"),
        sibling(0.3, class_weight="{0: 1, 1: 9}"),
        sibling(0.3, (("train", "xyz"),)),
        sibling(float("nan")),
        Sibling("other", PARAMS, {"loss": 0.3}),
    ],
    ids=["other data by name", "other weights", "other data by digest", "not a number", "without the metric"],
)
def test_what_cannot_be_compared_is_left_out(other: Sibling) -> None:
    """Other data, another chance level or no such loss: such a run says nothing about this one."""
    assert "siblings_compared" not in evidence_beside(other)


def test_the_same_data_by_digest_outweigh_a_name() -> None:
    """Where both runs logged their data set, its digest decides."""
    found = evidence_beside(sibling(0.3, (("train", "abc"),), data_path="/elsewhere"))
    assert found["siblings_learned"] == 1


def test_a_sibling_that_learned_takes_labels_without_signal_out_of_the_question() -> None:
    """The same data were learned from, so the labels carry signal: that cause loses probability."""

    def no_signal(*siblings: Sibling) -> float:
        record = run({"loss": [LN_2] * 20, "val_loss": [LN_2] * 20}, {**PARAMS, "positive_share": "0.5"})
        causes = diagnose(replace(record, siblings=siblings)).causes
        return next(one.probability for one in causes if one.cause == "no_signal")

    assert no_signal(sibling(0.3, seed="1")) < no_signal()
