"""Unscaled inputs: features of large size throw the first outputs far from 0.5.

Source: LeCun et al. 1998, "Efficient BackProp", section 4.3 (doi:10.1007/3-540-49430-8_2):
inputs should have mean 0 and about unit variance; measured in the fault zoo.
"""

from __future__ import annotations

import math

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.no_number import from_the_start
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, NoNumber, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import TREES, by_siblings_on_data, of_networks
from mlflow_bce_monitor.rules.weighing import times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a first loss far above chance at a usual learning rate."""
    small = _by_size(evidence, limits)
    if small is not None:
        return small
    first = evidence.number("first_ratio")
    return weigh(
        _large(evidence, limits),
        Piece("starts_high", 2.0, f"the first loss is {times(first)} that of predicting 0.5")
        if first >= limits.overshoot
        else None,
        Piece("starts_calm", -2.5, "the loss starts at chance: no input is large")
        if first < limits.calm_peak and evidence.number("peak_ratio") < limits.overshoot
        else None,
        _by_rate(evidence, limits),
        Piece("jumps", 0.7, "the loss stays restless")
        if evidence.number("end_spread") > limits.restless_spread
        else None,
        Piece("common_excess", -2.5, "what the loss has above chance is the same on both splits: a penalty")
        if evidence.get("common_excess") or evidence.number_or("penalty", 0.0) > limits.chance_band
        else None,
        Piece("l2", -1.0, "an L2 penalty would explain the high start")
        if evidence.number_or("l2", 0.0) >= limits.strong_l2
        else None,
        by_siblings_on_data(evidence),
        *by_probes("unscaled_inputs", evidence, limits),
    )


def assess_no_number(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Weigh rate and inputs where the very first epoch ended in NaN."""
    return _by_size(evidence, limits) or weigh(
        _large(evidence, limits), _by_rate(evidence, limits), from_the_start(0.5)
    )


def _by_size(evidence: Evidence, limits: Limits) -> RuledOut | None:
    largest = evidence.number_or("inside_arriving_max", math.inf)
    if largest > limits.usual_input:
        return None
    return RuledOut(f"no input is larger than {largest:.3g} where it reaches the first weights")


def _large(evidence: Evidence, limits: Limits) -> Piece | None:
    largest = evidence.number_or("inside_arriving_max", 0.0)
    if largest < limits.large_input:
        return None
    return Piece("inside_large", 5.0, f"inputs of up to {largest:.3g} reach the first weights")


def _by_rate(evidence: Evidence, limits: Limits) -> Piece | None:
    if "rate_ratio" not in evidence:
        return None
    ratio = evidence.number("rate_ratio")
    if ratio >= limits.rate_above:
        return Piece("rate_above", -2.0, f"the learning rate of {times(ratio)} the usual one explains it")
    return Piece("rate_usual", 1.0, "the learning rate is no higher than usual")


RULE = Rule(
    code="unscaled_inputs",
    title="Unscaled inputs",
    explanation=(
        "Features in the thousands make the first outputs certain and wrong, so the first loss is many times the chance level. "
        "The hidden units saturate or die while it comes down, and the model ends at chance or jumps about."
    ),
    advice="Scale the inputs to mean 0 and variance 1 (a Normalization layer adapted to the training data) and start anew.",
    remedy="norm = keras.layers.Normalization()\nnorm.adapt(x_train)",
    remedy_torch="mean, std = x_train.mean(0), x_train.std(0).clamp_min(1e-6)\nx_train, x_val = (x_train - mean) / std, (x_val - mean) / std",
    confused_with=("learning_rate_too_high", "dead_relu", "over_regularization"),
    separated_by="the mean and standard deviation of the input features",
    prior=0.6,
    needs=("first_ratio", "peak_ratio", "end_spread"),
    uses=(
        TREES,
        "common_excess",
        "penalty",
        "l2",
        "rate_ratio",
        "siblings_learned",
        "siblings_at_same_level",
        "siblings_varied",
        "inside_arriving_max",
        *facts_for("unscaled_inputs"),
    ),
    assess=of_networks(assess),
    no_number=NoNumber(("rate_ratio",), of_networks(assess_no_number)),
    fires=(
        Example(
            "first loss at 50 times chance, usual rate",
            first_ratio=50.0,
            peak_ratio=50.0,
            end_spread=0.05,
            rate_ratio=1.0,
        ),
    ),
    stays_quiet=(
        Example("starts at chance", first_ratio=1.0, peak_ratio=1.0, end_spread=0.0),
        Example("the rate explains it", first_ratio=1.2, peak_ratio=5.0, end_spread=0.0, rate_ratio=1000.0),
    ),
    source="LeCun et al. 1998, doi:10.1007/3-540-49430-8_2",
)
