"""Policy equals reference: a preference loss of exactly ln 2, or KTO's 0.5, because every margin is zero.

Source: Rafailov et al. 2023, "Direct Preference Optimization", arXiv:2305.18290, eq. 7: the
loss is -ln sigmoid(beta * difference of log ratios), which is ln 2 where both models agree.
Ethayarajh et al. 2024, "KTO", arXiv:2402.01306, eq. 7 and 8: the loss is 1 - sigmoid(reward - KL),
which is 0.5 there.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look at the margin: exactly zero says the two models are one."""
    if not evidence["preference_loss"]:
        return RuledOut("no preference loss: no reference is involved")
    if evidence.get("logps_zero", False):
        return RuledOut("the log probabilities are exactly 0: no token counts, whatever the policy")
    margin = abs(evidence.number("reward_margin")) if "reward_margin" in evidence else None
    first_steps = evidence.number("n_points") <= limits.preference_first_points
    moved = margin is not None and margin > limits.zero_margin
    if moved and not first_steps:
        return RuledOut(f"the reward margin is {margin:.2g}, so the policy has left its reference")
    if margin is not None and margin > 0.0 and not first_steps:
        return weigh(Piece("creeps", -1.0, f"the reward margin of {margin:.1g} is small, and not 0"))
    return weigh(
        Piece("no_margin", 2.5, "the reward margin is 0") if margin is not None and not moved else None,
        Piece("first_steps", 1.0, "these are the first steps, where the policy still is its reference")
        if first_steps
        else None,
        Piece("at_start", 1.5, "the loss is that of a margin of 0 to the digit")
        if evidence.number("start_off_untrained") < limits.zero_start
        else None,
    )


RULE = Rule(
    code="policy_equals_reference",
    title="The policy equals its reference",
    explanation=(
        "DPO, KTO and their kin compare the policy with a reference. At the start they are the same model, every margin is 0 and the "
        "loss is exactly ln 2 (DPO) or half of its weight (KTO): normal for the first steps. If it stays so, the policy does not move: the reference shares its weights, the "
        "adapter is not trainable, beta is 0, or the learning rate is next to nothing."
    ),
    advice="In the first steps: wait. Later: give the reference its own frozen copy, check that the policy's weights are trainable and beta > 0.",
    remedy="ref_model = copy.deepcopy(model)  # before training; its parameters stay frozen",
    confused_with=("masked_labels", "learning_rate_too_low", "frozen_parameters"),
    separated_by="logps/chosen and the gradient norm: zero log probabilities mean masked labels, a zero gradient a shared reference",
    prior=0.5,
    needs=("preference_loss", "start_off_untrained", "n_points"),
    uses=("logps_zero", "reward_margin"),
    assess=assess,
    fires=(
        Example(
            "DPO at margin 0", preference_loss=True, start_off_untrained=0.0, n_points=100, reward_margin=0.0
        ),
    ),
    stays_quiet=(
        Example("an ordinary classifier", preference_loss=False, start_off_untrained=0.0, n_points=100),
        Example(
            "a margin that grew",
            preference_loss=True,
            start_off_untrained=0.0,
            n_points=100,
            reward_margin=0.4,
        ),
    ),
    source="Rafailov et al. 2023, arXiv:2305.18290; Ethayarajh et al. 2024, arXiv:2402.01306",
    normal=True,
)
