"""Too few steps: the run ended before the optimizer could have got anywhere.

Source: Keskar et al. 2017, arXiv:1609.04836, on few large-batch updates; measured on the
scenarios: the learnable ones leave chance within some hundred updates of Adam at 1e-3
(docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    LIFE,
    by_life,
    by_siblings_of_settings,
    falls_steadily,
    memorises,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Count the updates, and look whether the loss was still on its way."""
    # A training loss that falls alone is memorising; more of that is no remedy.
    falling = evidence["end_falling"] and evidence.get("validation_falling", True)
    return weigh(
        _by_updates(evidence, limits),
        Piece("falls", 0.7, "the loss was still falling when the run ended")
        if falling
        else Piece("flat", -0.7, "the loss was not falling when the run ended"),
        Piece("steady", 0.7, "it fell steadily") if falls_steadily(evidence, limits) else None,
        Piece("repeats", -2.0, "the loss repeats one value to the digit")
        if evidence["constant_loss"]
        else None,
        Piece("thrown", -1.5, "the loss was thrown far above chance")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        Piece("memorises", -1.5, "training rows are fitted better than others: there was time enough")
        if memorises(evidence, limits)
        else None,
        Piece("one_prediction", -1.0, "every input gets the same prediction")
        if evidence.get("constant_output")
        else None,
        by_siblings_of_settings(evidence, "epochs", "batch_size"),
        by_life(evidence, limits),
        *by_probes("too_few_steps", evidence, limits),
    )


def _by_updates(evidence: Evidence, limits: Limits) -> Piece | None:
    if "n_updates" not in evidence:
        return _by_epochs(evidence, limits)
    updates = evidence.number("n_updates")
    clause = f"{updates:,.0f} updates were made"
    if updates <= limits.very_few_updates:
        return Piece("very_few", 2.5, f"only {clause}")
    if updates <= limits.few_updates:
        return Piece("few", 1.0, f"only {clause}")
    if updates < limits.many_updates:
        return Piece("enough", -1.0, clause)
    return Piece("many", -2.5, clause)


def _by_epochs(evidence: Evidence, limits: Limits) -> Piece | None:
    if "n_epochs" not in evidence:
        return None
    epochs = evidence.number("n_epochs")
    clause = f"{epochs:.0f} epochs, of an unknown number of updates"
    return Piece("few_epochs", 0.5, clause) if epochs <= limits.few_epochs else Piece("epochs", -0.7, clause)


RULE = Rule(
    code="too_few_steps",
    title="Too few training steps",
    explanation=(
        "A handful of updates cannot move a network far from where it started, whatever the data. Small data sets with "
        "large batches get there unnoticed: 500 rows in batches of 256 for 10 epochs are 20 updates."
    ),
    advice="Train longer or with smaller batches, until the loss has had some hundred updates.",
    remedy="model.fit(x_train, y_train, epochs=100, batch_size=32)",
    remedy_torch="loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)\nfor epoch in range(100):\n    train_one_epoch(model, loader)",
    confused_with=("learning_rate_too_low", "vanishing_gradients"),
    separated_by="the same run with ten times the epochs",
    prior=0.6,
    needs=("end_falling", "constant_loss", "peak_ratio"),
    uses=(
        *COURSE,
        "validation_falling",
        "constant_output",
        "n_updates",
        "n_epochs",
        "end_spread",
        "fit_gap",
        "sibling_changed",
        "siblings_varied",
        *LIFE,
        *facts_for("too_few_steps"),
    ),
    assess=unless_learned_before(assess),
    fires=(Example("20 updates", n_updates=20, end_falling=True, constant_loss=False, peak_ratio=1.0),),
    stays_quiet=(
        Example("20,000 updates", n_updates=20_000, end_falling=False, constant_loss=False, peak_ratio=1.0),
        Example("500 updates, flat", n_updates=500, end_falling=False, constant_loss=False, peak_ratio=1.0),
    ),
    source="Keskar et al. 2017, arXiv:1609.04836; docs/article.md",
)
