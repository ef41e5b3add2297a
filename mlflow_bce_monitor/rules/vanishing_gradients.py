"""Vanishing gradients: the error signal shrinks in every layer on its way back.

Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward
neural networks", PMLR 9:249-256; Hochreiter 1998, doi:10.1142/S0218488598000094.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import (
    ALIVE,
    MISTAKES,
    PENALTY,
    gradient_arrives,
    initial_gradient_ratio,
    inputs_differ,
    is_dead,
    loses_gradient,
    sheds_penalty,
    smallest_gradient_ratio,
    starts_equal,
    starts_mute,
)
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    TREES,
    by_pretraining,
    by_siblings_of_settings,
    exactly_at_chance,
    memorises,
    of_networks,
)
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for depth, saturating units and a gradient of next to nothing."""
    depth = evidence.number("depth")
    if depth <= limits.shallow_depth:
        return RuledOut(f"{depth:.0f} layers are too few for a gradient to vanish in")
    if (
        is_dead(evidence, limits)
        or starts_equal(evidence, limits)
        or inputs_differ(evidence, limits) is False
    ):
        return RuledOut("there is nothing to vanish: dead units, equal weights or equal inputs")
    if gradient_arrives(evidence, limits) and not starts_mute(evidence, limits):
        ratio = smallest_gradient_ratio(evidence)
        return RuledOut(f"every layer gets at least {ratio:.1%} of the largest gradient")
    return weigh(
        Piece("deep", 1.5, f"{depth:.0f} layers")
        if depth >= limits.deep_depth
        else Piece("some_depth", 0.3, f"{depth:.0f} layers"),
        _by_activation(evidence),
        _by_gradient(evidence, limits),
        Piece("hardly_moves", 0.5, "the loss starts at chance and hardly moves")
        if evidence.number("movement") < limits.hardly_moves
        else None,
        Piece("overshoot", -1.5, "the loss was thrown far above chance")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        Piece("exact", 0.7, "the loss lies at its chance level to a third of a percent")
        if exactly_at_chance(evidence, limits)
        else None,
        Piece("memorises", -1.5, "training rows are fitted better than others, so gradients arrive")
        if memorises(evidence, limits)
        else None,
        by_pretraining(evidence),
        by_siblings_of_settings(evidence, "activation", "depth", "initializer"),
        _by_layers(evidence, limits),
        *by_probes("vanishing_gradients", evidence, limits),
    )


def _by_layers(evidence: Evidence, limits: Limits) -> Piece | None:
    if "inside_gradient_ratio" not in evidence:
        return None
    ratio = smallest_gradient_ratio(evidence)
    clause = f"a layer's gradient is {ratio:.1e} of the largest"
    told = _by_course(evidence, limits, clause)
    if told is not None:
        return told
    if ratio < limits.vanished_gradient:
        return Piece("inside_vanished", 5.0, clause)
    if evidence.number_or("inside_saturated_units", 0.0) >= limits.mostly_saturated:
        return Piece("inside_saturated", 3.0, f"{clause}, and the units of a layer are saturated")
    return Piece("inside_small", 1.0, clause)


def _by_course(evidence: Evidence, limits: Limits, clause: str) -> Piece | None:
    """Tell a gradient that no layer ever got from one that the training has destroyed."""
    if starts_mute(evidence, limits):
        spread = evidence.number("inside_initial_output_sd")
        clause = f"before the first step the outputs of all rows are the same to {spread:.1e}"
        return Piece("inside_mute", 5.0, clause)
    at_first = initial_gradient_ratio(evidence)
    vanished_at_first = at_first is not None and at_first < limits.vanished_gradient
    if sheds_penalty(evidence, limits) and not vanished_at_first:
        return Piece("inside_shrunk", -3.0, f"{clause}, after a penalty has shrunk the weights")
    if loses_gradient(evidence, limits):
        return Piece("inside_lost", -3.0, f"{clause}, which it was not before the first step")
    return None


def _by_activation(evidence: Evidence) -> Piece | None:
    if "saturating_activation" not in evidence:
        return None
    if evidence["saturating_activation"]:
        return Piece("saturates", 1.5, "the hidden units saturate (sigmoid or tanh)")
    return Piece("does_not_saturate", -1.0, "the hidden units do not saturate")


def _by_gradient(evidence: Evidence, limits: Limits) -> Piece | None:
    if "gradient_norm" not in evidence:
        return None
    norm = evidence.number("gradient_norm")
    if norm < limits.tiny_gradient:
        return Piece("tiny_gradient", 2.0, f"the gradient norm is {norm:.1e}")
    return Piece("gradient", -2.0, f"the gradient norm is {norm:.1e}")


RULE = Rule(
    code="vanishing_gradients",
    title="Vanishing gradients",
    explanation=(
        "Each saturating layer multiplies the gradient by a factor below one; after ten of them nothing arrives at the "
        "first layers. They keep their random weights, the output sees no difference between inputs, and the loss "
        "settles on the share of positives."
    ),
    advice="Use ReLU or GELU with He initialisation, batch normalisation or residual connections, or fewer layers.",
    remedy='x = layers.Dense(64, kernel_initializer="he_normal")(x)\nx = layers.BatchNormalization()(x)\nx = layers.ReLU()(x)',
    remedy_torch="block = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.BatchNorm1d(64), torch.nn.ReLU())\ntorch.nn.init.kaiming_normal_(block[0].weight)",
    confused_with=("dead_relu", "zero_initialization", "learning_rate_too_low", "constant_inputs"),
    separated_by="the gradient norm of each layer: it falls by orders of magnitude towards the input",
    prior=0.4,
    needs=("depth", "movement", "peak_ratio"),
    uses=(
        TREES,
        "gradient_norm",
        "saturating_activation",
        "chance_distance",
        "fit_gap",
        "sibling_changed",
        "siblings_varied",
        "pretrained",
        *ALIVE,
        *PENALTY,
        *MISTAKES,
        "inside_saturated_units",
        *facts_for("vanishing_gradients"),
    ),
    assess=of_networks(assess),
    fires=(
        Example("ten sigmoid layers", depth=11, movement=0.001, peak_ratio=1.0, saturating_activation=True),
        Example("ten layers, activation not known", depth=11, movement=0.001, peak_ratio=1.0),
    ),
    stays_quiet=(
        Example("two layers", depth=2, movement=0.0, peak_ratio=1.0),
        Example(
            "five ReLU layers with gradients",
            depth=5,
            movement=0.1,
            peak_ratio=1.0,
            saturating_activation=False,
        ),
    ),
    source="Glorot and Bengio 2010, PMLR 9:249-256; Hochreiter 1998, doi:10.1142/S0218488598000094",
)
