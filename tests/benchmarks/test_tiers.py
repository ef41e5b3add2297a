"""What evidence from inside is worth: the four views, and the page that shows them."""

from __future__ import annotations

import pytest

from benchmarks.diagnosis.shares import Share
from benchmarks.tiers import page
from benchmarks.tiers.table import Measured, measured, tables
from benchmarks.tiers.views import AS_LOGGED, BOTH, CALLBACK, PROBES, VIEWS
from benchmarks.zoo.blocks import FITTED_BLOCKS, HELD_OUT_BLOCKS, TEST
from benchmarks.zoo.generate_inside import interleaved
from benchmarks.zoo.inside import Case, load
from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.pipeline import diagnose


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Return the repeated trainings of the blocks that are held out."""
    return [case for case in load() if case.truth.plan.block in HELD_OUT_BLOCKS]


@pytest.fixture(scope="module")
def found(cases: list[Case]) -> Measured:
    """Return their scores in the four views."""
    return measured(cases)


def test_the_page_is_current(found: Measured) -> None:
    """docs/inside.md shows what file and code give; ``python -m benchmarks.tiers --write`` renews it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page(found)


def test_a_view_shows_no_more_than_it_says(cases: list[Case]) -> None:
    """Without the callback no fact of its tier is left, and only probes give facts of the model."""
    probed = next(case for case in cases if case.probes)
    tiers = {
        view.title: {fact.tier for fact in diagnose(record, probed=facts).evidence.facts()}
        for view in VIEWS
        for record, facts in (view.of(probed),)
    }
    assert not tiers[AS_LOGGED.title] & {Tier.MONITOR, Tier.MODEL}
    assert tiers[CALLBACK.title] & {Tier.MONITOR, Tier.MODEL} == {Tier.MONITOR}
    assert tiers[PROBES.title] & {Tier.MONITOR, Tier.MODEL} == {Tier.MODEL}
    assert tiers[BOTH.title] >= {Tier.MONITOR, Tier.MODEL}


def test_the_second_table_compares_the_same_trainings(found: Measured, cases: list[Case]) -> None:
    """All four views of it judge the trainings whose models were probed."""
    n_probed = sum(bool(case.probes) for case in cases)
    assert n_probed
    assert {scores.verdicts.n for scores in found.same.values()} == {n_probed}
    assert found.every[CALLBACK.title].verdicts.n == len(cases)


@pytest.fixture(scope="module")
def of_fitted() -> Measured:
    """Return the scores of what may be fitted on; a test on what is held out would tune on it."""
    return measured([case for case in load() if case.truth.plan.block in FITTED_BLOCKS])


def test_no_healthy_training_is_called_ill(of_fitted: Measured, found: Measured) -> None:
    """Neither the callback nor the probes make trouble of a training that has learned.

    Of the block proof the callback does of one, which stands on the page.
    """
    for view in (CALLBACK, PROBES, BOTH):
        for scores in (of_fitted.every, found.by_block[TEST]):
            assert scores[view.title].verdicts.false_alarms.wrong.count == 0


def test_evidence_from_inside_helps(of_fitted: Measured) -> None:
    """The true cause is first more often with the callback."""
    shares: dict[str, Share] = {name: one.exact_causes.top_1 for name, one in of_fitted.every.items()}
    assert shares[CALLBACK.title].count > shares[AS_LOGGED.title].count


def test_every_number_stands_with_its_interval(found: Measured) -> None:
    """The goals say of how many runs a share is, and what so few leave open."""
    goals = tables(found)[0]
    assert goals.columns[3:5] == ("runs", "95 % interval")
    assert all(" to " in row[4] for row in goals.rows)


def test_each_block_that_is_held_out_stands_for_itself(found: Measured) -> None:
    """Together they have as many trainings as the pool, whose goals are shown for either."""
    assert set(found.by_block) == set(HELD_OUT_BLOCKS)
    for view in VIEWS:
        counts = [scores[view.title].verdicts.n for scores in found.by_block.values()]
        assert sum(counts) == found.every[view.title].verdicts.n
    assert tables(found)[0].columns[6:] == tuple(f"in {block}" for block in found.by_block)


def test_any_beginning_holds_the_same_share_of_every_part() -> None:
    """Parts of different length run out together."""
    parts = [["a"] * 40, ["b"] * 20, ["c"] * 20]
    order = interleaved(parts)  # type: ignore[arg-type] # words stand for trainings
    for n in (8, 20, 40):
        beginning = order[:n]
        assert abs(beginning.count("a") - n / 2) <= 1  # type: ignore[arg-type] # as above
