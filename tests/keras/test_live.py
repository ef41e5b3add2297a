"""Looking while it trains: when a stall is established, what is said, and what it costs."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import keras
import numpy as np
import pytest
from small_trainings import FEATURES, rows, seeded_network

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.keras import budget as budget_module
from mlflow_bce_monitor.keras.budget import Budget
from mlflow_bce_monitor.keras.layers_report import MOST_LOOKS, LayersReport
from mlflow_bce_monitor.keras.series import Series

pytestmark = pytest.mark.training


def train(monitor: BCEMonitor, *, dead: bool, epochs: int = 30) -> Any:
    """Train a network that is dead from the start, or one that learns."""
    keras.utils.set_random_seed(2)
    bias = keras.initializers.Constant(-100.0 if dead else 0.0)
    layers = [
        keras.layers.Input((FEATURES,)),
        keras.layers.Dense(8, activation="relu", bias_initializer=bias),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model.fit(*rows(400), epochs=epochs, batch_size=100, verbose=0, callbacks=[monitor])


def test_a_stall_is_said_once_and_ends_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    """A dead network's training ends early; verdict, cause and advice are printed once."""
    monitor = BCEMonitor(max_overhead=float("inf"), stop_on_stall=True)
    history = train(monitor, dead=True)
    assert 10 <= len(history.epoch) < 30
    said = capsys.readouterr().out
    assert said.count("Stalled at chance") == 1
    assert "Most probable cause: Dead ReLU units" in said
    assert "What to do: " in said
    assert monitor.diagnosis is not None
    assert monitor.diagnosis.cause == "dead_relu"
    assert monitor.diagnosis.tier is Tier.MONITOR


def test_stopping_needs_no_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """At max_overhead=0 a stall still ends the training: every fifth epoch is looked at whatever it costs."""
    history = train(BCEMonitor(max_overhead=0.0, stop_on_stall=True), dead=True)
    assert 10 <= len(history.epoch) < 30
    assert "Stalled" in capsys.readouterr().out


def test_a_training_that_learns_goes_on_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """A training that learns is never stopped, and nothing is printed."""
    monitor = BCEMonitor(max_overhead=float("inf"), stop_on_stall=True)
    assert len(train(monitor, dead=False).epoch) == 30
    assert capsys.readouterr().out == ""
    assert monitor.diagnosis is not None
    assert not monitor.diagnosis.flagged


def test_a_short_training_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """Before ten epochs nothing is said, however the curve looks."""
    train(BCEMonitor(max_overhead=float("inf"), stop_on_stall=True), dead=True, epochs=9)
    assert capsys.readouterr().out == ""


def test_first_and_last_epoch_are_measured_whatever_it_costs() -> None:
    """At max_overhead=0 the first and the last epoch are measured, the others only as far as it is free."""
    monitor = BCEMonitor(max_overhead=0.0, live=False)
    train(monitor, dead=False, epochs=6)
    measured = ["bce/gradient_norm" in values for _, values in monitor.history]
    assert measured == [True, False, False, False, False, True]
    assert all("bce/learning_rate" in values for _, values in monitor.history)


def test_an_early_stop_is_measured_as_well() -> None:
    """The state that early stopping leaves is measured, though it was no known last epoch."""
    monitor = BCEMonitor(max_overhead=0.0, live=False)
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Input((FEATURES,)), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential(layers)
    model.compile("sgd", "binary_crossentropy")
    stop = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10.0)
    model.fit(*rows(), epochs=9, verbose=0, callbacks=[monitor, stop])
    assert 1 < len(stop.model.history.epoch) < 9
    assert "bce/gradient_norm" in monitor.history[-1][1]


