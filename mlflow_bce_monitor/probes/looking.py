"""The probes that only look: predictions against the loss, inputs, gradients and units."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.keras import measure, outputs, weights
from mlflow_bce_monitor.keras.activations import PROBABILITIES
from mlflow_bce_monitor.keras.architecture import strongest_dropout
from mlflow_bce_monitor.keras.guard import Guard
from mlflow_bce_monitor.keras.losses import BINARY, loss_words
from mlflow_bce_monitor.keras.measure import Measurement
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.monitored import metric_name
from mlflow_bce_monitor.probes.bench import Bench, Experiment, Finding
from mlflow_bce_monitor.probes.copies import probabilities, rows_of, skill_of
from mlflow_bce_monitor.probes.data import Data
from mlflow_bce_monitor.probes.result import Answer
from mlflow_bce_monitor.scores import roc_auc

_ROWS = 512
"""Rows that are looked at."""


def _look(model: Any, data: Data) -> Measurement:
    return measure.measure(model, rows_of(data), [], Guard())


def _sample(bench: Bench) -> Data:
    return bench.data.rows(np.arange(min(_ROWS, bench.data.n)))


def _taken(found: Measurement, **names: str) -> dict[str, FactValue]:
    return {
        ours: found.metrics[metric_name(theirs)]
        for ours, theirs in names.items()
        if metric_name(theirs) in found.metrics
    }


def _predictions(bench: Bench) -> Finding:
    data = bench.data
    p = probabilities(bench.model, data)
    finite = np.isfinite(p)
    skill = skill_of(p, data).value
    numbers: dict[str, FactValue] = {
        "minority_share": data.minority_share,
        "positive_share": float(data.positive.mean()),
    }
    if finite.all():
        numbers |= {"skill": skill, "model_auc": roc_auc(p, data.positive), "output_sd": float(p.std())}
    found = _look(bench.model, _sample(bench))
    seen = _taken(found, compiled="compiled", recomputed="recomputed")
    if len(seen) == 2:  # noqa: PLR2004 - both of them
        numbers["compiled_gap"] = float(seen["compiled"]) - float(seen["recomputed"])
    faults = _faults(bench, found, p)
    numbers["output_fault"] = bool(faults)
    if faults:
        return Finding(Answer.NO, numbers, "; ".join(faults))
    clause = f"skill {skill:.2f} on {data.n:,} rows" if finite.all() else "some predictions are not finite"
    return Finding(Answer.YES, numbers, f"output, loss and labels fit each other; {clause}")


def _faults(bench: Bench, found: Measurement, p: Any) -> list[str]:
    """Return what does not fit between output, loss and labels."""
    words = loss_words(getattr(bench.model, "loss", None))
    kind, units = (found.activations or ("",))[0], (found.units or (1,))[0]
    values = sorted(set(np.unique(bench.data.y).tolist()))
    faults = []
    if words.name in BINARY:
        if values != [0, 1]:
            faults.append(f"the labels are {values[0]:g} and {values[-1]:g}, and the loss takes 0 and 1")
        if kind == "softmax" and units == 1:
            faults.append("a softmax of one unit predicts 1 for everything")
        elif kind in PROBABILITIES and found.read_as == outputs.LOGITS:
            faults.append(f"the loss takes the output of a {kind} for logits and applies the sigmoid again")
        elif kind not in ("sigmoid", "hard_sigmoid", "softmax", "") and not words.from_logits:
            faults.append(f"a {kind} output gives no probabilities, and the loss was not told of logits")
        elif words.from_logits and kind in ("relu", "relu6", "tanh"):
            faults.append(f"a {kind} output cannot give logits of both signs or of any size")
    finite = p[np.isfinite(p)]
    if not faults and finite.size and (finite.min() < 0.0 or finite.max() > 1.0):
        faults.append(f"predictions lie between {finite.min():.3g} and {finite.max():.3g}, outside of 0 to 1")
    return faults


def _inputs(bench: Bench) -> Finding:
    data = _sample(bench)
    numbers = _taken(measure.measure_inputs(rows_of(data)), constant_features="constant_features")
    numbers |= _taken(_look(bench.model, data), arriving_sd="arriving_sd", arriving_max="arriving_max")
    nothing = keras.tree.map_structure(
        lambda leaf: np.zeros_like(leaf) if leaf.dtype.kind in "biuf" else leaf, data.x
    )
    zeroed = replace(data, x=nothing)
    change = float(np.abs(probabilities(bench.model, data) - probabilities(bench.model, zeroed)).mean())
    if math.isfinite(change):
        numbers["zeroed_change"] = change
    constant, arriving = float(numbers.get("constant_features", 0.0)), float(numbers.get("arriving_sd", 1.0))
    arrives = constant < LIMITS.most_features and arriving > LIMITS.arriving_variation
    largest = float(numbers.get("arriving_max", math.nan))
    sentence = (
        f"{constant:.0%} of the features are the same for every row; what reaches the first weights has a "
        f"standard deviation of {arriving:.2g} and goes up to {largest:.3g}; "
        f"zeroing the inputs changes the predictions by {change:.2g}"
    )
    return Finding(Answer.YES if arrives else Answer.NO, numbers, sentence)


def _gradients(bench: Bench) -> Finding:
    data = _sample(bench)
    found = _look(bench.model, data)
    numbers = _taken(
        found,
        dead_units="dead_units",
        saturated_units="saturated_units",
        gradient_norm="gradient_norm",
        gradient_ratio="gradient_ratio",
    )
    # A model without ReLUs has no units that can be dead.
    numbers.setdefault("dead_units", 0.0)
    numbers |= _of_weights(bench.model)
    equal, penalty = _equal(bench.model), _penalty(found)
    fresh = _look(bench.fresh, data)
    numbers |= _taken(fresh, fresh_dead_units="dead_units", fresh_gradient_ratio="gradient_ratio")
    numbers["equal_kernels"] = max(equal, _equal(bench.fresh))
    numbers["penalty_share"] = max(penalty, _penalty(fresh))
    well = (
        float(numbers["dead_units"]) < LIMITS.all_units
        and float(numbers["equal_kernels"]) < LIMITS.most_kernels
        and float(numbers["trainable_share"]) >= LIMITS.mostly_trainable
        and float(numbers.get("fresh_gradient_ratio", 1.0)) >= LIMITS.fair_gradient
    )
    worst = min(found.layers, key=lambda path: found.layers[path].get("gradient_norm", math.inf), default="")
    sentence = (
        f"up to {float(numbers['dead_units']):.0%} of a hidden layer's units are dead, "
        f"{float(numbers['equal_kernels']):.0%} of the kernels have equal units, "
        f"{float(numbers['trainable_share']):.0%} of the weights are trainable"
    )
    if "gradient_ratio" in numbers:
        sentence += f", layer {worst!r} gets {float(numbers['gradient_ratio']):.1e} of the largest gradient"
    return Finding(Answer.YES if well else Answer.NO, numbers, sentence)


def _equal(model: Any) -> float:
    variables = [variable for variable in model.weights if variable.dtype != "string"]
    found = weights.initial_facts([variable.value for variable in variables], variables)
    return max(found.get("zero_kernels", 0.0), found.get("equal_units", 0.0))


def _penalty(found: Measurement) -> float:
    penalty = found.metrics.get(metric_name("penalty"), 0.0)
    plain = found.metrics.get(metric_name("compiled"), 0.0)
    whole = abs(plain) + penalty
    return penalty / whole if whole else 0.0


def _of_weights(model: Any) -> dict[str, FactValue]:
    trained = sum(weights.size_of(variable) for variable in model.trainable_variables)
    everything = sum(weights.size_of(variable) for variable in model.weights)
    return {
        "trainable_share": trained / everything if everything else 0.0,
        "dropout": strongest_dropout(model),
    }


PREDICTIONS = Experiment("predictions", "Output, loss and labels fit each other", 0.1, _predictions)
INPUTS = Experiment("inputs", "The inputs arrive at the first weights", 0.1, _inputs)
GRADIENTS = Experiment("gradients", "Units live and every layer gets a gradient", 0.5, _gradients)
