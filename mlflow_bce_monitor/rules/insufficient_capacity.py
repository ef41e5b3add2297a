"""Insufficient capacity: the model cannot express what separates the classes.

Source: Cybenko 1989, doi:10.1007/BF02551274 (what width buys); Minsky and Papert 1969,
"Perceptrons" (what no linear model can do); measured on the capacity scenario
(docs/article.md): 2 hidden units for 100 features stay at chance where 128 do not.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    LIFE,
    by_life,
    by_pretraining,
    by_siblings_of_settings,
    falls_steadily,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a bottleneck, and for a model that cannot even fit its own rows."""
    return weigh(
        Piece("inside_linear", 3.0, "no hidden layer bends: whatever its size, the model is a linear one")
        if evidence.get("inside_linear")
        else _by_width(evidence, limits),
        Piece("overshoot", -1.5, "a small model does not overshoot")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        *_by_fit(evidence, limits),
        Piece(
            "hardly_trained",
            -2.5,
            f"after {evidence.number('n_updates'):,.0f} updates nobody can say what it could fit",
        )
        if evidence.number_or("n_updates", limits.many_updates) <= limits.hardly_any_updates
        else None,
        Piece("falls", -0.7, "the loss still falls") if falls_steadily(evidence, limits) else None,
        Piece(
            "one_prediction", -1.0, "every input gets the same prediction, which a small model need not give"
        )
        if evidence.get("constant_output")
        else None,
        by_pretraining(evidence),
        by_siblings_of_settings(evidence, "hidden_units", "depth", "n_parameters"),
        by_life(evidence, limits),
        *by_probes("insufficient_capacity", evidence, limits),
    )


def _by_width(evidence: Evidence, limits: Limits) -> Piece | None:
    if "narrowest_layer" not in evidence:
        return None
    narrowest = evidence.number("narrowest_layer")
    clause = f"the narrowest hidden layer has {narrowest:.0f} units"
    if narrowest >= limits.wide_layer:
        return Piece("wide", -1.5, clause)
    if narrowest > limits.narrow_layer:
        return Piece("middling", -0.5, clause)
    return _narrow(narrowest, evidence, limits, clause)


def _narrow(narrowest: float, evidence: Evidence, limits: Limits, clause: str) -> Piece:
    features = evidence.number_or("n_features", 0.0)
    if features >= limits.features_per_unit * narrowest:
        return Piece("bottleneck", 3.0, f"{clause} for {features:.0f} features")
    if "n_features" not in evidence:
        return Piece("narrow", 2.0, clause)
    if narrowest <= limits.tiny_layer:
        return Piece("tiny", 2.5, clause)
    return Piece("narrow_data", 1.5, clause)


def _by_fit(evidence: Evidence, limits: Limits) -> tuple[Piece, ...]:
    if "fit_gap" not in evidence:
        return ()
    gap = evidence.number("fit_gap")
    if gap > limits.clear_skill:
        clause = "it fits the training rows far better than others, so capacity is not what it lacks"
        return (Piece("memorises", -1.5, clause),)
    if evidence.number_or("n_updates", 0.0) >= limits.many_updates and gap <= limits.memorising_gap:
        clause = f"after {evidence.number('n_updates'):,.0f} updates it does not even fit its own rows"
        return (Piece("cannot_memorise", 1.0, clause),)
    return ()


RULE = Rule(
    code="insufficient_capacity",
    title="Model too small",
    explanation=(
        "A hidden layer of a few units passes on a few numbers. When the classes differ in more than that, the best "
        "the model can do is close to the constant prediction, and the loss stays at chance with everything else in order."
    ),
    advice="Widen the narrowest hidden layer (32 to 128 units), or reduce the inputs first (PCA, hand-made features).",
    remedy='layers.Dense(128, activation="relu")  # in place of the narrowest layer',
    remedy_torch="torch.nn.Linear(n_inputs, 128)  # in place of the narrowest layer",
    confused_with=("no_signal", "dead_relu"),
    separated_by="one run with the narrowest layer ten times wider, everything else equal",
    prior=0.7,
    needs=("peak_ratio", "end_falling", "end_spread"),
    uses=(
        *COURSE,
        "constant_output",
        "narrowest_layer",
        "n_features",
        "fit_gap",
        "n_updates",
        "sibling_changed",
        "siblings_varied",
        "pretrained",
        "inside_linear",
        *LIFE,
        *facts_for("insufficient_capacity"),
    ),
    assess=unless_learned_before(assess),
    fires=(
        Example(
            "2 units for 100 features",
            narrowest_layer=2,
            n_features=100,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
        Example(
            "2 units, features not known",
            narrowest_layer=2,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
        Example(
            "layers of 128 units without an activation",
            inside_linear=True,
            narrowest_layer=128,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
    ),
    stays_quiet=(
        Example(
            "128 units",
            narrowest_layer=128,
            n_features=100,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
        Example(
            "16 units",
            narrowest_layer=16,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
        Example(
            "2 units that had learned before",
            narrowest_layer=2,
            n_features=100,
            held_skill=0.5,
            end_skill=0.0,
            peak_ratio=1.05,
            end_falling=False,
            end_spread=0.001,
        ),
    ),
    source="Cybenko 1989, doi:10.1007/BF02551274; docs/article.md",
)
