"""Dead units: every hidden ReLU is negative for every input, so nothing passes and no gradient returns.

Source: Lu et al. 2019, "Dying ReLU and Initialization", arXiv:1903.06733; measured in the
fault zoo: after the death the AUC is exactly 0.5, because all predictions tie.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import DEAD, EQUAL, INPUTS, inputs_differ, is_dead, starts_equal
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    TREES,
    by_exactness,
    by_one_prediction,
    by_pretraining,
    memorises,
    of_networks,
)
from mlflow_bce_monitor.rules.weighing import times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for an output that became constant, and for the shock that kills units."""
    if evidence.get("rectified_activation") is False:
        return RuledOut("the hidden units are not ReLUs")
    if evidence.get("inside_linear"):
        return RuledOut("no hidden layer bends, so there is no ReLU")
    if evidence.number_or("inside_dead_units", 1.0) <= limits.half_of_units:
        return RuledOut(
            f"at most {evidence.number('inside_dead_units'):.0%} of a hidden layer's units are dead"
        )
    if inputs_differ(evidence, limits) is False or starts_equal(evidence, limits):
        return RuledOut("units are silent because nothing reaches them, or because all weights are equal")
    shocked = evidence.number("peak_ratio") >= limits.overshoot
    return weigh(
        *by_one_prediction(
            evidence, "predictions differ, so inputs still reach the output", differed_first=1.5
        ),
        Piece("shock", 1.0, "the loss was thrown far above chance before") if shocked else None,
        _by_rate(evidence, limits),
        by_exactness(evidence, limits),
        Piece("falls", -0.5, "the loss still falls")
        if evidence["end_falling"] and evidence.number("end_fall") > limits.slow_fall
        else None,
        Piece("memorises", -2.0, "training rows are fitted better than others, so units live")
        if memorises(evidence, limits)
        else None,
        by_pretraining(evidence),
        Piece("inside_dead", 6.0, "all units of a hidden layer are 0 for every row")
        if is_dead(evidence, limits)
        else None,
        *by_probes("dead_relu", evidence, limits),
    )


def _by_rate(evidence: Evidence, limits: Limits) -> Piece | None:
    if "rate_ratio" not in evidence:
        return None
    ratio = evidence.number("rate_ratio")
    if ratio >= limits.rate_above:
        return Piece("rate_above", 1.0, f"a learning rate of {times(ratio)} the usual one kills units")
    if ratio <= limits.rate_below:
        return Piece(
            "rate_below", -1.5, f"a learning rate of {times(ratio)} the usual one does not kill units"
        )
    return None


RULE = Rule(
    code="dead_relu",
    title="Dead ReLU units",
    explanation=(
        "A ReLU whose input is negative for every row outputs 0 and gets no gradient, so it stays that way. When a "
        "whole layer has died, every input gets the same prediction, and only the output's bias still learns: the share "
        "of positives. A large step, a large negative bias or unscaled inputs bring it about."
    ),
    advice="Start anew with a lower learning rate, He initialisation and LeakyReLU or GELU; scale the inputs.",
    remedy='layers.Dense(64, activation="leaky_relu", kernel_initializer="he_normal")',
    remedy_torch="layer = torch.nn.Linear(n_inputs, 64)\ntorch.nn.init.kaiming_normal_(layer.weight)\nmodel = torch.nn.Sequential(layer, torch.nn.LeakyReLU(), torch.nn.Linear(64, 1))",
    confused_with=("constant_inputs", "zero_initialization", "vanishing_gradients", "learning_rate_too_high"),
    separated_by="the share of hidden units that are zero for a whole batch",
    prior=0.6,
    needs=("peak_ratio", "end_falling", "end_fall"),
    uses=(
        TREES,
        "rectified_activation",
        "output_went_constant",
        "rate_ratio",
        "constant_output",
        "chance_distance",
        "fit_gap",
        "pretrained",
        "inside_linear",
        *DEAD,
        *EQUAL,
        *INPUTS,
        *facts_for("dead_relu"),
    ),
    assess=of_networks(assess),
    fires=(
        Example(
            "a spike, then one prediction for everything",
            peak_ratio=3.0,
            end_falling=False,
            end_fall=0.0,
            constant_output=True,
            output_went_constant=True,
        ),
    ),
    stays_quiet=(
        Example(
            "trees", boosted_trees=True, peak_ratio=3.0, end_falling=False, end_fall=0.0, constant_output=True
        ),
        Example("predictions differ", peak_ratio=1.0, end_falling=False, end_fall=0.0, constant_output=False),
        Example("a steady fall", peak_ratio=1.0, end_falling=True, end_fall=0.02),
    ),
    source="Lu et al. 2019, arXiv:1903.06733",
)
