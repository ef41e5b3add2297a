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
GRADIENTS: Final = ("inside_gradient_ratio", "inside_initial_gradient_ratio", "inside_batch_norm")
OUTPUTS: Final = ("inside_initial_output_sd",)
START: Final = ("start_off_untrained", "inside_initial_dead_units")
ALIVE: Final = (*DEAD, *EQUAL, *INPUTS, *GRADIENTS, *OUTPUTS, *START)
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
    """Whether every layer gets a fair part of the gradient, at the start and at the end.

    Embeddings and recurrent layers begin with little of it. Where that has become much, it was enough.
    """
    if "inside_gradient_ratio" not in evidence:
        return None
    if smallest_gradient_ratio(evidence) >= limits.fair_gradient:
        return True
    first = initial_gradient_ratio(evidence)
    began = first is not None and first > limits.vanished_gradient
    return began and evidence.number("inside_gradient_ratio") >= limits.regained_gradient


def loses_gradient(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the gradient reached every layer before the first step, and one of them no more at the end.

    Then it is the training that has destroyed the network: a rate that throws the weights, a penalty that
    takes them away.
    """
    first = initial_gradient_ratio(evidence)
    if first is None or "inside_gradient_ratio" not in evidence:
        return None
    return (
        first >= limits.fair_gradient and evidence.number("inside_gradient_ratio") < limits.vanished_gradient
    )


def initial_gradient_ratio(evidence: Evidence) -> float | None:
    """Return that ratio before the first step; None where it was not measured.

    Nor can it be where batches are normalised: until the first of them a layer has no averages to measure with.
    """
    if evidence.get("inside_batch_norm") or "inside_initial_gradient_ratio" not in evidence:
        return None
    return evidence.number("inside_initial_gradient_ratio")


def starts_mute(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the first weights let next to nothing of the rows' differences through to the outputs.

    Small weights make every layer shrink what it passes on. All kernels then get equally little gradient, so its
    ratio between layers does not show it. Outputs that are equal to the last bit say nothing by themselves: those of
    a ReLU at its zero and of a sigmoid at its end are. Nor do those of a sigmoid close to its end, which cost a
    loss far above chance. But of living units that start at 0.5 they say the same.
    """
    if any(name not in evidence for name in OUTPUTS) or evidence.get("inside_batch_norm"):
        return None
    if evidence.number_or("peak_ratio", 1.0) >= limits.overshoot:
        return False
    spread = evidence.number("inside_initial_output_sd")
    return spread < limits.mute_outputs and (spread > 0.0 or _starts_at_half(evidence, limits))


def _starts_at_half(evidence: Evidence, limits: Limits) -> bool:
    """Whether the first loss is that of 0.5 for every row, of rows that differ and of units that live."""
    if "start_off_untrained" not in evidence or inputs_differ(evidence, limits) is not True:
        return False
    if evidence.number_or("inside_initial_dead_units", 0.0) >= limits.all_units or is_dead(evidence, limits):
        return False
    if starts_equal(evidence, limits) is not False:
        return False
    return evidence.number("start_off_untrained") < limits.zero_start_far


def smallest_gradient_ratio(evidence: Evidence) -> float:
    """Return the smallest layer's gradient as a share of the largest's, at its start or its end."""
    first, last = initial_gradient_ratio(evidence), evidence.number("inside_gradient_ratio")
    return last if first is None else min(first, last)


def is_alive(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether units, gradients, inputs, first weights and outputs are those of a network that can learn."""
    answers = (
        is_dead(evidence, limits),
        starts_equal(evidence, limits),
        inputs_differ(evidence, limits),
        gradient_arrives(evidence, limits),
    )
    if None in answers:
        return None
    return answers == (False, False, True, True) and not starts_mute(evidence, limits)


PENALTY: Final = ("inside_penalty", "inside_first_penalty")
"""The facts behind :func:`sheds_penalty` and :func:`leaves_weights`."""

MISTAKES: Final = ("end_level", "end_ratio")
"""What tells mistakes that are not the penalty's, where it is known."""


def sheds_penalty(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether a penalty that outweighed the labels was shed by shrinking the weights.

    Little of it is left at the end, and of the weights: small gradients, and changes that are large beside
    the weights, are then the penalty's doing. Not so where the mistakes cost far more than those of 0.5 for
    everything: weights that are nearly gone make no such mistakes.
    """
    if any(name not in evidence for name in PENALTY):
        return None
    first, last = evidence.number("inside_first_penalty"), evidence.number("inside_penalty")
    if _cost_of_mistakes(evidence, last) > limits.overshoot:
        return False
    return first >= limits.heavy_penalty and last <= limits.shed_penalty * first


def _cost_of_mistakes(evidence: Evidence, penalty: float) -> float:
    """Return what is left of the loss without the penalty, as a multiple of that of 0.5 for everything."""
    level = evidence.number_or("end_level", 0.0)
    return evidence.number_or("end_ratio", 1.0) * (1.0 - penalty / level) if level > 0.0 else 1.0


def leaves_weights(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether a penalty has not shrunk the weights, however large it is: large first weights make it so."""
    if any(name not in evidence for name in PENALTY):
        return None
    first, last = evidence.number("inside_first_penalty"), evidence.number("inside_penalty")
    return first > 0.0 and last >= limits.idle_penalty * first


DROPOUT: Final = ("dropout", "inside_update_ratio", "rate_ratio")
"""The facts behind :func:`dropout_blocks`."""


def dropout_blocks(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether heavy dropout keeps gradients away: at a usual rate the weights do not change.

    Gradients are measured without dropout, and may be sound.
    """
    if any(name not in evidence for name in DROPOUT):
        return None
    return (
        evidence.number("dropout") >= limits.strong_dropout
        and evidence.number("inside_update_ratio") < limits.tiny_update
        and evidence.number("rate_ratio") >= limits.rate_usual_low
    )


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
SOME_SIGNAL: Final = "hardly by chance"
NO_SIGNAL: Final = "none"
LITTLE_SIGNAL: Final = "none that so few rows would show"
"""What the reference learner says: that labels depend on inputs, that they most probably do, that they do not,
and that they do not as far as its rows tell."""


def finds_signal(evidence: Evidence, limits: Limits) -> str | None:
    """Return what the callback's reference learner says; None where it was not asked, or rows are too few."""
    if any(name not in evidence for name in REFERENCE):
        return None
    distance = evidence.number("inside_reference_distance")
    if distance >= limits.reference_signal:
        return SIGNAL
    if distance >= limits.reference_some_signal:
        return SOME_SIGNAL
    detectable = evidence.number("inside_reference_detectable")
    if distance >= limits.reference_chance or detectable > limits.reference_tells:
        return None
    return NO_SIGNAL if detectable <= limits.reference_tells_well else LITTLE_SIGNAL
