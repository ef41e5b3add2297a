"""The plans of the zoo: data, networks, faults, split."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.zoo.architectures import ARCHITECTURES, HEADS
from benchmarks.zoo.blocks import BLOCKS, FITTED_BLOCKS, HELD_OUT_BLOCKS
from benchmarks.zoo.building import build
from benchmarks.zoo.catalogue import all_plans
from benchmarks.zoo.datasets import DATA_SETS, HELD_BACK_SHARE, INPUT_DAMAGE, TOKEN_DAMAGE, prepare
from benchmarks.zoo.faults import FAULTS
from benchmarks.zoo.packaged import imported
from benchmarks.zoo.plan import DataPlan, NetworkPlan
from benchmarks.zoo.rows import Kind
from benchmarks.zoo.split import ARCHITECTURES_OF, DATA_SETS_OF

pytestmark = pytest.mark.training

ROW_SHAPES = {Kind.TABLE: 1, Kind.IMAGE: 3, Kind.SEQUENCE: 1}


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_data_set_has_both_classes_and_comes_out_the_same_twice(name: str) -> None:
    """A data set gives rows of its kind's shape with both classes, determined by its seed."""
    plan = DataPlan(name, seed=3, rows=140)
    rows, again = prepare(plan), prepare(plan)
    assert rows.train.features.ndim == 1 + ROW_SHAPES[DATA_SETS[name].kind]
    assert 0.05 < rows.train.labels.mean() < 0.95
    np.testing.assert_array_equal(rows.train.features, again.train.features)
    np.testing.assert_array_equal(rows.judged.labels, again.judged.labels)
    assert np.isfinite(rows.train.features).all()


@pytest.mark.parametrize("share", [0.01, 0.1, 0.4])
def test_thinning_out_reaches_the_share_of_positives(share: float) -> None:
    """The share of positives that a plan asks for holds over all rows drawn."""
    rows = prepare(DataPlan("moons", seed=0, rows=1400, positive_share=share))
    labels = np.concatenate([rows.train.labels, rows.judged.labels])
    assert labels.mean() == pytest.approx(share, rel=0.01)


def test_held_back_rows_are_those_that_keras_splits_off() -> None:
    """The rows held back are the last part of the rows together, as Keras' validation_split takes them."""
    for rows in (77, 124, 350, 700, 1050):
        prepared = prepare(DataPlan("groups", seed=0, rows=rows))
        together = len(prepared.train) + len(prepared.held_back)
        assert len(prepared.train) == math.floor(together * (1 - HELD_BACK_SHARE))


def test_shuffled_labels_leave_features_and_shares_alone() -> None:
    """Shuffling takes the signal out of the labels and changes nothing else."""
    plan = DataPlan("linear_factors", seed=1, rows=1050)
    whole, shuffled = prepare(plan), prepare(replace(plan, labels_shuffled=True))
    np.testing.assert_array_equal(whole.train.features, shuffled.train.features)
    agreement = np.mean(whole.train.labels == shuffled.train.labels)
    assert 0.4 < agreement < 0.6


@pytest.mark.parametrize("damage", INPUT_DAMAGE)
def test_damage_is_done_to_tables_and_refused_for_tokens_it_does_not_suit(damage: str) -> None:
    """Every damage changes a table; damage that has no meaning for token numbers is refused."""
    whole = prepare(DataPlan("wine_second", seed=1, rows=84))
    damaged = prepare(DataPlan("wine_second", seed=1, rows=84, inputs=damage))
    assert not np.array_equal(whole.train.features, damaged.train.features)
    tokens = DataPlan("keyword", seed=1, rows=84, inputs=damage)
    if damage in TOKEN_DAMAGE:
        assert prepare(tokens).train.features.dtype == np.int32
    else:
        with pytest.raises(ValueError, match="token numbers take one of"):
            prepare(tokens)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_gives_one_output_per_row(architecture: str) -> None:
    """Each architecture builds for a kind of rows it takes, with as many outputs as its head says."""
    kind = min(ARCHITECTURES[architecture].kinds, key=str)
    name = next(name for name, data_set in DATA_SETS.items() if data_set.kind is kind)
    features = prepare(DataPlan(name, seed=0, rows=42)).train.features
    for head in ("sigmoid", "softmax2"):
        model = build(NetworkPlan(architecture, width=4, head=head), kind, features.shape[1:])
        assert model(features[:5]).shape == (5, HEADS[head].units)


