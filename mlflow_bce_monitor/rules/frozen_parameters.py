"""Frozen parameters: nothing, or nothing that matters, is trainable.

Source: the Keras guide "Transfer learning and fine-tuning" (keras.io/guides/transfer_learning):
``trainable = False`` holds for all layers inside. Measured: the held-back loss then repeats
its first value to the digit.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    TREES,
    normalises_single_values,
    of_networks,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look at the share of trainable weights, and at a loss that does not move at all."""
    movement = evidence.number("movement")
    share = evidence.number("trainable_share") if "trainable_share" in evidence else None
    if share is not None and share >= limits.mostly_trainable:
        return RuledOut(f"{share:.0%} of the weights are trainable")
    if share is None and movement > limits.clear_skill:
        return RuledOut("the loss moves far more than the frozen part allows")
    still = movement < limits.does_not_move
    return weigh(
        _by_share(share),
        Piece("still", 2.0, "the loss repeats its first value") if still else None,
        Piece("moves", -1.0, "the loss moves") if movement > limits.hardly_moves else None,
        _by_rate(evidence, limits) if still else None,
        _by_update(evidence) if share is None else None,
        Piece("lively", -3.0, "the margins move from batch to batch, so weights do")
        if evidence.get("preference_loss") and evidence.number_or("end_spread", 0.0) > limits.lively_spread
        else None,
        *by_probes("frozen_parameters", evidence, limits),
    )


def _by_share(share: float | None) -> Piece | None:
    if share is None:
        return None
    if share == 0.0:
        return Piece("all", 6.0, "no weight is trainable")
    return Piece("most", 2.5, f"only {share:.1%} of the weights are trainable")


def _by_update(evidence: Evidence) -> Piece | None:
    if "inside_update_ratio" not in evidence or normalises_single_values(evidence):
        return None
    if evidence.number("inside_update_ratio") == 0.0:
        return Piece("inside_no_update", 3.0, "the last epoch changed no weight")
    return Piece("inside_updates", -2.0, "the last epoch changed the weights")


def _by_rate(evidence: Evidence, limits: Limits) -> Piece | None:
    """Ask whether the rate should have moved the weights that did not move."""
    if "rate_ratio" not in evidence:
        return None
    ratio = evidence.number("rate_ratio")
    if ratio >= limits.rate_below:
        return Piece(
            "rate_should_move", 1.5, f"a learning rate of {times(ratio)} the usual one would move weights"
        )
    return Piece(
        "rate_is_low", -1.5, f"a learning rate of {times(ratio)} the usual one may be what does not move"
    )


RULE = Rule(
    code="frozen_parameters",
    title="Frozen parameters",
    explanation=(
        "The layers are set to not trainable, the optimizer was given the wrong parameters, or the loss was cut off from "
        "them. The loss repeats its first value, or only the output layer learns on top of random features."
    ),
    advice="Set trainable = True on the layers that should learn, before compile(), and check the trainable count of the summary.",
    remedy='for layer in model.layers:\n    layer.trainable = True\nmodel.compile(optimizer="adam", loss="binary_crossentropy")',
    remedy_torch="for parameter in model.parameters():\n    parameter.requires_grad_(True)\noptimizer = torch.optim.Adam(model.parameters())  # made anew: it holds what it was given",
    confused_with=("learning_rate_too_low", "zero_initialization"),
    separated_by="the count of trainable weights (model summary), and the learning rate in force",
    prior=0.4,
    needs=("movement",),
    uses=(
        TREES,
        *COURSE,
        "trainable_share",
        "preference_loss",
        "end_spread",
        "rate_ratio",
        "inside_update_ratio",
        "inside_normalised_values",
        *facts_for("frozen_parameters"),
    ),
    assess=of_networks(unless_learned_before(assess)),
    fires=(
        Example("no trainable weight", movement=0.0, trainable_share=0.0),
        Example("a loss that repeats its first value", movement=0.0),
    ),
    stays_quiet=(
        Example("all trainable", movement=0.0, trainable_share=1.0),
        Example("a loss that moves", movement=0.3),
    ),
    source="keras.io/guides/transfer_learning",
)
