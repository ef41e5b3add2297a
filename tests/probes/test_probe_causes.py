"""Each probe separates its cause on a tiny model, and the published examples have no signal."""

from __future__ import annotations

import random
import time
from typing import Any

import keras
import numpy as np
import pytest
from small_models import learnable_rows, network

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.probes import Answer, ProbeReport, probe
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.scenarios.catalogue import SCENARIOS
from mlflow_bce_monitor.scenarios.fitting import fit, prepare
from mlflow_bce_monitor.scenarios.scenario import BASELINE, Scenario, SourceName

pytestmark = pytest.mark.training

FAULTS = {
    "dead_relu": ({"bias": keras.initializers.Constant(-100.0)}, "gradients"),
    "zero_initialization": ({"kernel": "zeros"}, "gradients"),
    "frozen_parameters": ({"trainable": False}, "gradients"),
    "learning_rate_too_low": ({"rate": 1e-7}, "rates"),
}


@pytest.mark.parametrize("cause", FAULTS)
def test_a_fault_in_the_model_is_named(cause: str) -> None:
    """On rows that can be learned, the fault of the model is the cause, and the right experiment decided."""
    keras.utils.set_random_seed(0)
    settings, decided_by = FAULTS[cause]
    report = probe(network(**settings), *learnable_rows(n=300))
    assert report.cause == cause
    assert report.probability > 0.9
    assert report.decided_by == decided_by
    assert report.result("signal").answer is Answer.YES


def test_constant_inputs_are_named() -> None:
    """Rows that are all the same are constant inputs, and not labels without signal."""
    x, y = learnable_rows(n=300)
    report = probe(network(), np.ones_like(x), y)
    assert report.cause == "constant_inputs"
    assert report.decided_by == "inputs"


def test_unscaled_inputs_are_named() -> None:
    """Features in the tens of thousands are unscaled inputs."""
    keras.utils.set_random_seed(0)
    x, y = learnable_rows(n=300)
    assert probe(network(), x * 5000 + 20000, y).cause == "unscaled_inputs"


def test_a_model_that_has_learned_is_in_no_trouble() -> None:
    """A model with skill has no cause."""
    keras.utils.set_random_seed(0)
    x, y = learnable_rows(n=300)
    model = network(rate=1e-2)
    model.fit(x, y, epochs=20, verbose=0)
    assert probe(model, x, y).cause == "none"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_published_examples_have_no_signal(scenario: Scenario) -> None:
    """The article's examples, on their own data, lack signal: with an effect size and a p-value."""
    report = probed_baseline(scenario, SourceName.PUBLISHED)
    assert report.cause == "no_signal"
    assert report.decided_by == "signal"
    numbers = report.result("signal").numbers
    assert 0.4 < float(numbers["signal_auc"]) < 0.6
    assert float(numbers["signal_p"]) >= 0.01


@pytest.mark.parametrize(
    ("scenario", "decided_by"),
    list(zip(SCENARIOS, ("balance", "rates", "capacity"), strict=True)),
    ids=lambda one: getattr(one, "name", one),
)
def test_the_learnable_examples_have_their_cause(scenario: Scenario, decided_by: str) -> None:
    """The same examples on rows that can be learned have the cause that the article gives them."""
    report = probed_baseline(scenario, SourceName.LEARNABLE)
    assert report.cause == scenario.expected_cause
    assert report.decided_by == decided_by


def probed_baseline(scenario: Scenario, name: SourceName) -> ProbeReport:
    """Train the baseline of a scenario and probe it with all of its rows."""
    source = scenario.source(name)
    recipe = source.variant(BASELINE).recipe
    rows = prepare(source, recipe, 0)
    model = fit(recipe, rows, 0, lambda _epoch, _logs: None)
    # Seconds of the processor: on a busy machine a minute would end before the experiments.
    return probe(model, rows.drawn.features.astype("float32"), rows.drawn.labels, now=time.process_time)


def test_what_a_model_knows_by_heart_is_no_signal() -> None:
    """A training without held-back rows shows skill; on labels that were shuffled it is memory."""
    keras.utils.set_random_seed(0)
    x, y = learnable_rows(n=200)
    y = np.random.default_rng(1).permutation(y)
    model = network(rate=1e-2, hidden=64)
    losses = np.array(model.fit(x, y, epochs=60, verbose=0).history["loss"])
    steps = np.arange(losses.size)
    record = RunRecord(
        run_id="run",
        histories={"loss": MetricHistory("loss", steps, steps, losses)},
        params={"loss": "binary_crossentropy", "positive_share": str(float(y.mean()))},
    )
    assert diagnose(record).judgement.verdict is Verdict.LEARNING
    report = probe(model, x, y, record=record, now=time.process_time)
    assert report.diagnosis is not None
    assert report.diagnosis.judgement.verdict is Verdict.OVERFITTING
    assert report.cause == "no_signal"


def test_the_model_and_the_random_numbers_stay_as_they_were() -> None:
    """Weights, optimizer, compiled loss and all global generators are the same afterwards."""
    keras.utils.set_random_seed(0)
    x, y = learnable_rows(n=200)
    model = network()
    model.fit(x, y, epochs=1, verbose=0)

    def state() -> list[Any]:
        return [np.array(v) for v in [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]]

    before, optimizer, loss = state(), model.optimizer, model.loss
    generators = (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - the global one
    probe(model, x, y, budget=10.0)
    assert all(np.array_equal(one, other) for one, other in zip(before, state(), strict=True))
    assert model.optimizer is optimizer
    assert model.loss is loss
    assert generators == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - as above


def test_the_budget_ends_the_experiments() -> None:
    """With a clock that jumps ten seconds at each look, one experiment is made at most."""
    ticks = iter(range(0, 100_000, 10))
    report = probe(network(), *learnable_rows(n=100), budget=15.0, now=lambda: float(next(ticks)))
    assert len(report.results) <= 1
    assert "budget" in report.stopped


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x, y + (np.arange(y.size) % 3)), "it has 4: 0.0, 1.0, 2.0, 3.0"),
        (lambda x, y: (x[:, :5], y), "takes 8 features and the data have 5"),
        (lambda x, y: (x[:10], y[:10]), "10 rows are too few"),
        (lambda x, y: (x, y[:50]), "x has 100 rows and y has 50"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change: Any, words: str) -> None:
    """The message says what was received."""
    x, y = change(*learnable_rows(n=100))
    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        probe(network(), x, y)


def test_looks_come_before_everything_that_trains() -> None:
    """What costs next to nothing is known before the long experiments begin."""
    keras.utils.set_random_seed(0)
    report = probe(network(), *learnable_rows(n=200), budget=20.0, now=time.process_time)
    assert {one.name for one in report.results[:3]} == {"predictions", "inputs", "gradients"}
    assert report.results[3].name == "signal"
