"""Changing single settings of a scenario's recipe from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.scenarios.scenario import ClassWeight, OptimizerName, Recipe
from mlflow_bce_monitor.scenarios.training import Training

KEEP: Final = "own"
"""Keeps what the scenario's table says."""

_NO_WEIGHT: Final = "none"
_BALANCED: Final = "balanced"
_HALF: Final = 0.5


def overridden(training: Training, overrides: Mapping[str, str]) -> Training:
    """Return a training with some settings changed.

    Parameters
    ----------
    training
        As the catalogue has it.
    overrides
        Name of a param of the entry point to its text.

    Raises
    ------
    UsageError
        A value cannot be read.
    """
    share = training.source.draw(training.seed).positive_share
    recipe = training.recipe
    for name, text in overrides.items():
        recipe = _changed(recipe, name, text, share)
    return replace(training, recipe=recipe, overrides={**training.overrides, **overrides})


def _changed(recipe: Recipe, name: str, text: str, share: float) -> Recipe:
    try:
        return _CHANGES[name](recipe, text, share)
    except (ValueError, KeyError) as error:
        raise UsageError(f"{name}={text!r} cannot be read: {error}. See --help for the forms.") from error


def _rate(recipe: Recipe, text: str, _share: float) -> Recipe:
    rate = float(text)
    if not rate > 0.0:
        raise ValueError("a learning rate is above 0")
    return replace(recipe, optimizer=replace(recipe.optimizer, learning_rate=rate, schedule=None))


def _optimizer(recipe: Recipe, text: str, _share: float) -> Recipe:
    name = OptimizerName(text.lower())
    momentum = recipe.optimizer.momentum if name is OptimizerName.SGD else 0.0
    return replace(recipe, optimizer=replace(recipe.optimizer, name=name, momentum=momentum))


def _units(recipe: Recipe, text: str, _share: float) -> Recipe:
    units = tuple(int(part) for part in text.split(","))
    # One number is for every layer that there is.
    return replace(recipe, hidden_units=units * len(recipe.hidden_units) if len(units) == 1 else units)


def _class_weight(recipe: Recipe, text: str, share: float) -> Recipe:
    if text == _NO_WEIGHT:
        return replace(recipe, class_weight=None)
    if text == _BALANCED:
        return replace(recipe, class_weight=ClassWeight(_HALF / (1.0 - share), _HALF / share))
    negative, positive = (float(part) for part in text.split(","))
    return replace(recipe, class_weight=ClassWeight(negative, positive))


def _batch_size(recipe: Recipe, text: str, _share: float) -> Recipe:
    return replace(recipe, batch_size=int(text))


def _epochs(recipe: Recipe, text: str, _share: float) -> Recipe:
    return replace(recipe, epochs=int(text))


_CHANGES: Final[Mapping[str, Callable[[Recipe, str, float], Recipe]]] = {
    "learning_rate": _rate,
    "optimizer": _optimizer,
    "hidden_units": _units,
    "class_weight": _class_weight,
    "batch_size": _batch_size,
    "epochs": _epochs,
}
