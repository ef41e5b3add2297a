"""Zero initialisation: all weights start equal, so the hidden units stay one unit, or none.

Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 8.4: initial
parameters need to break symmetry. With zeros a ReLU network passes nothing and gets no gradient.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import EQUAL, starts_equal
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    TREES,
    by_exactness,
    by_one_prediction,
    by_pretraining,
    by_siblings_of_settings,
    memorises,
    of_networks,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a first loss of exactly ln 2: zero weights predict exactly 0.5."""
    if evidence.get("zero_initializer") is False:
        return RuledOut("the weights do not start at a constant")
    if starts_equal(evidence, limits) is False:
        return RuledOut("the units of a layer started with different weights")
    off = evidence.number("start_off_untrained")
    known = evidence.get("zero_initializer", False) or starts_equal(evidence, limits)
    if off > limits.zero_start_far and not known:
        return RuledOut(f"the first loss is {off:.3g} from ln 2, where zero weights start")
    return weigh(
        Piece("initializer", 4.0, "the initializer is a constant")
        if evidence.get("zero_initializer")
        else None,
        *by_one_prediction(evidence, "predictions differ, so the units do", differed_first=-1.5),
        Piece("at_start", 1.0, "the first loss is that of predicting 0.5, to three digits")
        if off < limits.zero_start
        else Piece("off_start", -0.5, "the first loss is not that of predicting 0.5, to three digits"),
        by_exactness(evidence, limits),
        Piece("memorises", -2.0, "training rows are fitted better than others, so units differ")
        if memorises(evidence, limits)
        else None,
        by_pretraining(evidence),
        by_siblings_of_settings(evidence, "initializer"),
        Piece("inside_equal", 8.0, "weights were zero, or all units of a layer equal, before the first step")
        if starts_equal(evidence, limits)
        else None,
        *by_probes("zero_initialization", evidence, limits),
    )


RULE = Rule(
    code="zero_initialization",
    title="Weights that start at zero",
    explanation=(
        "With all weights at zero every hidden unit computes the same and gets the same gradient; with ReLU it is no gradient "
        "at all. The prediction starts at exactly 0.5, and only the output's bias learns."
    ),
    advice='Initialise the weights at random (kernel_initializer="glorot_uniform" or "he_normal"); only biases may be zero.',
    remedy='layers.Dense(64, activation="relu", kernel_initializer="he_normal")',
    remedy_torch="torch.nn.init.kaiming_normal_(layer.weight)  # for every layer; only biases may start at zero",
    confused_with=("dead_relu", "constant_inputs", "vanishing_gradients"),
    separated_by="the standard deviation of the first layer's weights before and after one epoch",
    prior=0.3,
    needs=("start_off_untrained",),
    uses=(
        TREES,
        *COURSE,
        "zero_initializer",
        "output_went_constant",
        "constant_output",
        "chance_distance",
        "fit_gap",
        "sibling_changed",
        "siblings_varied",
        "pretrained",
        *EQUAL,
        *facts_for("zero_initialization"),
    ),
    assess=of_networks(unless_learned_before(assess)),
    fires=(
        Example("initializer zeros", start_off_untrained=0.0, zero_initializer=True),
        Example(
            "exactly ln 2 and one prediction for all",
            start_off_untrained=0.0001,
            constant_output=True,
            output_went_constant=False,
        ),
    ),
    stays_quiet=(
        Example("random weights", start_off_untrained=0.0, zero_initializer=False),
        Example("starts elsewhere", start_off_untrained=0.2),
    ),
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, section 8.4",
)
