"""The pool of two opinions: what the rules say, and what all facts say taken together."""

from __future__ import annotations

import math

import pytest
from made_runs import LN_2, jitter, run

from mlflow_bce_monitor.calibration import FITTED
from mlflow_bce_monitor.contract import UNKNOWN, Tier, Verdict
from mlflow_bce_monitor.evidence.fact import Evidence, Fact, FactValue
from mlflow_bce_monitor.observations import Seen
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.pooling import POOLED, TOGETHER, pooled, unknown_mass
from mlflow_bce_monitor.ranking import rank
from mlflow_bce_monitor.rules import RULES, NotAssessed, Outcome, RuledOut, Supported
from mlflow_bce_monitor.rules.rule import Piece
from mlflow_bce_monitor.rules.weighing import weigh
from mlflow_bce_monitor.scorecards import Characteristic, Scorecard

CARD = Scorecard(
    ("dead_relu", "no_signal", UNKNOWN),
    (0.3, -0.2, -1.0),
    (
        Characteristic("depth", 1.0, 9.0, (3.0,), ((-1.0, 0.5, 0.0), (2.0, 0.0, 0.5)), (0.7, 0.0, 0.0)),
        Characteristic("end_skill", -1.0, 1.0, (0.1,), ((0.1, 0.2, 0.0), (0.0, -2.0, 0.0)), (0.0, 0.0, 0.0)),
        Characteristic("auc", 0.0, 1.0, (0.5,), ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), (1.5, 0.0, 0.0)),
    ),
)


def evidence(**facts: FactValue) -> Evidence:
    """Return evidence that holds these facts."""
    return Evidence(tuple(Fact(name, value, "made", Tier.CURVE) for name, value in facts.items()))


def outcomes(**said: Outcome) -> dict[str, Outcome]:
    """Return what some rules say; the others rule their causes out."""
    return {**{rule.code: RuledOut("cannot be") for rule in RULES}, **said}


SAID = outcomes(
    dead_relu=weigh(Piece("shock", 1.2, "it was thrown"), Piece("rate", -0.4, "the rate is small")),
    no_signal=weigh(Piece("auc", 0.8, "nothing is ranked")),
    too_few_rows=NotAssessed(("n_train",)),
)
FACTS = evidence(depth=5.0, end_skill=0.05)


def probabilities(said: dict[str, Outcome]) -> dict[str, float]:
    """Return cause to probability of a stalled run."""
    return {one.cause: one.probability for one in rank(Verdict.STALLED, said, RULES)}


def test_the_pool_is_the_product_of_both_opinions_to_one_power() -> None:
    """The ranking of what was pooled has the probabilities that the definition says."""
    scored = CARD.score(FACTS)
    by_rules = probabilities(SAID)
    products = {
        cause: (probability * scored.probability(cause)) ** POOLED for cause, probability in by_rules.items()
    }
    whole = sum(products.values())
    found = probabilities(pooled(SAID, scored, FACTS, (), RULES))
    assert found == pytest.approx({cause: product / whole for cause, product in products.items()})


def test_what_was_ruled_out_or_not_assessed_stays_so() -> None:
    """The scorecard cannot bring back what cannot be, nor assess what lacks a fact."""
    found = pooled(SAID, CARD.score(FACTS), FACTS, (), RULES)
    for code, said in SAID.items():
        if not isinstance(said, Supported):
            assert found[code] == said


def test_a_cause_that_the_scorecard_does_not_know_keeps_its_weight() -> None:
    """No run of the zoo had it, so nothing was learned about it."""
    said = {**SAID, "too_few_rows": weigh(Piece("rows", 1.0, "few rows"))}
    assert pooled(said, CARD.score(FACTS), FACTS, (), RULES)["too_few_rows"] == said["too_few_rows"]


def test_strong_facts_are_said_and_weak_ones_only_counted() -> None:
    """A clause for each fact that tells; a fact that is not known counts, and is no ground."""
    found = pooled(SAID, CARD.score(FACTS), FACTS, (), RULES)["dead_relu"]
    assert isinstance(found, Supported)
    by_key = {piece.key: piece for piece in found.pieces}
    assert by_key["shock"] == Piece("shock", pytest.approx(POOLED * 1.2), "it was thrown")
    assert by_key["depth"] == Piece("depth", pytest.approx(POOLED * 1.5), "5 layers with weights")
    assert (by_key["auc"].weight, by_key["auc"].clause) == (pytest.approx(POOLED * 1.5), "")
    prior = {rule.code: FITTED.prior(rule) for rule in RULES}["dead_relu"]
    kept = (1.0 - POOLED) * (math.log(unknown_mass(SAID, RULES, FITTED)) - math.log(prior))
    assert by_key[TOGETHER] == Piece(TOGETHER, pytest.approx(POOLED * (0.1 + 1.3) + kept), "")


def test_a_fact_is_said_as_its_observation_says_it() -> None:
    """One clause for one fact, with the weight of both opinions on it."""
    seen = (Seen("depth_deep", "five layers are deep", "depth"), Seen("other", "of two facts"))
    found = pooled(SAID, CARD.score(FACTS), FACTS, seen, RULES)["dead_relu"]
    assert isinstance(found, Supported)
    assert Piece("depth", pytest.approx(POOLED * 1.5), "five layers are deep") in found.pieces


def test_a_normal_state_is_not_asked_about() -> None:
    """What was learned on runs in trouble says nothing of one that is as it should be."""
    steps = 100
    metrics = {
        "discriminator_loss": LN_2 + jitter(steps, 0.01, 1),
        "generator_loss": LN_2 + jitter(steps, 0.01, 2),
    }
    found = diagnose(run(metrics))
    assert found.verdict is Verdict.BENIGN
    considered = [said for said in found.outcomes.values() if isinstance(said, Supported)]
    assert considered
    assert all(TOGETHER not in {piece.key for piece in said.pieces} for said in considered)


def test_a_run_in_trouble_is_asked_about() -> None:
    """Every cause that is considered and that the zoo holds has what the facts add."""
    found = diagnose(run({"loss": LN_2 + jitter(20, 0.001, 3)}, {"positive_share": "0.5"}))
    assert found.verdict is Verdict.STALLED
    considered = [said for said in found.outcomes.values() if isinstance(said, Supported)]
    assert sum(TOGETHER in {piece.key for piece in said.pieces} for said in considered) > 1
