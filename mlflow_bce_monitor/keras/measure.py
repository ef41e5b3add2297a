"""Captured rows and a model to numbers: everything that is measured at the end of an epoch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import keras
import numpy as np

from mlflow_bce_monitor.keras import forward, gradients, heads, inputs, outputs
from mlflow_bce_monitor.keras.activations import UNKNOWN
from mlflow_bce_monitor.keras.guard import Guard
from mlflow_bce_monitor.keras.heads import Head
from mlflow_bce_monitor.keras.labels import FloatArray
from mlflow_bce_monitor.keras.randomness import untouched_randomness
from mlflow_bce_monitor.keras.rows import Rows
from mlflow_bce_monitor.monitored import metric_name

PREDICTIONS: Final = "predictions and units"
GRADIENT: Final = "gradients"
INPUTS: Final = "inputs"
OUTPUTS: Final = "kinds of the outputs"
"""Names of the parts, as the guard reports them."""


@dataclass
class Measurement:
    """What one look at the model gave.

    Attributes
    ----------
    metrics
        MLflow name to value; finite numbers only.
    layers
        Layer path to named numbers: gradient norm, shares of dead and saturated units.
    heads
        The outputs; () where no pass went through.
    activations, units
        Of each output.
    read_as
        What the loss takes a model's only output for, "" where that does not show.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    layers: dict[str, dict[str, float]] = field(default_factory=dict)
    heads: Sequence[Head] = ()
    activations: Sequence[str] = ()
    units: Sequence[int] = ()
    read_as: str = ""

    def note(self, values: dict[str, float], head: str = "") -> None:
        """Add measurements by their plain names, leaving out what is no finite number."""
        self.metrics |= {
            metric_name(name, head): float(value) for name, value in values.items() if math.isfinite(value)
        }


