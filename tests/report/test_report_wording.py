"""Every verdict in words, and the tags."""

from __future__ import annotations

import dataclasses

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.report import wording


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
                "(params['positive_share']); class weights 1 for negatives and 9 for positives."
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


@pytest.mark.parametrize(
    ("verdict", "of_chance", "known", "sentences"),
    [
        (
            Verdict.LEARNING,
            0.5,
            True,
            ("The model explains 50% of what there is to know about the labels (100% is a loss of 0).",),
        ),
        (
            Verdict.STALLED,
            1.004,
            True,
            ("The model explains 0% of the labels: the best constant prediction does as well.",),
        ),
        (
            Verdict.STALLED,
            1.2,
            False,
            (
                "The loss is at least 20% above that of the best constant prediction.",
                "If one class is rarer than the other, chance level and skill are lower.",
            ),
        ),
        (
            Verdict.LEARNING,
            14.0,
            True,
            (
                "The loss is 14 times that of the best constant prediction.",
                "That is what the loss says; the predictions say otherwise.",
            ),
        ),
        (
            Verdict.INCONSISTENT,
            -4.0,
            True,
            ("A loss below zero is no cross-entropy, so there is no skill to tell.",),
        ),
    ],
)
def test_what_a_skill_means_is_said_without_overstating_it(
    verdict: Verdict,
    of_chance: float,
    known: bool,  # noqa: FBT001 - a table's column
    sentences: tuple[str, ...],
) -> None:
    """A hair above chance is chance, and a loss that the predictions contradict is called that."""
    losses = handmade.curve([handmade.LN_2 * of_chance] * 9)
    made = handmade.diagnosis(verdict, losses, level=handmade.chance(known=known))
    assert wording.skill_sentences(made) == sentences


def test_the_numbers_of_an_overfitted_run_are_called_those_of_its_validation_data() -> None:
    """The skill that is told is that of the validation loss, and says so."""
    (said,) = wording.skill_sentences(handmade.overfitting())
    assert said.startswith("The validation loss is 40% above")


def test_tags_are_short_and_complete() -> None:
    """A stalled run carries every tag but the fingerprint, each in the form the contract shows."""
    assert wording.tags(handmade.stalled()) == {
        "bce.verdict": "stalled",
        "bce.flagged": "yes",
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
        "bce.flagged",
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
