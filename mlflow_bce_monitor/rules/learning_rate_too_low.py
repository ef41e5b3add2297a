"""Learning rate too low: every step goes the right way and none goes far enough.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks",
arXiv:1506.01186: below a range of rates the loss does not move within the budget.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import Piece, times, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Weigh the rate against the usual one, and the steadiness of the fall."""
    ratio = evidence.number("rate_ratio") if "rate_ratio" in evidence else None
    if ratio is not None and ratio >= limits.rate_usual_high:
        return RuledOut(f"the learning rate is {times(ratio)} the usual one")
    if evidence.number("peak_ratio") >= limits.overshoot and ratio is None:
        return RuledOut("small steps cannot throw the loss that far above chance")
    steady = bool(evidence["end_falling"]) and evidence.number("end_spread") < limits.restless_spread
    return weigh(
        _by_rate(ratio, limits),
        Piece(1.2, "the loss falls steadily and by little") if steady else None,
        Piece(-0.7, "the loss does not fall") if not evidence["end_falling"] and ratio is None else None,
        Piece(-1.0, "the loss repeats one value to the digit")
        if evidence["constant_loss"] and ratio is None
        else None,
    )


def _by_rate(ratio: float | None, limits: Limits) -> Piece | None:
    if ratio is None:
        return None
    clause = f"the learning rate is {times(ratio)} the usual one for the optimizer"
    if ratio <= limits.rate_far_below:
        return Piece(4.0, clause)
    if ratio <= limits.rate_below:
        return Piece(2.0, clause)
    if ratio >= limits.rate_usual_low:
        return Piece(-2.0, "the learning rate is usual")
    return None


RULE = Rule(
    code="learning_rate_too_low",
    title="Learning rate too low",
    explanation=(
        "The steps are so small that the run ends before the loss has moved. The curve is smooth, often falling "
        "by a steady sliver, and a longer run would get there in the end."
    ),
    advice="Raise the learning rate by factors of ten up to the optimizer's usual one (Adam 1e-3, SGD 1e-2).",
    remedy='model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")',
    confused_with=("frozen_parameters", "vanishing_gradients", "too_few_steps"),
    separated_by="the learning rate in force as a metric each epoch, and the gradient norm",
    prior=1.0,
    needs=("end_falling", "end_spread", "peak_ratio", "constant_loss"),
    uses=("rate_ratio",),
    assess=assess,
    fires=(
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