def measure(
    model: Any, rows: Rows, tables: Sequence[FloatArray], guard: Guard, state: Sequence[Any] | None = None
) -> Measurement:
    """Measure predictions, units and gradients on some rows. The model is left as it was found.

    Parameters
    ----------
    rows
        As captured, in NumPy.
    tables
        Label tables of the epoch, one a target.
    guard
        Runs each part; what fails is missing from the result.
    state
        Values of ``model.variables`` to measure at; None for the present ones.
    """
    found = Measurement()
    # What a layer has to warn of it has said in the training, and "-W error" must not end the measuring.
    with untouched_randomness(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x, y, row_weights = (forward.to_tensors(part) for part in (rows.x, rows.y, rows.weights))
        fed = Rows(x, y, row_weights, rows.n)
        guard.run(PREDICTIONS, lambda: _pass(model, rows, fed, tables, state, found, guard))
        if rows.y is not None and getattr(model, "loss", None) is not None:
            guard.run(GRADIENT, lambda: _gradients(model, fed, state, found))
    return found


def measure_inputs(rows: Rows) -> Measurement:
    """Measure the scale and health of the inputs."""
    found = Measurement()
    found.note(inputs.input_facts([leaf for leaf in keras.tree.flatten(rows.x) if leaf is not None]))
    return found


def measure_initial(
    model: Any, rows: Rows, tables: Sequence[FloatArray], guard: Guard, state: Sequence[Any]
) -> Measurement:
    """Measure at the weights before the first step; the names begin with ``initial_``."""
    at_start = measure(model, rows, tables, guard, state)
    found = Measurement()
    for name in ("gradient_norm", "gradient_ratio", "dead_units", "saturated_units"):
        if metric_name(name) in at_start.metrics:
            found.note({f"initial_{name}": at_start.metrics[metric_name(name)]})
    for head in at_start.heads:
        if metric_name("output_sd", head.name) in at_start.metrics:
            found.note(
                {"initial_output_sd": at_start.metrics[metric_name("output_sd", head.name)]}, head.name
            )
    found.layers = at_start.layers
    return found


def _pass(
    model: Any,
    rows: Rows,
    fed: Rows,
    tables: Sequence[FloatArray],
    state: Sequence[Any] | None,
    found: Measurement,
    guard: Guard,
) -> None:
    mapping = forward.as_mapping(model.variables, state)
    returned, compiled, penalty, seen = _without_gradients(lambda: forward.watched_pass(model, mapping, fed))
    arrays = [np.asarray(keras.ops.convert_to_numpy(leaf)) for leaf in keras.tree.flatten(returned)]
    found.heads = heads.heads_of(model, returned)
    kinds = guard.run(OUTPUTS, lambda: _activations(model, mapping, fed.x, returned, seen))
    found.activations = (kinds or [UNKNOWN] * len(arrays))[: len(found.heads)]
    found.units = [int(np.prod(array.shape[1:], dtype=int)) for array in arrays[: len(found.heads)]]
    targets, weights = heads.aligned(rows.y, returned), heads.aligned(rows.weights, returned)
    for at, head in enumerate(found.heads):
        table = tables[at] if len(tables) == len(arrays) else None
        scored = heads.head_scores(head, found.activations[at], arrays[at], targets[at], weights[at], table)
        found.note(scored, head.name)
    if len(arrays) == 1:
        found.read_as = outputs.read_as(found.heads[0], arrays[0], targets[0], weights[0], compiled)
    found.note({"compiled": compiled, "penalty": penalty, "rows": rows.n})
    if seen.arriving is not None:
        found.note({"arriving_sd": seen.arriving[0], "arriving_max": seen.arriving[1]})
    _note_units(seen, heads.output_layers(model, seen.last), found)


def _activations(
    model: Any, mapping: forward.Mapping_, x: Any, returned: Any, seen: forward.Seen
) -> list[str]:
    """Return what each output ends in; those that the layers do not tell are tried out."""
    count = len(keras.tree.flatten(returned))
    said = heads.output_activations(
        model, seen.last, {path: layer.activation for path, layer in seen.layers.items()}, count
    )
    last = seen.end[0] if seen.end is not None and outputs.is_given_by(returned, seen.end) else None
    own = heads.own_ends(model, last, count)
    if not own:
        return said
    tried = _without_gradients(lambda: outputs.kinds_of_outputs(model, mapping, x))
    return [tried[at] if at in own else kind for at, kind in enumerate(said)]


def _without_gradients(do: Callable[[], Any]) -> Any:
    """Run without a trace for gradients, which Torch would keep in memory."""
    if keras.config.backend() != "torch":
        return do()
    import importlib  # noqa: PLC0415

    with importlib.import_module("torch").no_grad():
        return do()


def _note_units(seen: forward.Seen, ends: set[str], found: Measurement) -> None:
    for path, layer in seen.layers.items():
        numbers = {"dead_units": layer.dead, "saturated_units": layer.saturated}
        known = {name: value for name, value in numbers.items() if value is not None}
        if known:
            found.layers.setdefault(path, {}).update(known)
    for name in ("dead_units", "saturated_units"):
        hidden = [of[name] for path, of in found.layers.items() if name in of and path not in ends]
        if hidden:
            found.note({name: max(hidden)})


def _gradients(model: Any, fed: Rows, state: Sequence[Any] | None, found: Measurement) -> None:
    norms = gradients.gradient_norms(model, fed, state)
    if not norms:
        return
    found.note({"gradient_norm": math.sqrt(sum(norm * norm for norm in norms.values()))})
    layers = gradients.by_layer(norms, model.trainable_variables)
    for path, norm in layers.items():
        if math.isfinite(norm):
            found.layers.setdefault(path, {})["gradient_norm"] = norm
    if layers:
        largest = max(layers.values())
        # Where no kernel gets any gradient, the smallest is as good as nothing beside what it should be.
        found.note({"gradient_ratio": min(layers.values()) / largest if largest else 0.0})
