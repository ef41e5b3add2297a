"""Reruns of a Keras training from a function that builds its model."""

from __future__ import annotations

import gc
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor import scores
from mlflow_bce_monitor.chance.level import constant_prediction, loss_of_constant
from mlflow_bce_monitor.keras import BCEMonitor
from mlflow_bce_monitor.keras.randomness import untouched_randomness
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.probes.bench import Bench
from mlflow_bce_monitor.probes.clock import Clock
from mlflow_bce_monitor.probes.copies import probabilities, rate_of
from mlflow_bce_monitor.probes.data import data_of
from mlflow_bce_monitor.probes.labelled import LabelledRows
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.probes.signal import SIGNAL
from mlflow_bce_monitor.verifying.arm import Arm, CannotRerun, Loss, Measured
from mlflow_bce_monitor.verifying.experiments import (
    CONTROL_SETTINGS,
    FEW_ROWS,
    PERMUTE_LABELS,
    REFERENCE_LEARNER,
    ZERO_INPUTS,
)
from mlflow_bce_monitor.verifying.possible import possible
from mlflow_bce_monitor.verifying.rows import Given, changed_rows

BATCH: Final = 32
EPOCHS: Final = 10
"""What Keras and the scenarios take where nobody says otherwise."""

OF_FIT: Final = frozenset(
    {"epochs", "batch_size", "class_weight", "early_stopping", "scale_inputs", "labels"}
)
"""Settings that are no business of the function that builds the model."""

_CURVE_POINTS: Final = 50
"""Epochs at which the held-back loss is measured for the picture, at most."""

_SIGNAL_SECONDS: Final = 60.0
"""The reference learners stop by themselves after a few seconds as a rule."""

_REFERENCE_COST: Final = 0.5
"""In trainings."""

Weights = tuple[float, float]


class _Watched(dict[str, Any]):
    """Settings that note which of them are asked for."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.asked: set[str] = set()
        self.all_asked = False

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting, or something else."""
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def pop(self, name: str, *default: Any) -> Any:
        """Take a setting out."""
        self.asked.add(name)
        return super().pop(name, *default)

    def keys(self) -> Any:
        """Return all names, as unpacking with ** does."""
        self.all_asked = True
        return super().keys()

    def items(self) -> Any:
        """Return all settings."""
        self.all_asked = True
        return super().items()

    def __iter__(self) -> Iterator[str]:
        self.all_asked = True
        return super().__iter__()


