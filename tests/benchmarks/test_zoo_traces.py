"""The file of traces: what it holds, and that it holds it exactly."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput
from stores import START, FilledStore

from benchmarks.zoo import preference, training
from benchmarks.zoo.blocks import BLOCKS, EXERCISE, PRACTICE, PROOF, REHEARSAL
from benchmarks.zoo.catalogue import all_plans
from benchmarks.zoo.plan import TrainingPlan
from benchmarks.zoo.summary import CONTENTS, contents
from benchmarks.zoo.traces import TRACES, Specimen, load, read, write
from benchmarks.zoo.truth import Truth
from mlflow_bce_monitor.contract import CAUSES, EXPLAINED, FLAGGED, NO_CAUSE, UNKNOWN, Verdict
from mlflow_bce_monitor.records import MetricHistory, RunRecord, Sibling
from mlflow_bce_monitor.tracking.reading.reader import ClientReader
from mlflow_bce_monitor.tracking.reading.sibling_search import SiblingSearch

pytestmark = pytest.mark.training

LARGEST_FILE = 5_000_000  # bytes: kept in the repository
FEWEST_RUNS = 5  # of every cause in every block


@pytest.fixture(scope="module")
def zoo() -> list[tuple[RunRecord, Truth]]:
    """Return the whole zoo."""
    return load()


def same(first: RunRecord, second: RunRecord) -> bool:
    """Return whether two records agree in every field and every digit."""
    plain = [part.name for part in fields(RunRecord) if part.name != "histories"]
    if any(getattr(first, name) != getattr(second, name) for name in plain):
        return False
    return list(first.histories) == list(second.histories) and all(
        same_history(first.histories[name], second.histories[name]) for name in first.histories
    )


def same_history(first: MetricHistory, second: MetricHistory) -> bool:
    """Return whether two histories agree in every point, NaN included."""
    parts = ("steps", "timestamps", "values")
    return all(getattr(first, part).tobytes() == getattr(second, part).tobytes() for part in parts)


def test_the_zoo_has_the_size_and_the_variety_it_claims(zoo: list[tuple[RunRecord, Truth]]) -> None:
    """At least 3,090 Keras trainings: 89 data sets, 74 architectures, 4 optimisers, 5 to 200 epochs."""
    plans = [truth.plan for _, truth in zoo if truth.plan.family == "labels"]
    assert len(plans) >= 3090
    assert len({plan.data.name for plan in plans}) >= 89
    assert len({plan.network.architecture for plan in plans}) >= 74
    assert len({plan.optimiser.name for plan in plans}) >= 4
    assert len({plan.optimiser.batch_size for plan in plans}) >= 4
    assert min(plan.optimiser.epochs for plan in plans) == 5
    assert max(plan.optimiser.epochs for plan in plans) == 200
    assert TRACES.stat().st_size < LARGEST_FILE  # kept in the repository


OF_OTHER_FAMILIES = {"adversarial_equilibrium", "masked_labels", "policy_equals_reference"}
"""Causes that networks on labels do not have."""
ON_LABELS_ONLY = {PRACTICE, REHEARSAL, EXERCISE, PROOF}
"""Blocks that hold no other trainings."""


@pytest.mark.parametrize(
    ("cause", "block"),
    [
        (cause, block)
        for block in BLOCKS
        for cause in CAUSES
        if cause not in {UNKNOWN, NO_CAUSE} and not (block in ON_LABELS_ONLY and cause in OF_OTHER_FAMILIES)
    ],
)
def test_every_cause_is_the_true_cause_of_runs_in_every_block(
    zoo: list[tuple[RunRecord, Truth]], cause: str, block: str
) -> None:
    """No word of the contract's vocabulary goes unmeasured, and none is measured on fitted groups only."""
    wanted = EXPLAINED if cause == "adversarial_equilibrium" else FLAGGED
    runs = [truth for _, truth in zoo if truth.plan.block == block and truth.verdict in wanted]
    assert sum(cause in truth.causes for truth in runs) >= FEWEST_RUNS


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(BLOCKS, 2)))
def test_groups_of_two_blocks_are_disjoint(
    zoo: list[tuple[RunRecord, Truth]], first: str, second: str
) -> None:
    """No data set and no architecture of one block occurs in another."""
    for part in (0, 1):
        used = {
            block: {truth.group[part] for _, truth in zoo if truth.plan.block == block}
            for block in (first, second)
        }
        assert used[first]
        assert not used[first] & used[second]


