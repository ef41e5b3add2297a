"""The second opinion: what a scorecard adds up, and when it is heard."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from made_runs import LN_2, jitter, run

from mlflow_bce_monitor.contract import UNKNOWN, Tier, Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.report.headlines import why
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.scorecards import OF_CAUSES, OF_VERDICTS, Characteristic, Scorecard, read_scorecard
from mlflow_bce_monitor.scorecards.words import NO_OR_YES, WORDS, worded
from mlflow_bce_monitor.verdicts.confidence import CLEAR, DISPUTED, LIKELY, OPEN
from mlflow_bce_monitor.verdicts.second_opinion import NOT_FITTED_ON, reconsidered

LEARNING, SLOW, STALLED = Verdict.LEARNING, Verdict.SLOW, Verdict.STALLED

SKILL = Characteristic(
    "end_skill",
    lowest=-1.0,
    highest=1.0,
    cuts=(0.0, 0.1),
    bins=((-1.0, 0.0, 2.0), (0.0, 1.0, 0.0), (3.0, 0.0, -3.0)),
    unknown=(0.5, 0.25, 0.0),
)
FALL = Characteristic(
    "end_fall",
    lowest=-1.0,
    highest=1.0,
    cuts=(0.01,),
    bins=((0.0, -1.0, 1.0), (0.5, 1.0, -1.0)),
    unknown=(0.0, 0.0, 0.0),
)
CARD = Scorecard((LEARNING, SLOW, STALLED), (0.5, 0.0, -0.5), (SKILL, FALL))


def evidence(**facts: FactValue) -> Evidence:
    """Return evidence that holds these facts."""
    return Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in facts.items()))


@pytest.mark.parametrize(
    ("facts", "log_odds"),
    [
        ({"end_skill": 0.05, "end_fall": 0.02}, (0.5 + 0.0 + 0.5, 0.0 + 1.0 + 1.0, -0.5 + 0.0 - 1.0)),
        # A number on a cut belongs to the lower bin.
        ({"end_skill": 0.1, "end_fall": 0.01}, (0.5 + 0.0 + 0.0, 0.0 + 1.0 - 1.0, -0.5 + 0.0 + 1.0)),
        ({"end_fall": 0.02}, (0.5 + 0.5 + 0.5, 0.0 + 0.25 + 1.0, -0.5 + 0.0 - 1.0)),
        ({"end_skill": math.nan, "end_fall": 0.02}, (1.5, 1.25, -1.5)),
        ({}, (1.0, 0.25, -0.5)),
    ],
)
def test_points_are_added_up(facts: dict[str, FactValue], log_odds: tuple[float, ...]) -> None:
    """Each fact adds the points of its bin, or those of a fact that is not known, to the base."""
    scored = CARD.score(evidence(**facts))
    assert tuple(scored.log_odds.values()) == pytest.approx(log_odds)
    shares = np.exp(log_odds) / np.exp(log_odds).sum()
    assert [scored.probability(one) for one in CARD.answers] == pytest.approx(shares)
    assert scored.likeliest is CARD.answers[int(np.argmax(log_odds))]


def test_what_lies_outside_of_all_it_was_fitted_on_is_not_covered() -> None:
    """Beyond the runs that were fitted on the outermost bin goes on, and whoever asks is told so."""
    assert not CARD.covers(evidence(end_skill=1.01))
    assert not CARD.covers(evidence(end_skill=-math.inf))
    assert CARD.covers(evidence(end_skill=1.0))
    assert CARD.covers(evidence())
    beyond, inside = CARD.score(evidence(end_skill=7.0)), CARD.score(evidence(end_skill=1.0))
    assert beyond.log_odds == inside.log_odds


def test_the_grounds_are_the_facts_that_tell_two_verdicts_apart() -> None:
    """Strongest first, and none that speaks for the other one."""
    scored = CARD.score(evidence(end_skill=0.2, end_fall=0.02))
    assert scored.grounds(LEARNING, STALLED) == ("end_skill", "end_fall")
    assert scored.grounds(SLOW, LEARNING) == ("end_fall",)
    assert scored.grounds(STALLED, LEARNING) == ()


def test_a_judgement_that_is_less_sure_than_the_scorecard_is_overruled() -> None:
    """Four to one stands against e ** 6: the scorecard has the last word, and says by what."""
    facts = evidence(end_skill=0.2, end_fall=0.02)
    after = reconsidered(Judgement(STALLED, OPEN, "at chance"), facts, CARD)
    assert (after.verdict, after.confidence, after.is_contested) == (LEARNING, OPEN, True)
    assert "together the numbers say learning" in after.because
    assert "a skill of 0.2 at the end" in after.because
    assert after.because.endswith("one by one they would say stalled: at chance")


def test_a_judgement_that_is_surer_than_the_scorecard_is_left_and_made_less_sure() -> None:
    """Nine to one stands against e: the verdict stays, with a doubt."""
    facts = evidence(end_skill=0.05, end_fall=0.02)  # slow before learning by one nat
    after = reconsidered(Judgement(LEARNING, LIKELY, "below chance"), facts, CARD)
    assert (after.verdict, after.confidence, after.is_contested) == (LEARNING, DISPUTED, True)
    assert after.because.startswith("below chance; taken together the numbers would rather say slow")


def test_held_back_rows_that_are_ranked_are_a_second_witness_of_learning() -> None:
    """Less sure than the judge, the scorecard has the last word where the ranking says the same."""
    card = replace(CARD, base=(-2.0, -3.0, -0.25))
    judgement = Judgement(STALLED, LIKELY, "near chance")  # learning comes before it by a quarter of a nat
    assert reconsidered(judgement, evidence(end_fall=0.02), card).verdict is STALLED
    assert reconsidered(judgement, evidence(end_fall=0.02, ranking="unclear"), card).verdict is STALLED
    after = reconsidered(judgement, evidence(end_fall=0.02, ranking="above chance"), card)
    assert (after.verdict, after.confidence, after.is_contested) == (LEARNING, OPEN, True)


@pytest.mark.parametrize(
    ("share", "verdict", "confidence"),
    [(0.51, LEARNING, DISPUTED), (0.34, LEARNING, DISPUTED), (0.32, SLOW, LIKELY), (0.05, SLOW, LIKELY)],
)
def test_a_run_that_may_well_be_sound_is_not_called_slow(
    share: float, verdict: Verdict, confidence: float
) -> None:
    """A false alarm weighs twice what a slow run that is passed over does: a third is enough to spare it."""
    log_odds = math.log(share / (1.0 - share))
    # Without a known fact the base is what is left, and "stalled" is out of the question.
    card = replace(CARD, base=(log_odds - 0.5, -0.25, -50.0))
    after = reconsidered(Judgement(SLOW, LIKELY, "near chance"), evidence(), card)
    assert (after.verdict, after.confidence) == (verdict, confidence)
    assert after.is_contested == (verdict is LEARNING)
    if verdict is LEARNING:
        assert f"leave {share:.0%} for a sound run" in after.because
        assert after.because.endswith("too much to call it slow; one by one they would say slow: near chance")


def test_a_stall_is_no_neighbour_of_a_sound_run() -> None:
    """What is flat at chance is called so, whatever a third of the odds says."""
    card = replace(CARD, base=(-0.5, -50.0, 0.0))
    after = reconsidered(Judgement(STALLED, LIKELY, "at chance"), evidence(), card)
    assert after.verdict is STALLED


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(STALLED, CLEAR, "clear"),
        Judgement(LEARNING, OPEN, "the scorecard says so as well"),
        Judgement(Verdict.INCONSISTENT, OPEN, "not a state of the course"),
    ],
    ids=lambda one: str(one.because),
)
def test_what_is_clear_shared_or_of_another_kind_stands(judgement: Judgement) -> None:
    """The scorecard is heard on doubts about the course, and on nothing else."""
    assert reconsidered(judgement, evidence(end_skill=0.2, end_fall=0.02), CARD) is judgement


def test_a_run_beyond_what_was_fitted_on_is_left_alone() -> None:
    """What its points would be nobody has measured."""
    judgement = Judgement(STALLED, OPEN, "at chance")
    assert reconsidered(judgement, evidence(end_skill=1.01, end_fall=0.02), CARD) is judgement


@pytest.mark.parametrize("kind", NOT_FITTED_ON)
def test_kinds_that_it_does_not_know_are_left_alone(kind: str) -> None:
    """No curve of such a run was among those that it was fitted on."""
    judgement = Judgement(STALLED, OPEN, "at chance")
    facts = {"end_skill": 0.2, "end_fall": 0.02}
    assert reconsidered(judgement, evidence(**facts, **{kind: True}), CARD) is judgement
    assert reconsidered(judgement, evidence(**facts, **{kind: False}), CARD) is not judgement


@pytest.mark.parametrize("card", [OF_VERDICTS, OF_CAUSES], ids=["verdicts", "causes"])
def test_the_shipped_scorecards_are_whole(card: Scorecard) -> None:
    """Every characteristic is a fact with rising cuts, and with points of every answer in each bin."""
    assert card.characteristics
    width = len(card.answers)
    assert len(card.base) == width
    for one in card.characteristics:
        assert one.fact in CATALOGUE
        assert len(one.bins) == len(one.cuts) + 1, one.fact
        assert list(one.cuts) == sorted(set(one.cuts)), one.fact
        assert all(one.lowest <= cut < one.highest for cut in one.cuts), one.fact
        assert {len(points) for points in one.rows} == {width}, one.fact


def test_the_scorecard_of_causes_knows_causes_and_the_unknown() -> None:
    """Its answers are words of the contract, and what no rule covers is one of them."""
    assert UNKNOWN in OF_CAUSES.answers
    assert set(OF_CAUSES.answers) - {UNKNOWN} <= {rule.code for rule in RULES}


def test_what_was_planned_is_not_asked() -> None:
    """How many epochs or rows there were, and what other runs did, is the rules' business."""
    asked = {one.fact for one in OF_CAUSES.characteristics}
    assert not asked & {"n_points", "n_epochs", "n_train", "n_validation", "n_features", "n_parameters"}
    assert not any(fact.startswith("sibling") for fact in asked)


