"""Observations that several rules make in the same way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import ALIVE, is_alive
from mlflow_bce_monitor.rules.rule import Piece, RuledOut, Supported

SIBLING_FACTS = ("siblings_learned", "siblings_at_same_level", "sibling_changed", "siblings_varied")
"""What the two functions about siblings look at."""


LIFE: Final = (*ALIVE, "inside_normalised_values", "trainable_share")
"""What :func:`by_life` looks at."""


Assess = Callable[[Evidence, Limits], Supported | RuledOut]

COURSE: Final = ("held_skill", "end_skill")
"""What :func:`lost_skill` looks at."""


def lost_skill(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss stood well below where it ended for as long as its end is measured over."""
    held = evidence.number_or("held_skill", -math.inf)
    return held > limits.clear_skill and held > evidence.number_or("end_skill", math.inf) + limits.clear_skill


def unless_learned_before(assess: Assess) -> Assess:
    """Return the assessment of a cause that keeps a network from learning at all.

    It is ruled out where this network had learned and lost it again.
    """

    def assess_unless(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
        if not lost_skill(evidence, limits):
            return assess(evidence, limits)
        held = evidence.number("held_skill")
        return RuledOut(f"the same network had learned before: its loss showed skill {held:.2f} for a time")

    return assess_unless


TREES: Final = "boosted_trees"
"""What :func:`of_networks` looks at."""


def of_networks(assess: Assess) -> Assess:
    """Return the assessment of a cause that only a network of units and weights can have."""

    def assess_networks(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
        if evidence.get(TREES):
            return RuledOut("trees are trained, which have neither units nor weights nor scales")
        return assess(evidence, limits)

    return assess_networks


def normalises_single_values(evidence: Evidence) -> bool:
    """Whether a batch normalisation averages one value, itself: in training it gives its bias for every row."""
    return evidence.number_or("inside_normalised_values", math.inf) <= 1.0


def can_learn(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether units, gradients, inputs and first weights are those of a network that can learn.

    None where the callback did not measure it. It measures in inference mode, in which a batch
    normalisation uses its averages: what batches of one row do to it has to be asked for.
    """
    return False if normalises_single_values(evidence) else is_alive(evidence, limits)


def by_life(evidence: Evidence, limits: Limits) -> Piece | None:
    """Weigh whether the network can learn, for a cause that leaves it able to.

    Every such cause takes the same weight from here: that a network lives tells none of them from another.
    """
    alive = can_learn(evidence, limits)
    if alive is None or evidence.number_or("trainable_share", 1.0) < limits.mostly_trainable:
        return None  # units and gradients of the small part that is trained say nothing of the rest
    if alive or memorises(evidence, limits):  # what knows its rows by heart has learned them
        return Piece("inside_alive", 1.0, "units live, gradients arrive and inputs differ")
    return Piece("inside_not_alive", -3.0, "the network cannot learn, whatever else is changed")


def falls_steadily(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss falls to its end, without jumping about."""
    return bool(evidence["end_falling"]) and evidence.number_or("end_spread", 0.0) < limits.restless_spread


def exactly_at_chance(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether every logged loss ends at its chance level to a third of a percent; None if that is not known.

    Weights that are alive fit a little noise, which lifts one loss and lowers the other.
    """
    if "chance_distance" not in evidence:
        return None
    return evidence.number("chance_distance") < limits.exact_chance


def by_exactness(evidence: Evidence, limits: Limits, otherwise: float = -0.7) -> Piece | None:
    """Weigh how exactly the losses lie at chance, for a cause that leaves nothing but the bias to learn."""
    exactly = exactly_at_chance(evidence, limits)
    if exactly is None:
        return None
    if exactly:
        return Piece("exact", 1.0, "the loss lies at its chance level to a third of a percent")
    return Piece("not_exact", otherwise, "the loss does not lie at its chance level exactly")


def by_one_prediction(evidence: Evidence, differ: str, differed_first: float) -> tuple[Piece, ...]:
    """Weigh whether every input gets the same prediction, for a cause inside the network.

    Parameters
    ----------
    differ
        What it means when predictions differ.
    differed_first
        Weight of predictions that differed at first and are all the same now.
    """
    if "constant_output" not in evidence:
        return ()
    if not evidence["constant_output"]:
        return (Piece("predictions_differ", -3.0, differ),)
    same = Piece("one_prediction", 1.5, "every input gets the same prediction")
    if evidence.get("output_went_constant"):
        return (same, Piece("differed_first", differed_first, "it was not so at first"))
    return (same,)


def memorises(evidence: Evidence, limits: Limits) -> bool | None:
    """Whether the training rows are fitted better than others; None without a validation loss."""
    if "fit_gap" not in evidence:
        return None
    return evidence.number("fit_gap") > limits.memorising_gap


def by_pretraining(evidence: Evidence) -> Piece | None:
    """Weigh against a cause in how the network was built: one that was trained before had worked."""
    if not evidence.get("pretrained"):
        return None
    return Piece("pretrained", -2.0, "the training starts from a network that was trained before")


def by_siblings_on_data(evidence: Evidence) -> Piece | None:
    """Weigh the siblings for a cause that lies in the data: it holds whatever else is changed."""
    if evidence.number_or("siblings_learned", 0.0) > 0:
        return Piece("sibling_learned", -2.0, "a sibling run learned on the same data")
    stuck = evidence.number_or("siblings_at_same_level", 0.0)
    if stuck > 1 and "siblings_varied" in evidence:
        varied = _other(str(evidence["siblings_varied"]))
        return Piece("siblings_stuck", 1.0, f"{stuck:.0f} siblings with {varied} ended at the same level")
    return None


def by_siblings_of_settings(evidence: Evidence, *settings: str) -> Piece | None:
    """Weigh the siblings for a cause that lies in some settings: changing those makes the difference."""
    changed = evidence.get("sibling_changed")
    if changed in settings:
        return Piece("sibling_changed", 2.0, f"a sibling with {_other(str(changed))} learned")
    varied = str(evidence.get("siblings_varied", "")).split(", ")
    same = [name for name in settings if name in varied]
    if same:
        return Piece("sibling_varied", -1.5, f"siblings with {_other(same[0])} ended at the same level")
    return None


def _other(settings: str) -> str:
    """Return "another learning rate", and "other hidden units" for what comes in numbers."""
    names = settings.replace("_", " ")
    return f"{'other' if names.endswith('s') else 'another'} {names}"