def test_memory_does_not_grow_with_epochs() -> None:
    """The second half of many epochs leaves no more memory behind than its numbers take."""

    class Usage(keras.callbacks.Callback):  # type: ignore[misc]
        seen: dict[int, int] = {}  # noqa: RUF012 - one test

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            del logs
            if epoch in (15, 45):
                gc.collect()
                self.seen[epoch] = tracemalloc.get_traced_memory()[0]

    keras.utils.set_random_seed(2)
    wide, end = keras.layers.Dense(256, "relu"), keras.layers.Dense(1, "sigmoid")
    layers = [keras.layers.Input((FEATURES,)), wide, end]
    model = keras.Sequential(layers)
    model.compile("sgd", "binary_crossentropy")
    usage = Usage()
    tracemalloc.start()
    try:
        monitor = BCEMonitor(max_overhead=float("inf"), live=False)
        model.fit(*rows(), epochs=46, batch_size=48, verbose=0, callbacks=[monitor, usage])
    finally:
        tracemalloc.stop()
    numbers = sum(len(values) for _, values in monitor.history[16:])
    assert usage.seen[45] - usage.seen[15] < 150 * numbers + 200_000


def test_numbers_are_kept_in_bounded_memory() -> None:
    """Of many epochs a bounded number is kept: the first, the last, and evenly many between."""
    series, layers = Series(most=100), LayersReport()
    for step in range(10_000):
        series.add(step, step, {"loss": float(step)})
        layers.add(step, {f"layer{at}": {"gradient_norm": 1.0} for at in range(3)})
    kept = [step for step, _ in series]
    assert len(kept) <= 101
    assert (kept[0], kept[-1]) == (0, 9_999)
    assert len({*np.diff(kept[:-1])}) == 1
    assert series.histories()["loss"].values[-1] == 9_999
    assert layers.as_json().count('"epoch"') <= MOST_LOOKS


def test_the_budget_counts_and_refuses() -> None:
    """A part is afforded while what was spent and what it will cost stay within the share of the time."""
    budget = Budget(0.5)
    budget.start()
    with budget.spending("measuring"):
        pass
    budget.charge(1e6, chosen=True)
    assert not budget.affords("measuring")
    assert Budget(float("inf")).used() == 0.0
    endless = Budget(float("inf"))
    endless.start()
    endless.charge(1e-9, chosen=True)
    assert endless.affords("measuring")


@pytest.mark.parametrize(
    ("unavoidable", "chosen", "affords"),
    [
        (0.0, 1.9, True),
        (0.0, 2.1, False),
        (1.0, 0.9, True),
        (1.0, 1.1, False),
        (90.0, 0.4, True),
        (90.0, 0.6, False),
    ],
)
def test_what_cannot_be_avoided_leaves_less_to_choose_but_never_nothing(
    monkeypatch: pytest.MonkeyPatch,
    unavoidable: float,
    chosen: float,
    affords: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Of 100 s of training 2 s can be spent; where steps and epochs take more than that, a quarter of it."""
    clock = iter([0.0])
    monkeypatch.setattr(budget_module.time, "perf_counter", lambda: next(clock, 100.0 + unavoidable + chosen))
    budget = Budget(0.02)
    budget.start()
    budget.charge(unavoidable, chosen=False)
    budget.charge(chosen, chosen=True)
    assert budget.affords("measuring") is affords
    assert budget.used() == pytest.approx((unavoidable + chosen) / 100.0)


def test_every_step_is_charged_to_the_budget() -> None:
    """Epochs that are not measured cost their closed gates, and the account says so."""
    monitor = BCEMonitor(max_overhead=0.0, live=False)
    charged: list[float] = []

    class Account(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            del epoch, logs
            tap = monitor._measuring._tap
            assert tap is not None
            charged.append(tap.seconds)

    model = seeded_network()
    model.fit(*rows(64), epochs=4, batch_size=16, verbose=0, callbacks=[Account(), monitor])
    per_step = [seconds / 4 for seconds in charged]
    assert per_step[1] == per_step[2]
    assert 0.0 < per_step[1] < per_step[0]