def test_a_scorecard_is_read_as_it_was_written() -> None:
    """The file holds each characteristic under its fact; an answer without points need not be written."""
    stored = {
        "answers": ["learning", "slow", "stalled"],
        "base": [0.5, 0.0, -0.5],
        "characteristics": {
            "end_skill": {
                "range": [-1.0, 1.0],
                "cuts": [0.0, 0.1],
                "points": {
                    "learning": [0.5, -1.0, 0.0, 3.0],
                    "slow": [0.25, 0.0, 1.0, 0.0],
                    "stalled": [0.0, 2.0, 0.0, -3.0],
                },
            },
            "end_fall": {"range": [-1.0, 1.0], "cuts": [0.01], "points": {"slow": [0.0, -1.0, 1.0]}},
        },
    }
    silent = replace(FALL, bins=((0.0, -1.0, 0.0), (0.0, 1.0, 0.0)))
    assert read_scorecard(json.dumps(stored)) == replace(CARD, characteristics=(SKILL, silent))


def test_facts_are_worded_with_their_values() -> None:
    """In words that fit a clause, otherwise as the catalogue has it."""
    known = evidence(end_skill=0.0321, constant_loss=True, end_falling=False, spike_count=3)
    assert worded("end_skill", known) == "a skill of 0.0321 at the end"
    assert worded("constant_loss", known) == "a loss that repeats one value"
    assert worded("end_falling", known) == "no fall over the last half beyond noise"
    assert worded("spike_count", known) == f"{CATALOGUE['spike_count'].meaning}: 3"
    assert worded("auc", known).endswith("not known")


