"""Output and loss do not match: the wrong activation, the wrong labels, logits taken for probabilities.

Source: the Keras documentation of ``BinaryCrossentropy`` (from_logits); measured with Keras
3.15: on TensorFlow a one-unit softmax trains under it while every prediction is 1.0, since the backend
takes the logits behind the activation; with a sigmoid it does so even if from_logits=True, unless a
reshaping or a sigmoid of one's own hides them. JAX takes outputs as they are: there the loss of that softmax
stands, and from_logits=True applies the sigmoid twice. Probabilities outside (0, 1) are clipped at
1e-7, which costs 15.9 to 16.1 nats for each wrong label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence, FactValue
from mlflow_bce_monitor.evidence.labels import wrong_labels
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.no_number import from_the_start
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, NoNumber, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh

_PROBABILITIES: Final = ("sigmoid", "softmax", "hard_sigmoid")
_NO_LOGITS: Final = ("relu", "relu6", "tanh", "hard_tanh", "softsign", "softplus", "exponential")
"""Activations that give probabilities, and those that cannot give logits of both signs and any size."""

UNKNOWN: Final = "unknown"
"""What the callback says of an output whose activation does not show."""


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
        if evidence.number("end_ratio") > limits.far_above and evidence.get("constant_loss", False)
        else None,
        Piece("at_chance", -2.0, "the loss is at chance, where a mismatch seldom leaves it")
        if abs(skill) <= limits.chance_band
        else None,
        Piece("common_excess", -2.0, "what the loss has above chance is a penalty's")
        if evidence.get("common_excess") and evidence["end_falling"]
        else None,
        *by_probes("output_loss_mismatch", evidence, limits),
    )


def assess_no_number(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Compare labels, output layer and loss where the very first epoch ended in NaN."""
    inside = _by_head(evidence, limits)
    return inside if isinstance(inside, RuledOut) else weigh(*inside, from_the_start(0.5))


def _by_head(evidence: Evidence, limits: Limits) -> tuple[Piece, ...] | RuledOut:
    """Compare labels, output layer and loss function with one another, where the callback saw them."""
    wrong = _by_labels(evidence)
    gap = _unexplained_gap(evidence)
    clause = f"the loss and the cross-entropy of the same predictions differ by {abs(gap):.2f} nats"
    differs = Piece("inside_gap", 2.0, clause) if abs(gap) > limits.other_loss else None
    fault = _by_output(evidence, limits)
    pieces = tuple(piece for piece in (wrong, differs, fault) if piece is not None)
    known = "inside_labels" in evidence and "inside_from_logits" in evidence
    if known and not pieces and evidence.get("inside_activation") != UNKNOWN and abs(gap) < limits.same_loss:
        return RuledOut("labels, output layer and loss function fit one another")
    return pieces


def _by_labels(evidence: Evidence) -> Piece | None:
    values = wrong_labels(evidence)
    if not values:
        return None
    several = len(str(evidence["inside_labels"]).split()) > 2  # noqa: PLR2004 - two classes
    rest = " (more classes take a softmax unit each, and sparse_categorical_crossentropy)" if several else ""
    return Piece("inside_labels", 8.0, f"the labels are {values}, not 0 and 1{rest}")


def _unexplained_gap(evidence: Evidence) -> float:
    """Return the compiled loss above the recomputed one, 0 where clipping may be all there is to it.

    Recomputing from certain predictions costs 16.1 nats at most, the loss of their logits any number.
    """
    gap = evidence.number_or("inside_compiled_gap", 0.0)
    return 0.0 if gap > 0.0 and evidence.number_or("inside_certain", 0.0) > 0.0 else gap


def _by_output(evidence: Evidence, limits: Limits) -> Piece | None:
    """Say what is wrong with an output layer under a cross-entropy, None when nothing is known to be."""
    activation, from_logits = evidence.get("inside_activation"), evidence.get("inside_from_logits")
    if activation in (None, UNKNOWN) or from_logits is None:
        return None
    if activation == "softmax" and evidence.number_or("inside_units", 1.0) == 1.0:
        return Piece("inside_head", 8.0, "a softmax over one unit is 1 for every row")
    if activation in _PROBABILITIES:
        return _by_reading(evidence, limits) if from_logits else None
    clause = _why_no_logits(str(activation)) if from_logits else _why_no_probability(str(activation))
    return Piece("inside_head", 8.0, clause) if clause else None


def _by_reading(evidence: Evidence, limits: Limits) -> Piece | None:
    """Tell a sigmoid that the loss applies again from one that the backend undoes, which is harmless."""
    if evidence.get("inside_read_as") != "logits":
        return None
    clause = "the output is a sigmoid's, and the loss takes it for logits: the sigmoid is applied twice"
    least, chance = _least_loss_of_two_sigmoids(evidence), _chance_level(evidence)
    if least is not None and chance is not None and least >= chance * (1.0 - limits.unvalidated_band):
        return Piece("inside_bounded", 8.0, f"{clause}, and no predictions bring it below {least:.3f}")
    return Piece("inside_twice", 5.0, clause)  # which slows the learning and bounds it


