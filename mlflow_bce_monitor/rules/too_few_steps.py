"""Too few steps: the run ended before the optimizer could have got anywhere.

Source: Keskar et al. 2017, arXiv:1609.04836, on few large-batch updates; measured on the
scenarios: the learnable ones leave chance within some hundred updates of Adam at 1e-3
(docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import Piece, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Count the updates, and look whether the loss was still on its way."""
    updates = evidence.number("n_updates")
    if updates >= limits.many_updates:
        return RuledOut(f"{updates:.0f} updates are enough to leave chance")
    # A training loss that falls alone is memorising; more of that is no remedy.
    falling = evidence["end_falling"] and evidence.get("validation_falling", True)
    return weigh(
        _by_updates(updates, limits),
        Piece(0.7, "the loss was still falling when the run ended")
        if falling
        else Piece(-0.7, "the loss was not falling when the run ended"),
    )


def _by_updates(updates: float, limits: Limits) -> Piece:
    if updates <= limits.very_few_updates:
        return Piece(2.5, f"only {updates:.0f} updates were made")
    if updates <= limits.few_updates:
        return Piece(1.0, f"only {updates:.0f} updates were made")
    return Piece(-1.5, f"{updates:.0f} updates were made")


RULE = Rule(
    code="too_few_steps",
    title="Too few training steps",
    explanation=(
        "A handful of updates cannot move a network far from where it started, whatever the data. Small data sets with "
        "large batches get there unnoticed: 500 rows in batches of 256 for 10 epochs are 20 updates."
    ),
    advice="Train longer or with smaller batches, until the loss has had some hundred updates.",
    remedy="model.fit(x_train, y_train, epochs=100, batch_size=32)",
    confused_with=("learning_rate_too_low", "vanishing_gradients"),
    separated_by="the same run with ten times the epochs",
    prior=0.6,
    needs=("n_updates", "end_falling"),
    uses=("validation_falling",),
    assess=assess,
    fires=(Example("20 updates", n_updates=20, end_falling=True),),
    stays_quiet=(
        Example("20,000 updates", n_updates=20_000, end_falling=False),
        Example("500 updates, flat", n_updates=500, end_falling=False),
    ),
    source="Keskar et al. 2017, arXiv:1609.04836; docs/article.md",
)