def test_runs_in_trouble_and_others_are_both_common(zoo: list[tuple[RunRecord, Truth]]) -> None:
    """Every verdict that a training can earn is there, and a third of the runs is in no trouble."""
    counts = Counter(truth.verdict for _, truth in zoo)
    assert set(counts) == set(Verdict) - {Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE}
    assert counts[Verdict.LEARNING] + counts[Verdict.ESCAPED] > len(zoo) / 3
    assert counts[Verdict.STALLED] > len(zoo) / 6


def test_no_run_names_its_fault(zoo: list[tuple[RunRecord, Truth]]) -> None:
    """Nothing in a record says what was injected, or that it belongs to a benchmark."""
    plan_ids = [f"{block}-" for block in BLOCKS]
    words = [*CAUSES[:-2], *plan_ids, "severity", "zoo", "benchmark", "fault", "twin"]
    forbidden = re.compile("|".join(words))
    for record, truth in zoo:
        texts = [record.run_name, *record.tags, *record.tags.values(), *record.histories, *record.params]
        texts += [record.model_summary or "", *(part.name for part in record.datasets)]
        texts += [value for name, value in record.params.items() if name != "model_name"]
        assert not [text for text in texts if forbidden.search(text)], truth.plan.plan_id


def test_files_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    """Writing what was read gives the same records, plans and outcomes again."""
    specimens = read()[:40]
    write(specimens, tmp_path / "again.parquet")
    for first, second in zip(specimens, read(tmp_path / "again.parquet"), strict=True):
        assert same(first.record, second.record)
        assert first.plan == second.plan
        assert repr(first.outcome) == repr(second.outcome)


def test_runs_have_the_siblings_that_their_store_gives_them(store: FilledStore, tmp_path: Path) -> None:
    """From the file alone, every run gets the same siblings as a search of its store finds."""
    experiment = store.experiment()
    parent = store.run(experiment, {"loss": [0.7, 0.6]}, params={"lr": "1"})
    tags = {"mlflow.parentRunId": parent}
    points = [(3, START + 5, 0.1), (3, START + 5, math.nan), (2, START + 9, 0.2)]
    for n in range(26):
        status = "FAILED" if n % 7 == 6 else "FINISHED"
        logged = {"loss": [0.7, 0.6 - n / 100], "tied": points}
        run_id = store.run(
            experiment, logged, params={"seed": str(n)}, tags=tags if n % 2 else {}, status=status
        )
        dataset = DatasetInput(Dataset("rows", f"digest{n % 3}", "local", "{}"))
        store.client.log_inputs(run_id, [dataset])
    store.run(store.experiment(), {"loss": [0.5]})
    search, specimens = SiblingSearch(store.client), []
    expected = {}
    for run, other in zip(store.client.search_runs([experiment]), read(), strict=False):
        record = ClientReader(store.client).read_one(run)
        assert isinstance(record, RunRecord)
        specimens.append(Specimen(other.plan, record, other.outcome))
        expected[record.run_id] = search.siblings_of(run)
    write(specimens, tmp_path / "siblings.parquet")
    loaded = [record for record, _ in load(tmp_path / "siblings.parquet")]
    assert len(loaded) == 27
    for record in loaded:
        assert shown(record.siblings) == shown(expected[record.run_id])
    assert max(len(record.siblings) for record in loaded) > 10


