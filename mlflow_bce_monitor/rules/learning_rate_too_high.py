"""Learning rate too high: the first steps overshoot and leave a constant output behind.

Source: measured with Keras 3, Adam at 1.0 on 1,000 rows: epoch 1 at 6.56 and 3.58, then a
constant output a little above ln 2 (docs/article.md). Goodfellow, Bengio and Courville
2016, "Deep Learning", section 11.4.1: above a certain rate the loss rises at once.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import MISTAKES, PENALTY, sheds_penalty
from mlflow_bce_monitor.rules.no_number import from_the_start
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, NoNumber, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import by_siblings_of_settings, lost_skill
from mlflow_bce_monitor.rules.weighing import times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Weigh the rate against the usual one, and the marks an overshoot leaves on the curve."""
    ratio = evidence.number("rate_ratio") if "rate_ratio" in evidence else None
    peak = evidence.number("peak_ratio")
    lost = lost_skill(evidence, limits)
    overshot = peak >= limits.overshoot or evidence["had_non_finite"]
    if ratio is not None and ratio <= limits.rate_usual_low and not overshot:
        return RuledOut(f"the learning rate is {times(ratio)} the usual one and nothing overshot")
    return weigh(
        _by_rate(ratio, limits),
        _by_peak(evidence, peak, limits),
        Piece("non_finite", 1.0, "the loss ends in NaN or infinity") if evidence["had_non_finite"] else None,
        Piece("restless", 1.0, "the loss ends above its chance level, where a flat output is kept moving")
        if limits.restless_skill < evidence.number("end_skill") < -limits.chance_band
        else None,
        Piece("lost", 0.8, "the loss was well below chance before and lost it") if lost else None,
        Piece("jumps", 0.7, "the loss jumps from point to point")
        if evidence.number("end_spread") > limits.restless_spread
        else None,
        Piece("calm", -1.5, "the loss starts at chance and never leaves it")
        if peak < limits.calm_peak and not lost and not _moves_far(evidence, limits)
        else None,
        Piece("common_excess", -1.5, "what the loss has above chance is a penalty's")
        if evidence.get("common_excess")
        else None,
        by_siblings_of_settings(evidence, "learning_rate", "optimizer"),
        _by_update(evidence, limits),
        _by_way(evidence, limits),
        Piece(
            "inside_large",
            -2.0,
            f"inputs of up to {evidence.number('inside_arriving_max'):.3g} reach the first weights, at a usual rate",
        )
        if evidence.number_or("inside_arriving_max", 0.0) >= limits.large_input
        and ratio is not None
        and ratio < limits.rate_above
        else None,
        *by_probes("learning_rate_too_high", evidence, limits),
    )


