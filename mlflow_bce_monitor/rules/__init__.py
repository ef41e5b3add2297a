"""One cause, one file; the list is explicit, and its order is the order of the rules page."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules import (
    adversarial_equilibrium,
    class_imbalance,
    constant_inputs,
    dead_relu,
    frozen_parameters,
    insufficient_capacity,
    learning_rate_too_high,
    learning_rate_too_low,
    masked_labels,
    no_signal,
    output_loss_mismatch,
    over_regularization,
    policy_equals_reference,
    too_few_rows,
    too_few_steps,
    unscaled_inputs,
    vanishing_gradients,
    zero_initialization,
)
from mlflow_bce_monitor.rules.rule import Example, NotAssessed, Outcome, Rule, RuledOut, Supported

RULES: Final[tuple[Rule, ...]] = (
    learning_rate_too_high.RULE,
    learning_rate_too_low.RULE,
    no_signal.RULE,
    class_imbalance.RULE,
    insufficient_capacity.RULE,
    too_few_steps.RULE,
    too_few_rows.RULE,
    unscaled_inputs.RULE,
    output_loss_mismatch.RULE,
    over_regularization.RULE,
    dead_relu.RULE,
    vanishing_gradients.RULE,
    zero_initialization.RULE,
    frozen_parameters.RULE,
    constant_inputs.RULE,
    policy_equals_reference.RULE,
    masked_labels.RULE,
    adversarial_equilibrium.RULE,
)

BY_CODE: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}

__all__ = ["BY_CODE", "RULES", "Example", "NotAssessed", "Outcome", "Rule", "RuledOut", "Supported"]
