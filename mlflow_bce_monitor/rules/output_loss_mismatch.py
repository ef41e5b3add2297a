"""Output and loss do not match: the wrong activation, the wrong labels, logits taken for probabilities.

Source: the Keras documentation of ``BinaryCrossentropy`` (from_logits); measured with Keras
3.15: a one-unit softmax trains under it while every prediction is 1.0, and probabilities
outside (0, 1) are clipped at 1e-7, which costs 15.9 to 16.1 nats for each wrong label.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a loss that contradicts the predictions, or one that stands where clipping puts it."""
    skill = evidence.number("end_skill")
    inside = _by_head(evidence, limits)
    if isinstance(inside, RuledOut):
        return inside
    return weigh(
        *inside,
        Piece("negative", 6.0, "the loss falls below zero: labels are not 0 and 1")
        if evidence["negative_loss"]
        else None,
        Piece(
            "one_class",
            4.0,
            "the loss is far below chance while the accuracy is that of one class for everything",
        )
        if skill > limits.inconsistent_skill and evidence.get("accuracy_constant")
        else None,
        _by_clipping(evidence, limits),
        Piece("stuck_high", 1.5, "the loss stands far above chance from its first point on, without moving")
        if evidence.number("end_ratio") > limits.far_above
        and abs(evidence.number("total_fall")) < limits.clear_skill
        else None,
        Piece("repeats_high", 1.5, "it repeats one value to the digit there, as clipped predictions do")
        if evidence.number("end_ratio") > limits.far_above and evidence["constant_loss"]
        else None,
        Piece("at_chance", -2.0, "the loss is at chance, where a mismatch seldom leaves it")
        if abs(skill) <= limits.chance_band
        else None,
        Piece("common_excess", -2.0, "what the loss has above chance is a penalty's")
        if evidence.get("common_excess") and evidence["end_falling"]
        else None,
        *by_probes("output_loss_mismatch", evidence, limits),
    )


def _by_head(evidence: Evidence, limits: Limits) -> tuple[Piece, ...] | RuledOut:
    """Compare labels, output layer and loss function with one another, where the callback saw them."""
    labels = evidence.get("inside_labels")
    pieces: list[Piece] = []
    if labels is not None and not set(str(labels).split()) <= {"0", "1"}:
        pieces.append(Piece("inside_labels", 8.0, f"the labels are {labels}, not 0 and 1"))
    gap = abs(evidence.number_or("inside_compiled_gap", 0.0))
    if gap > limits.other_loss:
        clause = f"the loss and the cross-entropy of the same predictions differ by {gap:.2f} nats"
        pieces.append(Piece("inside_gap", 2.0, clause))
    activation, units = evidence.get("inside_activation"), evidence.number_or("inside_units", 1.0)
    from_logits = evidence.get("inside_from_logits")
    if activation is None or from_logits is None:
        return tuple(pieces)
    fault = _fault_of_head(str(activation), int(units), bool(from_logits))
    if fault is not None:
        pieces.append(Piece("inside_head", 8.0, fault))
    elif not pieces and labels is not None and gap < limits.same_loss:
        return RuledOut("labels, output layer and loss function fit one another")
    return tuple(pieces)


def _fault_of_head(activation: str, units: int, from_logits: bool) -> str | None:  # noqa: FBT001 - a fact
    """Say what is wrong with an output layer under a cross-entropy, None when nothing is."""
    if activation == "softmax" and units == 1:
        return "a softmax over one unit is 1 for every row"
    if activation in ("sigmoid", "softmax"):
        return None  # Keras takes the logits behind them, whatever from_logits says
    if activation == "linear":
        return (
            None if from_logits else "the output has no activation, and the loss takes it for a probability"
        )
    return f"the output's activation is {activation}, which gives no probability"


def _by_clipping(evidence: Evidence, limits: Limits) -> Piece | None:
    """Compare the loss with the error rate times the cost of one clipped, certain, wrong prediction."""
    error = evidence.number_or("error_rate", 0.0)
    if error <= 0:
        return None
    cost = evidence.number("end_level") / error
    if limits.clipped_cost_low <= cost <= limits.clipped_cost_high:
        return Piece(
            "clipped",
            3.0,
            f"the loss is {cost:.1f} times the error rate: certain predictions, clipped at 1e-7",
        )
    return None


RULE = Rule(
    code="output_loss_mismatch",
    title="Output and loss do not match",
    explanation=(
        "The last layer gives something else than the loss expects: a softmax over one unit (always 1.0), a linear or ReLU output "
        "taken as a probability, labels of -1 and 1, the sigmoid applied twice. The loss may even fall while the predictions say nothing."
    ),
    advice="Use Dense(1, activation='sigmoid') with binary_crossentropy and labels 0 and 1, or a linear output with from_logits=True.",
    remedy='layers.Dense(1, activation="sigmoid")',
    confused_with=("unscaled_inputs", "learning_rate_too_high"),
    separated_by="the smallest, mean and largest prediction on one batch, and the set of label values",
    prior=0.5,
    needs=("end_skill", "end_level", "end_ratio", "total_fall", "end_falling", "negative_loss"),
    uses=(
        "accuracy_constant",
        "common_excess",
        "error_rate",
        "constant_loss",
        "inside_labels",
        "inside_compiled_gap",
        "inside_activation",
        "inside_units",
        "inside_from_logits",
        *facts_for("output_loss_mismatch"),
    ),
    assess=assess,
    fires=(
        Example(
            "one-unit softmax",
            end_skill=0.6,
            end_level=0.28,
            accuracy_constant=True,
            end_ratio=0.5,
            total_fall=0.5,
            end_falling=False,
            negative_loss=False,
        ),
        Example(
            "clipped certainties",
            end_skill=-10.5,
            end_level=7.97,
            error_rate=0.5,
            constant_loss=True,
            end_ratio=11.5,
            total_fall=0.0,
            end_falling=False,
            negative_loss=False,
        ),
    ),
    stays_quiet=(
        Example(
            "at chance",
            end_skill=0.0,
            end_level=0.693,
            end_ratio=1.0,
            total_fall=0.0,
            end_falling=False,
            negative_loss=False,
        ),
    ),
    source="keras.io/api/losses/probabilistic_losses; docs/article.md",
)
