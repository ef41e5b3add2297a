"""Every verdict in words, and the tags."""

from __future__ import annotations

import dataclasses

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import VERDICT_MEANING, Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.report import wording


@pytest.mark.parametrize(
    ("name", "normal", "headline"),
    [
        (
            "learning",
            "Yes",
            (
                "Learning: the loss is 0.211, below its chance level of 0.693 (ln 2); the model "
                "explains 70% of the labels."
            ),
        ),
        (
            "escaped",
            "Yes",
            (
                "Escaped a plateau: the loss stood at 0.693 = ln 2 until step 399, then fell to 0.151; "
                "the model explains 78% of the labels."
            ),
        ),
        (
            "slow",
            "No",
            (
                "Slow: the loss is 0.682, below its chance level of 0.693 (ln 2) and still "
                "falling, by 0.006 over the "
                "last half; the model explains 1.7% of the labels."
            ),
        ),
        (
            "stalled",
            "No",
            (
                "Stalled at chance: the loss has stood at 0.325 = H(0.100) since epoch 2; "
                "the model explains 0% of the labels."
            ),
        ),
        (
            "stalled_unknown_share",
            "No",
            (
                "Stalled at chance: the loss has stood at 0.709 (chance level: at most 0.693 = "
                "ln 2) since epoch 1; "
                "the model explains 0% of the labels."
            ),
        ),
        (
            "weighted",
            "No",
            (
                "Stalled at chance: the loss has stood at its chance level 1.248 (weighted) since step 2; "
                "the model explains 0% of the labels."
            ),
        ),
        (
            "unstable",
            "No",
            "Unstable: the loss jumps by about 0.400 from point to point, so its end at 0.428 says little.",
        ),
        ("diverged", "No", "Diverged: the loss is not a number from step 5 on."),
        (
            "diverged_high",
            "No",
            (
                "Diverged: the loss is stuck at 15.9, 23 times its chance level 0.693; knowing "
                "nothing would do better."
            ),
        ),
        (
            "overfitting",
            "No",
            "Overfitting: the model explains 79% of the training labels, but 0% of the validation labels.",
        ),
        ("inconsistent", "No", "Inconsistent: the loss is 0.30 while accuracy stays at 0.50."),
        (
            "benign",
            "Yes",
            (
                "At chance, as expected here: the loss is at 0.693 = ln 2; policy and reference "
                "are still the same model."
            ),
        ),
        (
            "inconclusive",
            "Cannot tell",
            "Too early to tell: 'loss' has 3 usable points, and it takes 5 to see whether a curve is flat.",
        ),
        ("not_applicable", "Cannot tell", "Not applicable: the run logged no loss; found: 'rmse', 'mae'."),
    ],
)
def test_each_verdict_has_a_plain_sentence_with_its_numbers(name: str, normal: str, headline: str) -> None:
    """The first sentence answers "is this normal?" with the numbers that show it."""
    diagnosis = handmade.EVERY_VERDICT[name]
    assert wording.headline(diagnosis) == headline
    assert wording.is_normal(diagnosis) == normal


def test_the_handmade_diagnoses_cover_every_verdict() -> None:
    """No verdict of the contract is left without a sentence in the table above."""
    assert {diagnosis.verdict for diagnosis in handmade.EVERY_VERDICT.values()} == set(VERDICT_MEANING)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("stripped", ["nothing known", "no plateau"])
def test_a_verdict_without_its_numbers_still_reads(verdict: Verdict, stripped: str) -> None:
    """A diagnosis that lacks curve, chance level or plateau is worded from the judge's reason."""
    loss = None if stripped == "nothing known" else handmade.curve([0.7, 0.69, 0.69, 0.69, 0.69, 0.69])
    sentence = wording.headline(handmade.diagnosis(verdict, loss, "the judge says why"))
    assert sentence.endswith(".")
    assert "None" not in sentence
    if loss is None:
        assert "the judge says why" in sentence


def test_a_flat_curve_of_unknown_share_below_ln_2_is_not_called_too_early() -> None:
    """Few points are "too early to tell", any other doubt is "inconclusive"."""
    doubtful = handmade.diagnosis(Verdict.INCONCLUSIVE, handmade.curve([0.33] * 9), "the share would tell")
    assert wording.headline(doubtful) == "Inconclusive: the share would tell."


