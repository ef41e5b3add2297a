"""One cause, one file; the list is explicit, and its order is the order of the rules page."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.rules import (
    class_imbalance,
    insufficient_capacity,
    learning_rate_too_high,
    learning_rate_too_low,
    no_signal,
    too_few_steps,
)
from mlflow_bce_monitor.rules.rule import Example, NotAssessed, Outcome, Rule, RuledOut, Supported

RULES: Final[tuple[Rule, ...]] = (
    learning_rate_too_high.RULE,
    learning_rate_too_low.RULE,
    no_signal.RULE,
    class_imbalance.RULE,
    insufficient_capacity.RULE,
    too_few_steps.RULE,
)

BY_CODE: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}

__all__ = ["BY_CODE", "RULES", "Example", "NotAssessed", "Outcome", "Rule", "RuledOut", "Supported"]
