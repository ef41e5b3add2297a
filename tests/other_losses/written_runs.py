"""Hand-written training loops with their own names, as users of PyTorch log them.

A linear softmax or logistic model in NumPy, trained by gradient descent. "stuck" sees rows of
zeros, "learning" rows that tell the label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

ROWS, FEATURES, BATCH = 320, 8, 16
EPOCHS = 20
N_BATCHES = ROWS // BATCH

_random = np.random.default_rng(11)
ROWS_TOLD = _random.normal(size=(ROWS, FEATURES))
_score = ROWS_TOLD[:, 0] + ROWS_TOLD[:, 1] + 0.5 * _random.normal(size=ROWS)
YES_OR_NO = (_score > np.median(_score)).astype(int)
TENTHS = np.digitize(_score, np.quantile(_score, np.arange(0.1, 1.0, 0.1)))
_prices = _random.normal(size=ROWS)
PRICES = 1.5 + np.sqrt(0.69) * (_prices - _prices.mean()) / _prices.std()
"""Prices that nothing tells: the squared error of their mean is 0.69, of all numbers."""
VARIANTS = {"learning": ROWS_TOLD, "stuck": np.zeros_like(ROWS_TOLD)}


@dataclass(frozen=True)
class Epoch:
    """What one pass over the rows left: losses in nats, one a batch, and the accuracy."""

    number: int
    batch_losses: np.ndarray
    accuracy: float

    @property
    def loss(self) -> float:
        """The mean over the batches."""
        return float(self.batch_losses.mean())


def passes(rows: np.ndarray, labels: np.ndarray, classes: int = 2, rate: float = 0.1) -> Iterator[Epoch]:
    """Train a linear softmax and yield every pass."""
    random = np.random.default_rng(0)
    weights = 0.01 * random.normal(size=(FEATURES + 1, classes))
    rows = np.hstack([rows, np.ones((ROWS, 1))])
    for epoch in range(EPOCHS):
        losses, hits = [], []
        for batch in np.split(random.permutation(ROWS), N_BATCHES):
            logits, wanted = rows[batch] @ weights, np.eye(classes)[labels[batch]]
            losses.append(-(wanted * log_softmax(logits, axis=1)).sum(axis=1).mean())
            hits.append((logits.argmax(axis=1) == labels[batch]).mean())
            weights -= rate * rows[batch].T @ (softmax(logits, axis=1) - wanted) / BATCH
        yield Epoch(epoch, np.array(losses), float(np.mean(hits)))


def logged(
    log: Callable[[Epoch], dict[str, float]],
    labels: np.ndarray = YES_OR_NO,
    params: dict[str, Any] | None = None,
    classes: int = 2,
) -> dict[str, str]:
    """Train both variants and log of every pass what ``log`` says."""
    import mlflow  # noqa: PLC0415 - only when something is trained

    runs = {}
    for variant, rows in VARIANTS.items():
        with mlflow.start_run() as run:
            mlflow.log_params(params or {})
            for epoch in passes(rows, labels, classes):
                mlflow.log_metrics(log(epoch), step=epoch.number)
        runs[variant] = run.info.run_id
    return runs


def two_heads() -> dict[str, str]:
    """Sum two binary heads, of which the second sees rows of zeros when it is "stuck"."""
    import mlflow  # noqa: PLC0415 - only when something is trained

    runs = {}
    for variant, rows in VARIANTS.items():
        with mlflow.start_run() as run:
            for sound, other in zip(passes(ROWS_TOLD, YES_OR_NO), passes(rows, YES_OR_NO), strict=True):
                metrics = {
                    "train/loss": sound.loss + 0.5 * other.loss,
                    "train/open_loss": sound.loss,
                    "train/open_acc": sound.accuracy,
                    "train/click_loss": other.loss,
                    "train/click_acc": other.accuracy,
                }
                mlflow.log_metrics(metrics, step=sound.number)
        runs[variant] = run.info.run_id
    return runs


def regression() -> dict[str, str]:
    """Fit prices that nothing tells: the squared error settles at their variance, which is 0.69."""
    import mlflow  # noqa: PLC0415 - only when something is trained

    runs = {}
    for variant, metrics in (("named", ("loss", "mae")), ("bare", ("loss",))):
        guess = 0.0
        with mlflow.start_run() as run:
            for epoch in range(EPOCHS):
                errors = PRICES - guess
                values = {"loss": float(np.mean(errors**2)), "mae": float(np.mean(np.abs(errors)))}
                mlflow.log_metrics({name: values[name] for name in metrics}, step=epoch)
                guess += 0.3 * float(errors.mean())
        runs[variant] = run.info.run_id
    return runs


TRAININGS: dict[str, Callable[[], dict[str, str]]] = {
    "written cross-entropy over two": lambda: logged(
        lambda epoch: {"train_loss": epoch.loss, "train_acc": epoch.accuracy},
        params={"criterion": "CrossEntropyLoss", "num_classes": 2},
    ),
    "written cross-entropy over ten": lambda: logged(
        lambda epoch: {"train_loss": epoch.loss, "train_acc": epoch.accuracy},
        labels=TENTHS,
        params={"criterion": "CrossEntropyLoss", "num_classes": 10},
        classes=10,
    ),
    "written cross-entropy over an unsaid ten": lambda: logged(
        lambda epoch: {"train_loss": epoch.loss, "train_acc": epoch.accuracy}, labels=TENTHS, classes=10
    ),
    "written running sum": lambda: logged(
        lambda epoch: {"running_loss": float(epoch.batch_losses.sum()), "acc": 100.0 * epoch.accuracy},
        params={"n_train": ROWS, "batch_size": BATCH},
    ),
    "written bits": lambda: logged(
        lambda epoch: {"train/loss_bits": epoch.loss / np.log(2), "train/acc": epoch.accuracy}
    ),
    "written unnamed bits": lambda: logged(
        lambda epoch: {"loss": epoch.loss / np.log(2), "accuracy": epoch.accuracy}
    ),
    "written with a factor": lambda: logged(
        lambda epoch: {"loss": 0.05 * epoch.loss, "accuracy": epoch.accuracy}
    ),
    "written two heads": two_heads,
    "written regression": regression,
}
