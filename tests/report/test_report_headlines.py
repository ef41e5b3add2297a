"""Every verdict in one sentence, its reason and its caveats."""

from __future__ import annotations

import dataclasses

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import VERDICT_MEANING, Tier, Verdict
from mlflow_bce_monitor.curves.curve import LossCertainty
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.report import headlines


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
                "Slow: the loss is 0.682, just below its chance level of 0.693 (ln 2), and still "
                "falling, by 0.9% over the last half; the model explains 1.7% of the labels."
            ),
        ),
        (
            "stalled",
            "No",
            (
                "Stalled at chance: the loss has stood at 0.325 (the chance level of 10% positives) "
                "since epoch 2; the model explains 0% of the labels."
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
    assert headlines.headline(diagnosis) == headline
    assert headlines.is_normal(diagnosis.verdict) == normal


def test_the_handmade_diagnoses_cover_every_verdict() -> None:
    """No verdict of the contract is left without a sentence in the table above."""
    assert {diagnosis.verdict for diagnosis in handmade.EVERY_VERDICT.values()} == set(VERDICT_MEANING)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("stripped", ["nothing known", "no plateau"])
def test_a_verdict_without_its_numbers_still_reads(verdict: Verdict, stripped: str) -> None:
    """A diagnosis that lacks curve, chance level or plateau is worded from the judge's reason."""
    loss = None if stripped == "nothing known" else handmade.curve([0.7, 0.69, 0.69, 0.69, 0.69, 0.69])
    sentence = headlines.headline(handmade.diagnosis(verdict, loss, "the judge says why"))
    assert sentence.endswith(".")
    assert "None" not in sentence
    if loss is None:
        assert "the judge says why" in sentence


def test_a_flat_curve_of_unknown_share_below_ln_2_is_not_called_too_early() -> None:
    """Few points are "too early to tell", any other doubt is "inconclusive"."""
    doubtful = handmade.diagnosis(Verdict.INCONCLUSIVE, handmade.curve([0.33] * 9), "the share would tell")
    assert headlines.headline(doubtful) == "Inconclusive: the share would tell."


@pytest.mark.parametrize(
    ("diagnosis", "reason"),
    [
        (handmade.inconsistent(), ""),
        (handmade.slow(), ""),
        (handmade.stalled(), ""),
        (handmade.diverged_high(), ""),
        (handmade.diverged(), ""),
        (
            dataclasses.replace(handmade.stalled(), plateau=None),
            "The last 8 of 10 points lie within 0.002 of the chance level and show no trend.",
        ),
        (
            handmade.diagnosis(
                Verdict.LEARNING,
                handmade.curve([0.5] * 9),
                "how much of it is skill depends on the share of positives",
                handmade.chance(known=False),
            ),
            "How much of it is skill depends on the share of positives.",
        ),
    ],
)
def test_a_reason_is_not_said_twice(diagnosis: Diagnosis, reason: str) -> None:
    """The judge's reason stands beside the headline only where the headline's numbers do not tell it."""
    assert headlines.why(diagnosis) == reason


@pytest.mark.parametrize(
    ("verdict", "values", "facts", "title"),
    [
        (Verdict.LEARNING, [0.9] * 9, {}, "Learning"),
        (Verdict.DIVERGED, [0.8] * 9, {}, "Diverged"),
        (Verdict.UNSTABLE, [0.7] * 9, {"end_noise": 0.001}, "Unstable"),
    ],
)
def test_a_verdict_that_does_not_go_by_the_loss_gives_its_reason(
    verdict: Verdict, values: list[float], facts: dict[str, float], title: str
) -> None:
    """A loss at 0.9 that learns, or at 0.8 that has diverged, is told by what the judge saw elsewhere."""
    evidence = Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in facts.items()))
    made = handmade.diagnosis(verdict, handmade.curve(values), "it shows elsewhere", evidence=evidence)
    assert headlines.headline(made) == f"{title}: it shows elsewhere."
    assert headlines.why(made) == ""


def test_doubts_stand_right_after_the_headline() -> None:
    """An assumed loss and an unsure verdict are told at once; a sure one on a named loss has no caveat."""
    sure = handmade.stalled()
    assert headlines.caveats(sure) == ()
    assumed = dataclasses.replace(
        sure,
        curves=dataclasses.replace(sure.curves, certainty=LossCertainty.ASSUMED),
        judgement=dataclasses.replace(sure.judgement, confidence=0.5),
    )
    assert headlines.caveats(assumed) == (
        "'loss' is assumed to be a binary cross-entropy: only its name says so.",
        "This verdict is right with a probability of 50% only. The causes below hold only if it is.",
    )
    causeless = dataclasses.replace(assumed, causes=())
    assert headlines.caveats(causeless)[1] == "This verdict is right with a probability of 50% only."