def test_frozen_plans_have_nothing_to_train() -> None:
    """Freezing takes all weights, or all but the output layer's, away from the optimiser."""
    hidden = build(NetworkPlan("mlp2", width=4, frozen="hidden"), Kind.TABLE, (3,))
    whole = build(NetworkPlan("mlp2", width=4, frozen="all"), Kind.TABLE, (3,))
    assert len(hidden.trainable_variables) == 2
    assert whole.trainable_variables == []


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(BLOCKS, 2)))
def test_no_two_blocks_share_a_data_set_or_an_architecture(first: str, second: str) -> None:
    """What one block holds is never seen in another, neither the data nor the network."""
    for names in (DATA_SETS_OF, ARCHITECTURES_OF):
        assert not names[first] & names[second]
    used = {
        block: [(plan.data.name, plan.network.architecture) for plan in all_plans() if plan.block == block]
        for block in (first, second)
    }
    for part in (0, 1):
        assert not {pair[part] for pair in used[first]} & {pair[part] for pair in used[second]}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_trains_all_of_its_data_sets_and_architectures(block: str) -> None:
    """Nothing is assigned to a block in vain, and every stratum is in every block."""
    plans = [plan for plan in all_plans() if plan.block == block]
    assert DATA_SETS_OF[block] <= {plan.data.name for plan in plans}
    assert ARCHITECTURES_OF[block] <= {plan.network.architecture for plan in plans}
    for table, names in ((DATA_SETS, DATA_SETS_OF), (ARCHITECTURES, ARCHITECTURES_OF)):
        assert {table[name].stratum for name in names[block]} == {one.stratum for one in table.values()}


def test_blocks_that_are_held_out_are_not_fitted_on() -> None:
    """What may be fitted and tuned on are the blocks other than the test block and the proof."""
    assert HELD_OUT_BLOCKS == ("test", "proof")
    assert set(FITTED_BLOCKS) == set(BLOCKS) - set(HELD_OUT_BLOCKS)


def test_real_data_sets_say_what_to_install() -> None:
    """Without the package that a data set comes with, the error names it and the extra."""
    with pytest.raises(ModuleNotFoundError, match=r"come with missing_here; pip install -e '\.\[zoo\]'"):
        imported("missing_here.data")


def test_what_reads_the_traces_loads_no_keras() -> None:
    """The benchmark and the fit start fast: truth, blocks and traces need neither Keras nor scikit-learn."""
    program = "import sys, benchmarks.zoo.blocks, benchmarks.zoo.traces; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert not {"keras", "tensorflow", "sklearn", "statsmodels", "mlxtend"} & set(loaded.stdout.split())


def test_the_catalogue_is_the_same_every_time_and_its_twins_exist() -> None:
    """Plans are drawn from one seed, have their own ids, and every twin is a plan without a fault."""
    plans = all_plans()
    assert plans == all_plans()
    by_id = {plan.plan_id: plan for plan in plans}
    assert len(by_id) == len(plans)
    twins = [by_id[plan.twin] for plan in plans if plan.twin is not None]
    assert twins
    assert {twin.fault for twin in twins} == {"none"}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_holds_every_fault(block: str) -> None:
    """No fault is left to be seen for the first time in another block."""
    planned = {
        plan.plan_id.split("-")[1] for plan in all_plans() if plan.block == block and plan.fault != "none"
    }
    assert set(FAULTS) <= planned
