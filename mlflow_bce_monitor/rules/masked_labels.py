"""Masked labels: every token is left out of the loss, or nearly every one, so there is nothing to compare.

Source: the TRL documentation of ``DPOTrainer`` and ``KTOTrainer`` (huggingface.co/docs/trl/dpo_trainer)
on logps/*: sums over the tokens that are not masked. Over no tokens the sum is exactly 0.
"""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh

_HALF: Final = 0.5


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for log probabilities of exactly zero."""
    if not evidence["preference_loss"]:
        return RuledOut("no preference loss: no tokens are masked")
    return weigh(
        # Not all of them: a mask that takes most of the answers leaves as little to learn from.
        Piece("logps_not_zero", -3.0, "the log probabilities are not 0: some tokens count")
        if evidence.get("logps_zero") is False
        else None,
        Piece("logps_zero", 5.0, "the log probabilities are exactly 0")
        if evidence.get("logps_zero")
        else None,
        Piece(
            "ties",
            3.0,
            "the chosen answers have the larger reward in the mean and in less than half of the pairs: many tie",
        )
        if 0.0 < evidence.number_or("reward_accuracy", 1.0) < _HALF
        and evidence.number_or("reward_margin", 0.0) > 0.0
        else None,
        Piece("still", 0.5, "the loss does not move")
        if evidence.number_or("movement", 1.0) < limits.does_not_move
        else None,
    )


RULE = Rule(
    code="masked_labels",
    title="All labels are masked",
    explanation=(
        "The prompt fills the whole sequence, the answers are cut off, or the label mask is the wrong way round: no token of the answer "
        "counts. The log probabilities are sums over nothing, every margin is 0, and the loss is exactly ln 2 (DPO) or half of its weight (KTO)."
    ),
    advice="Decode one batch with its label mask; raise the maximum length or shorten the prompt until answer tokens are left.",
    remedy="print((batch['chosen_labels'] != -100).sum(-1))  # tokens that count, in each row",
    confused_with=("policy_equals_reference",),
    separated_by="logps/chosen and logps/rejected as metrics",
    prior=0.2,
    needs=("preference_loss",),
    uses=("logps_zero", "movement", "reward_accuracy", "reward_margin"),
    assess=assess,
    fires=(
        Example("log probabilities of 0", preference_loss=True, movement=0.0, logps_zero=True),
        Example("ties in most pairs", preference_loss=True, reward_accuracy=0.4, reward_margin=0.05),
        Example("one point of the loss", preference_loss=True, logps_zero=True),
    ),
    stays_quiet=(
        Example("an ordinary classifier", preference_loss=False, movement=0.0),
        Example("tokens count", preference_loss=True, movement=0.0, logps_zero=False),
    ),
    source="huggingface.co/docs/trl/dpo_trainer",
)
