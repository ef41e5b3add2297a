"""Insufficient capacity: the model cannot express what separates the classes.

Source: Cybenko 1989, doi:10.1007/BF02551274 (what width buys); Minsky and Papert 1969,
"Perceptrons" (what no linear model can do); measured on the capacity scenario
(docs/article.md): 2 hidden units for 100 features stay at chance where 128 do not.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import Piece, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a bottleneck that is narrow by itself and beside the number of features."""
    narrowest = evidence.number("narrowest_layer")
    if narrowest >= limits.wide_layer:
        return RuledOut(f"the narrowest hidden layer has {narrowest:.0f} units")
    if evidence.number("peak_ratio") >= limits.overshoot:
        against: Piece | None = Piece(-1.5, "a small model does not overshoot")
    else:
        against = None
    return weigh(_by_width(evidence, narrowest, limits), against, _by_memorising(evidence, limits))


def _by_width(evidence: Evidence, narrowest: float, limits: Limits) -> Piece:
    clause = f"the narrowest hidden layer has {narrowest:.0f} units"
    if narrowest > limits.narrow_layer:
        return Piece(0.0, clause)
    if "n_features" not in evidence:
        return Piece(2.0, clause)
    features = evidence.number("n_features")
    if features >= limits.features_per_unit * narrowest:
        return Piece(3.0, f"{clause} for {features:.0f} features")
    return Piece(1.5, clause)


def _by_memorising(evidence: Evidence, limits: Limits) -> Piece | None:
    if "validation_skill" not in evidence:
        return None
    gap = evidence.number("end_skill") - evidence.number("validation_skill")
    if gap > limits.clear_skill:
        return Piece(
            -1.5, "it fits the training rows far better than others, so capacity is not what it lacks"
        )
    return None


RULE = Rule(
    code="insufficient_capacity",
    title="Model too small",
    explanation=(
        "A hidden layer of a few units passes on a few numbers. When the classes differ in more than that, the best "
        "the model can do is close to the constant prediction, and the loss stays at chance with everything else in order."
    ),
    advice="Widen the narrowest hidden layer (32 to 128 units), or reduce the inputs first (PCA, hand-made features).",
    remedy='layers.Dense(128, activation="relu")  # in place of the narrowest layer',
    confused_with=("no_signal", "dead_relu"),
    separated_by="one run with the narrowest layer ten times wider, everything else equal",
    prior=0.7,
    needs=("narrowest_layer", "peak_ratio", "end_skill"),
    uses=("n_features", "validation_skill"),
    assess=assess,
    fires=(
        Example(
            "2 units for 100 features", narrowest_layer=2, n_features=100, peak_ratio=1.05, end_skill=0.01
        ),
        Example("2 units, features not known", narrowest_layer=2, peak_ratio=1.05, end_skill=0.01),
    ),
    stays_quiet=(
        Example("128 units", narrowest_layer=128, n_features=100, peak_ratio=1.05, end_skill=0.0),
        Example("16 units", narrowest_layer=16, peak_ratio=1.05, end_skill=0.0),
    ),
    source="Cybenko 1989, doi:10.1007/BF02551274; docs/article.md",
)