def shown(siblings: tuple[Sibling, ...]) -> list[str]:
    """Return siblings so that NaN equals NaN."""
    return [
        repr((one.run_id, sorted(one.params.items()), sorted(one.latest.items()), one.datasets))
        for one in siblings
    ]


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    """The error names the file and the command."""
    with pytest.raises(FileNotFoundError, match=r"python -m benchmarks\.zoo\.generate"):
        load(tmp_path / "none.parquet")


def small(plan: TrainingPlan) -> TrainingPlan:
    """Return the plan with few rows and epochs."""
    optimiser = replace(plan.optimiser, epochs=3, batch_size=32, patience=None)
    logging = replace(
        plan.logging, metrics=("accuracy",), validation="data", own_params=("lr",), test_metrics=True
    )
    return replace(
        plan,
        optimiser=optimiser,
        logging=logging,
        data=replace(plan.data, rows=70),
        network=replace(plan.network, head="sigmoid"),
    )


@pytest.fixture
def autologging(store: FilledStore, tmp_path: Path) -> MlflowClient:
    """Turn autolog on against a temporary store, as the generator does."""
    mlflow.set_tracking_uri(store.uri)
    experiment = mlflow.create_experiment("somebody's work", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment(experiment_id=experiment)
    mlflow.tensorflow.autolog(log_models=False, checkpoint=False, silent=True)
    yield MlflowClient(store.uri)
    mlflow.tensorflow.autolog(disable=True)
    mlflow.set_tracking_uri(None)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_training_is_logged_as_autolog_does_and_kept_exactly(
    autologging: MlflowClient, tmp_path: Path
) -> None:
    """A real training comes back from the file as the evaluator's own reader finds it in the store."""
    plan = small(next(plan for plan in all_plans() if plan.kind == "healthy" and plan.family == "labels"))
    record, outcome = training.train(plan, autologging)
    assert len(record.histories["loss"]) == 3
    assert {"val_loss", "validation_loss", "test_auc"} <= set(record.histories)
    assert record.params["lr"] == str(plan.optimiser.learning_rate)
    assert record.model_summary is not None
    assert len(outcome.trace.epochs) == 4
    write([Specimen(plan, record, outcome)], tmp_path / "one.parquet")
    (kept,) = read(tmp_path / "one.parquet")
    assert same(kept.record, record)
    found = ClientReader(autologging).read_one(autologging.get_run(record.run_id))
    assert isinstance(found, RunRecord)
    assert same(found, record)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_preference_training_logs_trl_names(autologging: MlflowClient) -> None:
    """A policy that equals its reference is logged at exactly 0.6931, under TRL names, while it moves."""
    plan = next(plan for plan in all_plans() if plan.fault == "policy_equals_reference")
    record, outcome = preference.train(
        replace(plan, settings={**plan.settings, "max_steps": 40}), autologging
    )
    assert set(record.histories["loss"].values.tolist()) == {0.6931}
    assert {"rewards/margins", "rewards/accuracies", "logps/chosen", "grad_norm"} <= set(record.histories)
    assert record.params["beta"] == str(plan.settings["beta"])
    assert np.ptp(record.histories["logps/chosen"].values) > 0
    assert outcome.train_skill == pytest.approx(0.0, abs=1e-12)


def test_the_page_of_contents_is_current(zoo: list[tuple[RunRecord, Truth]]) -> None:
    """CONTENTS.md says what the traces hold now."""
    assert CONTENTS.read_text(encoding="utf-8") == contents([truth for _, truth in zoo])


def test_every_run_was_trained_by_a_plan_of_today(zoo: list[tuple[RunRecord, Truth]]) -> None:
    """The generator would train none of the runs in the file again: their plans are unchanged."""
    plans = {plan.plan_id: plan for plan in all_plans()}
    assert [truth.plan.plan_id for _, truth in zoo if plans.get(truth.plan.plan_id) != truth.plan] == []