_LEAST_OF_POSITIVE: Final = math.log1p(math.exp(-1.0))
_LEAST_OF_NEGATIVE: Final = math.log(2.0)
"""What a row costs at best, in nats, when its probability goes through a sigmoid again: at 1, and at 0."""


def _least_loss_of_two_sigmoids(evidence: Evidence) -> float | None:
    """Return the loss of perfect predictions through a second sigmoid, None where the shares are unknown."""
    if "inside_positive_share" not in evidence or evidence.get("inside_sample_weight"):
        return None
    share = evidence.number("inside_positive_share")
    positive = share * evidence.number_or("inside_positive_weight", 1.0) * _LEAST_OF_POSITIVE
    return positive + (1.0 - share) * evidence.number_or("inside_negative_weight", 1.0) * _LEAST_OF_NEGATIVE


def _chance_level(evidence: Evidence) -> float | None:
    left = 1.0 - evidence.number("end_skill")
    return evidence.number("end_level") / left if left > 0.0 and evidence.get("share_known") else None


def _why_no_logits(activation: str) -> str:
    if activation not in _NO_LOGITS:
        return ""
    return f"the output's activation is {activation}, which leaves no room for logits of every size"


def _why_no_probability(activation: str) -> str:
    if activation == "linear":
        return "nothing keeps the output between 0 and 1, and the loss takes it for a probability"
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


_AT_CHANCE: Final[Mapping[str, FactValue]] = {
    "end_skill": 0.0,
    "end_level": 0.693,
    "end_ratio": 1.0,
    "total_fall": 0.0,
    "end_falling": False,
    "negative_loss": False,
}

RULE = Rule(
    code="output_loss_mismatch",
    title="Output and loss do not match",
    explanation=(
        "The last layer gives something else than the loss expects: a softmax over one unit (always 1.0), a linear or ReLU output "
        "taken as a probability, labels of -1 and 1 or 1 and 2, the sigmoid applied twice. The loss may even fall while the predictions say nothing."
    ),
    advice="Use Dense(1, activation='sigmoid') with binary_crossentropy and labels 0 and 1, or a linear output with from_logits=True.",
    remedy='layers.Dense(1, activation="sigmoid")',
    remedy_torch="model = torch.nn.Sequential(body, torch.nn.Linear(64, 1))  # logits, no sigmoid\ncriterion = torch.nn.BCEWithLogitsLoss()  # labels 0.0 and 1.0",
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
        "inside_loss",
        "inside_compiled_gap",
        "inside_certain",
        "inside_activation",
        "inside_units",
        "inside_from_logits",
        "inside_read_as",
        "inside_positive_share",
        "inside_positive_weight",
        "inside_negative_weight",
        "inside_sample_weight",
        "share_known",
        *facts_for("output_loss_mismatch"),
    ),
    assess=assess,
    no_number=NoNumber(("inside_labels",), assess_no_number),
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
        Example("labels -1 and 1", **_AT_CHANCE, inside_loss="binary_crossentropy", inside_labels="-1 1"),
        Example("a ReLU output", **_AT_CHANCE, inside_activation="relu", inside_from_logits=False),
        Example(
            "a sigmoid applied twice on labels of which 20 % are positive",
            end_skill=-0.4,
            end_level=0.703,
            end_ratio=1.0,
            total_fall=0.3,
            end_falling=False,
            negative_loss=False,
            share_known=True,
            inside_positive_share=0.2,
            inside_activation="sigmoid",
            inside_from_logits=True,
            inside_read_as="logits",
        ),
        Example(
            "a sigmoid applied twice",
            **_AT_CHANCE,
            inside_activation="sigmoid",
            inside_from_logits=True,
            inside_read_as="logits",
        ),
    ),
    stays_quiet=(
        Example("at chance", **_AT_CHANCE),
        Example(
            "a sigmoid that the backend undoes",
            **_AT_CHANCE,
            inside_activation="sigmoid",
            inside_from_logits=True,
            inside_read_as="probability",
        ),
        Example("soft labels", **_AT_CHANCE, inside_loss="binary_crossentropy", inside_labels="0 fraction 1"),
        Example(
            "labels -1 and 1 of a loss of one's own", **_AT_CHANCE, inside_loss="margin", inside_labels="-1 1"
        ),
        Example("a layer of one's own", **_AT_CHANCE, inside_activation="unknown", inside_from_logits=False),
        Example("certain predictions, clipped", **_AT_CHANCE, inside_compiled_gap=3.9, inside_certain=0.8),
    ),
    source="keras.io/api/losses/probabilistic_losses; docs/article.md",
)
