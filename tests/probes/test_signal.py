"""The test for signal: what it answers, and that copies of a row do not stand on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_models import learnable_rows, network

from mlflow_bce_monitor.probes.bench import Bench
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.data import data_of, split
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.probes.signal import SIGNAL

pytestmark = pytest.mark.training


def noise(n: int, share: float = 0.5, n_features: int = 8, seed: int = 0) -> tuple[Any, Any]:
    """Return features and labels that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) < share * n).astype("float32")
    return rng.standard_normal((n, n_features)).astype("float32"), labels


def answer_for(x: Any, y: Any) -> tuple[Answer, dict[str, Any]]:
    """Return what the experiment finds in some rows."""
    rng = np.random.default_rng(0)
    found = SIGNAL.run(Bench(network(), data_of(x, y, rng), rng, Clock(60.0)))
    return found.answer, dict(found.numbers)


def test_signal_is_found_soon() -> None:
    """Labels that depend on the features stand far above nineteen permutations."""
    answer, numbers = answer_for(*learnable_rows(n=300))
    assert answer is Answer.YES
    assert numbers["signal_p"] == pytest.approx(0.05)
    assert numbers["signal_distance"] > 6.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_no_signal(seed: int) -> None:
    """Labels drawn apart from the features are never called signal."""
    answer, numbers = answer_for(*noise(300, seed=seed))
    assert answer is not Answer.YES
    assert numbers["signal_distance"] < 4.0


def test_copies_of_rows_are_no_signal() -> None:
    """Oversampled noise stays noise: a learner that knows a row's copy by heart has not predicted it."""
    x, y = noise(400, share=0.1)
    positive = np.flatnonzero(y)
    copies = np.concatenate([np.arange(400), np.repeat(positive, 8)])
    answer, numbers = answer_for(x[copies], y[copies])
    assert answer is not Answer.YES
    assert numbers["signal_auc"] < 0.7


def test_copies_stay_on_one_side_of_a_split() -> None:
    """No row that is held back has a copy among those trained on."""
    x, y = noise(200, share=0.1)
    copies = np.concatenate([np.arange(200), np.repeat(np.flatnonzero(y), 8)])
    rng = np.random.default_rng(0)
    train, held = split(data_of(x[copies], y[copies], rng), rng)
    assert not {row.tobytes() for row in train.x} & {row.tobytes() for row in held.x}
    assert train.n + held.n == copies.size


def test_rows_of_few_possible_inputs_are_no_copies() -> None:
    """Eight binary features coincide by themselves; each row counts."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (600, 3)).astype("float32")
    data = data_of(x, (x[:, 0] == x[:, 1]).astype("float32"), rng)
    assert data.originals().n == 600


def test_few_positives_leave_it_open() -> None:
    """With five positives hardly any AUC could be told from chance, so nothing near it is a no."""
    rng = np.random.default_rng(0)
    x, y = noise(300, share=5 / 300)
    x[:5, 0] += rng.normal(2.0, 0.2, 5).astype("float32")
    answer, numbers = answer_for(x, y)
    assert answer is Answer.UNCLEAR
    assert numbers["signal_detectable"] > 0.65


def test_wide_inputs_are_reduced_first() -> None:
    """Two thousand features of an image are reduced, and the signal is still seen."""
    rng = np.random.default_rng(0)
    y = (np.arange(300) % 2).astype("float32")
    x = rng.standard_normal((300, 45, 45, 1)).astype("float32") + y[:, None, None, None] * 0.3
    answer, _ = answer_for(x, y)
    assert answer is Answer.YES
