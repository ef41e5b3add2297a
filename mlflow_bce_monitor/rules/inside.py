"""What several rules read off the measurements made inside a training (tier ``monitor``).

Each question has the answers yes, no, and None where the callback did not measure it.
"""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits

DEAD: Final = ("inside_dead_units",)
EQUAL: Final = ("inside_zero_kernels", "inside_equal_units")
INPUTS: Final = ("inside_constant_features", "inside_arriving_sd")
GRADIENTS: Final = ("inside_gradient_ratio", "inside_initial_gradient_ratio")
ALIVE: Final = (*DEAD, *EQUAL, *INPUTS, *GRADIENTS)
"""The facts behind the questions below, for the rules that ask them."""


def is_dead(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether all units of a hidden layer are 0 for every row."""
    if "inside_dead_units" not in evidence:
        return None
    return evidence.number("inside_dead_units") >= limits.all_units


def starts_equal(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the weights of most layers were all zero, or all units of a layer the same, before the first step."""
    if "inside_zero_kernels" not in evidence:
        return None
    equal = evidence.number_or("inside_equal_units", 0.0)
    return max(evidence.number("inside_zero_kernels"), equal) >= limits.most_kernels


def inputs_differ(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the rows differ where they reach the first weights."""
    if "inside_constant_features" not in evidence:
        return None
    if evidence.number("inside_constant_features") >= limits.most_features:
        return False
    return evidence.number_or("inside_arriving_sd", 1.0) > limits.arriving_variation


def gradient_arrives(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether every layer gets a fair part of the gradient, at the start and at the end."""
    if "inside_gradient_ratio" not in evidence:
        return None
    return smallest_gradient_ratio(evidence) >= limits.fair_gradient


def smallest_gradient_ratio(evidence: Evidence) -> float:
    """Return the smallest layer's gradient as a share of the largest's, at its start or its end."""
    last = evidence.number("inside_gradient_ratio")
    return min(last, evidence.number_or("inside_initial_gradient_ratio", last))


def is_alive(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether units, gradients, inputs and first weights are those of a network that can learn."""
    answers = (
        is_dead(evidence, limits),
        starts_equal(evidence, limits),
        inputs_differ(evidence, limits),
        gradient_arrives(evidence, limits),
    )
    if None in answers:
        return None
    return answers == (False, False, True, True)


PENALTY: Final = ("inside_penalty", "inside_first_penalty")
"""The facts behind :func:`sheds_penalty`."""


def sheds_penalty(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether a penalty that outweighed the labels was shed by shrinking the weights.

    Little of it is left at the end, and of the weights: small gradients, and changes that are large beside
    the weights, are then the penalty's doing.
    """
    if any(name not in evidence for name in PENALTY):
        return None
    first = evidence.number("inside_first_penalty")
    return first >= limits.heavy_penalty and evidence.number("inside_penalty") <= limits.shed_penalty * first


RANKING: Final = ("inside_roc_auc", "inside_auc_error", "end_skill")


def ranks_inside(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the captured rows are ranked better than by luck, by a model that knows none of them by heart.

    They are rows of the training: what is memorised ranks them too, and shows as skill.
    """
    if any(name not in evidence for name in RANKING) or evidence.number("end_skill") > limits.chance_band:
        return None
    luck = limits.inside_auc_errors * evidence.number("inside_auc_error")
    return evidence.number("inside_roc_auc") - 0.5 >= luck


REFERENCE: Final = ("inside_reference_distance", "inside_reference_detectable")
"""The facts behind :func:`finds_signal`."""

SIGNAL: Final = "signal"
NO_SIGNAL: Final = "none"
LITTLE_SIGNAL: Final = "none that so few rows would show"
"""What the reference learner says: that labels depend on inputs, that they do not, and that they do not as far
as its rows tell."""


def finds_signal(evidence: Evidence, limits: Limits) -> str | None:
    """Return what the callback's reference learner says; None where it was not asked, or rows are too few."""
    if any(name not in evidence for name in REFERENCE):
        return None
    distance = evidence.number("inside_reference_distance")
    if distance >= limits.reference_signal:
        return SIGNAL
    detectable = evidence.number("inside_reference_detectable")
    if distance >= limits.reference_chance or detectable > limits.reference_tells:
        return None
    return NO_SIGNAL if detectable <= limits.reference_tells_well else LITTLE_SIGNAL