def assess_no_number(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Weigh the rate where the very first epoch ended in NaN."""
    return weigh(_by_rate(evidence.number("rate_ratio"), limits), from_the_start(1.0))


def _by_update(evidence: Evidence, limits: Limits) -> Piece | None:
    if sheds_penalty(evidence, limits):
        return Piece("inside_shed", -1.5, "a penalty stood on top of the loss and has shrunk the weights")
    change = evidence.number_or("inside_update_ratio", 0.0)
    if change < limits.huge_update:
        return None
    clause = f"the last epoch changed the weights by {change:.0%} of their size"
    return Piece("inside_huge_update", 2.0, clause)


def _moves_far(evidence: Evidence, limits: Limits) -> bool:
    """Whether the weights ended several times their first size away from where they began."""
    return evidence.number_or("inside_moved", 0.0) >= limits.far_moved_weights


def _by_way(evidence: Evidence, limits: Limits) -> Piece | None:
    if not _moves_far(evidence, limits) or sheds_penalty(evidence, limits):
        return None
    far = evidence.number("inside_moved")
    clause = f"the training took the weights {times(far)} their first size away from where they began"
    if far >= limits.thrown_weights:
        return Piece("inside_thrown", 3.0, clause)
    return Piece("inside_moved_far", 1.0, clause)


def _by_rate(ratio: float | None, limits: Limits) -> Piece | None:
    if ratio is None:
        return None
    clause = f"the learning rate is {times(ratio)} the usual one for the optimizer"
    if ratio >= limits.rate_far_above:
        return Piece("rate_far_above", 4.0, clause)
    if ratio >= limits.rate_above:
        return Piece("rate_above", 2.0, clause)
    if ratio <= limits.rate_usual_high:
        return Piece("rate_usual", -2.0, "the learning rate is usual")
    return Piece("rate_somewhat_above", 0.0, clause)


def _by_peak(evidence: Evidence, peak: float, limits: Limits) -> Piece | None:
    if sheds_penalty(evidence, limits) and evidence.number("spike_count") == 0:
        return None
    if peak >= limits.overshoot:
        first = evidence.number("first_ratio") >= limits.overshoot
        where = "the first point" if first else "a spike"
        return Piece(
            "thrown_first" if first else "thrown_later",
            1.5,
            f"{where} stands at {times(peak)} the loss of predicting 0.5",
        )
    if evidence.number("spike_count") > 0:
        return Piece("spikes", 0.7, f"{evidence.number('spike_count'):.0f} spikes")
    return None


RULE = Rule(
    code="learning_rate_too_high",
    title="Learning rate too high",
    explanation=(
        "The first updates throw the weights so far that the hidden units saturate or die. What is left is the "
        "output's bias: one prediction for everything, and a loss at its chance level or a little above it, "
        "because the large steps keep moving the bias."
    ),
    advice="Lower the learning rate to the optimizer's usual one (Adam 1e-3, SGD 1e-2), and start anew from fresh weights.",
    remedy='model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")',
    remedy_torch="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
    confused_with=("dead_relu", "unscaled_inputs"),
    separated_by="the learning rate as a param, and the loss of single steps of the first epoch",
    prior=1.5,
    needs=(
        "peak_ratio",
        "first_ratio",
        "had_non_finite",
        "end_skill",
        "end_spread",
        "spike_count",
    ),
    uses=(
        "rate_ratio",
        "held_skill",
        "common_excess",
        "sibling_changed",
        "siblings_varied",
        "inside_update_ratio",
        "inside_moved",
        *PENALTY,
        *MISTAKES,
        "inside_arriving_max",
        *facts_for("learning_rate_too_high"),
    ),
    assess=assess,
    no_number=NoNumber(("rate_ratio",), assess_no_number),
    fires=(
        Example(
            "Adam at 1.0: a first epoch at 6.56, then a constant output above ln 2",
            rate_ratio=1000.0,
            peak_ratio=9.4,
            first_ratio=9.4,
            end_skill=-0.05,
            held_skill=-0.01,
            end_spread=0.02,
            spike_count=0,
            had_non_finite=False,
        ),
        Example(
            "rate not logged, but the curve overshot and came back to chance",
            peak_ratio=5.0,
            first_ratio=1.0,
            end_skill=0.0,
            held_skill=0.2,
            end_spread=0.01,
            spike_count=2,
            had_non_finite=False,
        ),
    ),
    stays_quiet=(
        Example(
            "usual rate, calm curve",
            rate_ratio=1.0,
            peak_ratio=1.01,
            first_ratio=1.01,
            end_skill=0.0,
            held_skill=0.0,
            end_spread=0.001,
            spike_count=0,
            had_non_finite=False,
        ),
        Example(
            "rate a thousand times too low",
            rate_ratio=0.001,
            peak_ratio=1.0,
            first_ratio=1.0,
            end_skill=0.0,
            held_skill=0.0,
            end_spread=0.0,
            spike_count=0,
            had_non_finite=False,
        ),
    ),
    source="docs/article.md; Goodfellow, Bengio and Courville 2016, Deep Learning, section 11.4.1",
)