@pytest.mark.parametrize("card", [OF_VERDICTS, OF_CAUSES], ids=["verdicts", "causes"])
def test_every_fact_that_is_asked_has_words(card: Scorecard) -> None:
    """A reason reads as a person says it, and every word is there for a fact of the catalogue."""
    assert {one.fact for one in card.characteristics} <= {*WORDS, *NO_OR_YES} <= set(CATALOGUE)


def memorising() -> dict[str, np.ndarray]:
    """Return a run just inside the band at chance, whose held-back loss gained nothing from it."""
    loss = np.linspace(0.6931, 0.6585, 20) + jitter(20, 0.002, seed=3)
    held_back = LN_2 + jitter(20, 0.002, seed=4)
    accuracy, held_back_accuracy = np.linspace(0.5, 0.61, 20), 0.53 + jitter(20, 0.004, seed=5)
    return {
        "loss": loss,
        "val_loss": held_back,
        "accuracy": accuracy,
        "val_accuracy": held_back_accuracy,
    }


def test_a_run_is_judged_by_all_its_numbers_and_the_report_says_so() -> None:
    """A skill just inside the limit that the held-back rows lack altogether is memory, and no stall."""
    found = diagnose(run(memorising(), {"positive_share": "0.5"}))
    assert found.judgement.is_contested, found.judgement
    assert "aken together" in why(found)