@pytest.mark.parametrize(
    ("metric", "n_epochs", "word"),
    [
        ("loss", 10, "epoch"),
        ("loss", 12, "step"),
        ("loss", None, "step"),
        ("train_loss_epoch", None, "epoch"),
    ],
)
def test_steps_are_epochs_only_where_that_is_known(metric: str, n_epochs: int | None, word: str) -> None:
    """A step is called an epoch when the name says so or the points are as many as the epochs."""
    facts = () if n_epochs is None else (Fact("n_epochs", n_epochs, "params['epochs']", Tier.RUN),)
    made = handmade.diagnosis(Verdict.LEARNING, handmade.curve([0.5] * 10, metric), evidence=Evidence(facts))
    assert wording.step_word(made) == word


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "stalled",
            (
                "The chance level is 0.325 = H(0.100): the loss of the best constant prediction "
                "for 10% positives "
                "(params['positive_share'])."
            ),
        ),
        (
            "stalled_unknown_share",
            (
                "The chance level is at most 0.693 = ln 2, the highest that any share of positives gives: "
                "the share is not known (neither the run nor --base-rate says)."
            ),
        ),
        (
            "weighted",
            (
                "The chance level is 1.248 (weighted): the loss of the best constant prediction "
                "for 10% positives "
                "(params['positive_share']); weighted, w0=1, w1=9, share 0.100."
            ),
        ),
        ("not_applicable", ""),
    ],
)
def test_the_chance_level_says_where_it_comes_from(name: str, sentence: str) -> None:
    """The chance level is told with its formula, its share of positives, and the source of that."""
    assert wording.chance_sentence(handmade.EVERY_VERDICT[name]) == sentence


def test_an_inexact_share_gives_bounds() -> None:
    """A share of positives with bounds is "about", and the level gets bounds too."""
    level = dataclasses.replace(handmade.chance(0.325, "H(0.100)", 0.1, low=0.25), high=0.39)
    level = dataclasses.replace(level, share=dataclasses.replace(level.share, low=0.07, high=0.13))
    sentence = wording.chance_sentence(
        handmade.diagnosis(Verdict.STALLED, handmade.curve([0.3] * 9), level=level)
    )
    assert "for about 10% positives" in sentence
    assert sentence.endswith("It lies between 0.250 and 0.390.")


@pytest.mark.parametrize(
    ("name", "skill"),
    [
        ("learning", "70%"),
        ("stalled", "0%"),
        ("stalled_unknown_share", "at most -2.4%"),
        ("diverged", "below -100%"),
        ("not_applicable", ""),
    ],
)
def test_skill_says_when_it_is_only_a_bound(name: str, skill: str) -> None:
    """Where the share of positives is unknown, the skill is "at most"."""
    assert wording.skill(handmade.EVERY_VERDICT[name]) == skill


def test_a_reason_is_not_said_twice() -> None:
    """Where the headline is the judge's reason, the reason is not repeated."""
    assert wording.why(handmade.inconsistent()) == ""
    assert wording.why(handmade.slow()) == "It falls steadily, but by little."


def test_tags_are_short_and_complete() -> None:
    """A stalled run carries every tag but the fingerprint, each in the form the contract shows."""
    assert wording.tags(handmade.stalled()) == {
        "bce.verdict": "stalled",
        "bce.cause": "class_imbalance",
        "bce.confidence": "0.55",
        "bce.skill": "0.000",
        "bce.chance_level": "0.3251",
        "bce.metric": "loss",
        "bce.advice": "Weight the rare class: class_weight={0: 1, 1: 9}.",
        "bce.tier": "run",
        "bce.version": __version__,
    }


def test_what_is_not_known_has_no_tag() -> None:
    """A run without a loss has no tag for skill, chance level, metric or advice."""
    assert set(wording.tags(handmade.not_applicable())) == {
        "bce.verdict",
        "bce.cause",
        "bce.confidence",
        "bce.tier",
        "bce.version",
    }


@pytest.mark.parametrize("diagnosis", [handmade.hostile(), *handmade.EVERY_VERDICT.values()])
def test_tags_fit_their_columns(diagnosis: Diagnosis) -> None:
    """No tag is longer than its column or holds a line break."""
    for name, value in wording.tags(diagnosis).items():
        assert len(value) <= (250 if name == "bce.metric" else 120)
        assert value.isprintable()
