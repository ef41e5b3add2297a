"""The second opinion: what a scorecard adds up, and when it is heard."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from made_runs import LN_2, jitter, run

from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.report.headlines import why
from mlflow_bce_monitor.verdicts.confidence import CLEAR, DISPUTED, LIKELY, OPEN
from mlflow_bce_monitor.verdicts.scorecard import FITTED, Characteristic, Scorecard, read_scorecard
from mlflow_bce_monitor.verdicts.second_opinion import NOT_FITTED_ON, WORDS, reconsidered

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
    assert scored is not None
    assert tuple(scored.log_odds.values()) == pytest.approx(log_odds)
    shares = np.exp(log_odds) / np.exp(log_odds).sum()
    assert [scored.probability(one) for one in CARD.verdicts] == pytest.approx(shares)
    assert scored.likeliest is CARD.verdicts[int(np.argmax(log_odds))]


def test_what_lies_outside_of_all_it_was_fitted_on_is_not_scored() -> None:
    """Points are not carried on beyond the runs that they were fitted on."""
    assert CARD.score(evidence(end_skill=1.01)) is None
    assert CARD.score(evidence(end_skill=-math.inf)) is None
    assert CARD.score(evidence(end_skill=1.0)) is not None


def test_the_grounds_are_the_facts_that_tell_two_verdicts_apart() -> None:
    """Strongest first, and none that speaks for the other one."""
    scored = CARD.score(evidence(end_skill=0.2, end_fall=0.02))
    assert scored is not None
    assert scored.grounds(LEARNING, STALLED) == ("end_skill", "end_fall")
    assert scored.grounds(SLOW, LEARNING) == ("end_fall",)
    assert scored.grounds(STALLED, LEARNING) == ()


def test_a_judgement_that_is_less_sure_than_the_scorecard_is_overruled() -> None:
    """Four to one stands against e ** 6: the scorecard has the last word, and says by what."""
    facts = evidence(end_skill=0.2, end_fall=0.02)
    after = reconsidered(Judgement(STALLED, OPEN, "at chance"), facts, CARD)
    assert (after.verdict, after.confidence, after.is_contested) == (LEARNING, OPEN, True)
    assert "together the numbers say learning" in after.because
    assert "skill at the end 0.2" in after.because
    assert after.because.endswith("one by one they would say stalled: at chance")


def test_a_judgement_that_is_surer_than_the_scorecard_is_left_and_made_less_sure() -> None:
    """Nine to one stands against e: the verdict stays, with a doubt."""
    facts = evidence(end_skill=0.05, end_fall=0.02)  # slow before learning by one nat
    after = reconsidered(Judgement(LEARNING, LIKELY, "below chance"), facts, CARD)
    assert (after.verdict, after.confidence, after.is_contested) == (LEARNING, DISPUTED, True)
    assert after.because.startswith("below chance; taken together the numbers would rather say slow")


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


@pytest.mark.parametrize("kind", NOT_FITTED_ON)
def test_kinds_that_it_does_not_know_are_left_alone(kind: str) -> None:
    """No curve of such a run was among those that it was fitted on."""
    judgement = Judgement(STALLED, OPEN, "at chance")
    facts = {"end_skill": 0.2, "end_fall": 0.02}
    assert reconsidered(judgement, evidence(**facts, **{kind: True}), CARD) is judgement
    assert reconsidered(judgement, evidence(**facts, **{kind: False}), CARD) is not judgement


def test_the_shipped_scorecard_is_whole() -> None:
    """Every characteristic is a fact with words, rising cuts, and points of every verdict in each bin."""
    assert {one.fact for one in FITTED.characteristics} <= set(WORDS) <= set(CATALOGUE)
    assert FITTED.characteristics
    width = len(FITTED.verdicts)
    assert len(FITTED.base) == width
    for one in FITTED.characteristics:
        assert len(one.bins) == len(one.cuts) + 1, one.fact
        assert list(one.cuts) == sorted(set(one.cuts)), one.fact
        assert all(one.lowest <= cut < one.highest for cut in one.cuts), one.fact
        assert {len(points) for points in (*one.bins, one.unknown)} == {width}, one.fact


def test_a_scorecard_is_read_as_it_was_written() -> None:
    """The file holds each characteristic under its fact."""
    stored = {
        "verdicts": ["learning", "slow", "stalled"],
        "base": CARD.base,
        "characteristics": {
            one.fact: {
                "range": [one.lowest, one.highest],
                "cuts": one.cuts,
                "bins": one.bins,
                "unknown": one.unknown,
            }
            for one in CARD.characteristics
        },
    }
    assert read_scorecard(json.dumps(stored)) == CARD


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
