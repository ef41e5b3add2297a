"""Learning rate too low: every step goes the right way and none goes far enough.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks",
arXiv:1506.01186: below a range of rates the loss does not move within the budget.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import DROPOUT, dropout_blocks
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    LIFE,
    by_life,
    by_siblings_of_settings,
    can_learn,
    falls_steadily,
    memorises,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Weigh the rate against the usual one, and the steadiness of the fall."""
    ratio = evidence.number("rate_ratio") if "rate_ratio" in evidence else None
    if ratio is not None and ratio >= limits.rate_above:
        return RuledOut(f"the learning rate is {times(ratio)} the usual one")
    falling = bool(evidence["end_falling"])
    return weigh(
        _by_rate(ratio, limits),
        Piece("steady", 1.2, "the loss falls steadily and by little")
        if falls_steadily(evidence, limits)
        else None,
        Piece("flat", -0.7, "the loss does not fall") if not falling else None,
        Piece("repeats", -1.0, "the loss repeats one value to the digit")
        if evidence["constant_loss"]
        else None,
        Piece("thrown", -2.0, "small steps cannot throw the loss that far above chance")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        Piece("hardly_moves", 0.7, "the loss has hardly moved since it started")
        if limits.does_not_move <= evidence.number_or("movement", 1.0) < limits.hardly_moves
        else None,
        Piece("memorises", -1.5, "training rows are fitted better than others: the steps are large enough")
        if memorises(evidence, limits)
        else None,
        Piece("one_prediction", -1.0, "every input gets the same prediction")
        if evidence.get("constant_output")
        else None,
        _by_pairs(evidence, limits),
        by_siblings_of_settings(evidence, "learning_rate", "optimizer"),
        by_life(evidence, limits),
        _by_update(evidence, limits),
        *by_probes("learning_rate_too_low", evidence, limits),
    )


def _by_update(evidence: Evidence, limits: Limits) -> Piece | None:
    if "inside_update_ratio" not in evidence:
        return None
    ratio = evidence.number("inside_update_ratio")
    clause = f"the last epoch changed the weights by {ratio:.1e} of their size"
    if ratio >= limits.fair_update:
        return Piece("inside_fair_update", -2.0, clause)
    if ratio >= limits.tiny_update or not can_learn(evidence, limits) or dropout_blocks(evidence, limits):
        return None  # no rate moves weights that no gradient reaches
    if evidence.number_or("inside_moved", 0.0) >= limits.moved_weights:
        return None  # they have moved before, and the rate has fallen since
    return Piece("inside_tiny_update", 3.0, clause)


def _by_pairs(evidence: Evidence, limits: Limits) -> Piece | None:
    """Weigh a preference loss at chance whose policy tells the pairs apart, by margins of next to nothing."""
    share = evidence.number_or("reward_accuracy", 0.0)
    if share < limits.pairs_told_apart:
        return None
    return Piece(
        "pairs_apart",
        3.0,
        f"the chosen answer has the larger reward in {share:.0%} of the pairs, by next to nothing",
    )


def _by_rate(ratio: float | None, limits: Limits) -> Piece | None:
    if ratio is None:
        return None
    clause = f"the learning rate is {times(ratio)} the usual one for the optimizer"
    if ratio <= limits.rate_far_below:
        return Piece("rate_far_below", 4.0, clause)
    if ratio <= limits.rate_below:
        return Piece("rate_below", 2.0, clause)
    if ratio < limits.rate_usual_low:
        return Piece("rate_somewhat_below", 0.5, clause)
    if ratio <= limits.rate_usual_high:
        return Piece("rate_usual", -2.0, "the learning rate is usual")
    return Piece("rate_above_usual", -3.0, clause)


RULE = Rule(
    code="learning_rate_too_low",
    title="Learning rate too low",
    explanation=(
        "The steps are so small that the run ends before the loss has moved. The curve is smooth, often falling "
        "by a steady sliver, and a longer run would get there in the end."
    ),
    advice="Raise the learning rate by factors of ten up to the optimizer's usual one (Adam 1e-3, SGD 1e-2).",
    remedy='model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")',
    remedy_torch="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
    confused_with=("frozen_parameters", "vanishing_gradients", "too_few_steps"),
    separated_by="the learning rate in force as a metric each epoch, and the gradient norm",
    prior=1.0,
    needs=("end_falling", "end_spread", "peak_ratio", "constant_loss"),
    uses=(
        *COURSE,
        "rate_ratio",
        "movement",
        "constant_output",
        "reward_accuracy",
        "fit_gap",
        "sibling_changed",
        "siblings_varied",
        "inside_moved",
        *DROPOUT,
        *LIFE,
        *facts_for("learning_rate_too_low"),
    ),
    assess=unless_learned_before(assess),
    fires=(
        Example(
            "pairs told apart at a flat loss",
            end_falling=False,
            end_spread=0.0001,
            peak_ratio=1.0,
            constant_loss=False,
            reward_accuracy=0.86,
        ),
        Example(
            "Adam at 1e-6, a steady sliver",
            rate_ratio=0.001,
            end_falling=True,
            end_spread=0.0001,
            peak_ratio=1.01,
            constant_loss=False,
        ),
        Example(
            "rate not logged, a steady sliver",
            end_falling=True,
            end_spread=0.0001,
            peak_ratio=1.01,
            constant_loss=False,
        ),
    ),
    stays_quiet=(
        Example(
            "usual rate",
            rate_ratio=1.0,
            end_falling=False,
            end_spread=0.001,
            peak_ratio=1.0,
            constant_loss=False,
        ),
        Example(
            "flat, rate not logged", end_falling=False, end_spread=0.0, peak_ratio=1.0, constant_loss=True
        ),
    ),
    source="Smith 2017, arXiv:1506.01186",
)