@dataclass
class KerasTrainer:
    """Trains what a function builds.

    Attributes
    ----------
    build_model
        Takes settings, returns a compiled Keras model with new weights.
    data
        The rows.
    settings
        Of the training as it was.
    """

    build_model: Callable[[Mapping[str, Any]], Any]
    data: Given
    settings: Mapping[str, Any]
    _asked: set[str] = field(default_factory=set)
    _takes_all: bool = False
    _looked: bool = False
    _compiled: dict[str, Any] = field(default_factory=dict)

    def able(self, changes: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
        """Return which settings can be changed: a function that does not read one changes nothing by it."""
        self._look()
        unread = [
            name
            for name in changes
            if not (self._takes_all or name in self._asked or name in OF_FIT or name in CONTROL_SETTINGS)
        ]
        return possible(changes, unread, "build_model does not read")

    def _look(self) -> None:
        """Build once, to see what is read; what a first branch hides is not seen."""
        if self._looked:
            return
        self._looked = True
        settings = _Watched(self.settings)
        with untouched_randomness(), _quiet():
            model = self._built(settings)
            rate = rate_of(model)
        self._asked, self._takes_all = settings.asked, settings.all_asked
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        self._compiled = {"optimizer": type(optimizer).__name__.lower()}
        if rate is not None:
            self._compiled["learning_rate"] = rate

    def compiled(self) -> Mapping[str, Any]:
        """Return optimizer and learning rate that the model is compiled with."""
        self._look()
        return self._compiled

    def cost(self, changes: Mapping[str, object]) -> float:
        """Return the steps of a training with these changes, in those without."""
        if REFERENCE_LEARNER in changes:
            return _REFERENCE_COST
        steps = self._number(changes, "epochs", EPOCHS) / self._number({}, "epochs", EPOCHS)
        return steps * self._number({}, "batch_size", BATCH) / self._number(changes, "batch_size", BATCH)

    def _number(self, changes: Mapping[str, object], name: str, default: int) -> int:
        value = changes.get(name, self.settings.get(name))
        return int(value) if isinstance(value, (int, float)) and value >= 1 else default

    def train(self, arm: Arm, seed: int, *, look_inside: bool) -> Measured:
        """Build, train and look."""
        start = time.perf_counter()
        monitor = BCEMonitor(log_to_mlflow=False, live=False) if look_inside else None
        with untouched_randomness(), _quiet():
            if REFERENCE_LEARNER in arm.changes:
                measured = self._reference(arm, seed)
            else:
                measured = self._trained(arm, seed, monitor)
        gc.collect()
        measured = replace(measured, seconds=time.perf_counter() - start)
        if monitor is None or not monitor.history:
            return measured
        return replace(measured, causes=diagnose(monitor.record()).causes, is_seen_inside=True)

    def _trained(self, arm: Arm, seed: int, monitor: BCEMonitor | None) -> Measured:
        settings = {**self.settings, **arm.changes}
        train, held = changed_rows(*self.data.parts(seed), settings, seed)
        keras.utils.set_random_seed(seed)
        model = self._built(dict(settings))
        is_control = any(name in arm.changes for name in (FEW_ROWS, PERMUTE_LABELS, ZERO_INPUTS))
        weights = _weights(settings.get("class_weight"), train)
        history = self._fit(model, train, None if is_control else held, settings, weights, monitor)
        q = constant_prediction(float(train.positive.mean()), *(weights or (1.0, 1.0)))
        skills = [_skill(model, part, q) for part in (held, train)]
        return Measured(
            arm, seed, skills[0], skills[1], loss_of_constant(q, float(held.positive.mean())), _curve(history)
        )

    def _built(self, settings: Mapping[str, Any]) -> Any:
        try:
            model = self.build_model(settings)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CannotRerun(f"build_model failed: {type(error).__name__}: {error}") from error
        if getattr(model, "optimizer", None) is None:
            raise CannotRerun("build_model returned a model that is not compiled; call model.compile in it.")
        return model

    def _fit(
        self,
        model: Any,
        train: LabelledRows,
        held: LabelledRows | None,
        settings: Mapping[str, Any],
        weights: Weights | None,
        monitor: BCEMonitor | None,
    ) -> Any:
        epochs = self._number(settings, "epochs", EPOCHS)
        patience = settings.get("early_stopping")
        callbacks: list[keras.callbacks.Callback] = [] if monitor is None else [monitor]
        stops_early = isinstance(patience, int) and patience > 0 and held is not None
        if stops_early:
            callbacks.append(
                keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
            )
        try:
            return model.fit(
                train.x,
                train.y,
                validation_data=None if held is None else (held.x, held.y),
                validation_freq=1 if stops_early else max(1, epochs // _CURVE_POINTS),
                epochs=epochs,
                batch_size=self._number(settings, "batch_size", BATCH),
                class_weight=None if weights is None else {0: weights[0], 1: weights[1]},
                callbacks=[*callbacks, keras.callbacks.TerminateOnNaN()],
                verbose=0,
            )
        except (ValueError, TypeError, RuntimeError) as error:
            raise CannotRerun(f"The training failed: {' '.join(str(error).split())[:300]}") from error

    def _reference(self, arm: Arm, seed: int) -> Measured:
        """Ask learners that need no care whether labels depend on inputs, against permuted labels."""
        rng = np.random.default_rng(seed)
        # All rows, where the caller held none back: the more there are, the more often the answer is clear.
        data = data_of(self.data.train.x, self.data.train.y, rng)
        found = SIGNAL.run(Bench(None, data, rng, Clock(_SIGNAL_SECONDS)))
        if found.answer is Answer.UNCLEAR:
            raise CannotRerun(f"it stays unclear: {found.sentence}.")
        return Measured(arm, seed, 1.0 if found.answer is Answer.YES else 0.0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Keras itself is warned of by NumPy; what a layer warns of is a matter of the training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _weights(value: object, train: LabelledRows) -> Weights | None:
    """Return the weights of the two classes that a setting means."""
    share = float(train.positive.mean())
    if value == "balanced":
        return 0.5 / (1.0 - share), 0.5 / share
    if isinstance(value, Mapping):
        value = (value[0], value[1])
    if isinstance(value, (tuple, list)):
        return float(value[0]), float(value[1])
    return None


def _skill(model: Any, part: LabelledRows, q: float) -> float | None:
    """Return 1 - cross-entropy / that of the constant q; None for predictions that are not finite."""
    p = probabilities(model, part)
    loss = scores.cross_entropy(p, part.positive.astype(np.float64), None, logits=False)
    chance = loss_of_constant(q, float(part.positive.mean()))
    return None if loss is None or not chance > 0.0 else 1.0 - loss / chance


def _curve(history: Any) -> Loss:
    values = [float(value) for value in history.history.get("val_loss", [])]
    if not values:
        return Loss()
    every = max(1, len(history.epoch) // len(values))
    finite = [value if math.isfinite(value) else math.nan for value in values]
    return Loss(tuple((number + 1) * every - 1 for number in range(len(values))), tuple(finite))
