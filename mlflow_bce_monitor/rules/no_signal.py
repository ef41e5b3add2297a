"""No signal: the labels do not depend on the inputs, so there is nothing to learn.

Source: Zhang et al. 2017, "Understanding deep learning requires rethinking
generalization", arXiv:1611.03530: networks fit random labels, on the training data only.
Measured here on the published scenarios (docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import Piece, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a model that is alive and finds nothing that holds on other data."""
    if "validation_auc" in evidence and evidence.number("validation_auc") >= limits.auc_contradiction:
        area = evidence.number("validation_auc")
        return RuledOut(f"the validation AUC of {area:.2f} shows signal")
    if evidence.number_or("best_validation_skill", 0.0) > limits.clear_skill:
        return RuledOut("the validation loss was well below chance once")
    return weigh(
        _by_memorising(evidence, limits),
        _by_ranking(evidence, limits),
        _by_settings(evidence, limits),
        Piece(-2.0, "every input gets the same prediction, where a live model would fit noise")
        if evidence.get("constant_output")
        else None,
        Piece(-1.5, "the loss repeats one value to the digit: the model is not moving at all")
        if evidence["constant_loss"]
        else None,
    )


def _by_memorising(evidence: Evidence, limits: Limits) -> Piece | None:
    """Look for the mark of noise being fitted: a training loss that falls beside a validation loss that does not."""
    if "validation_skill" not in evidence:
        return None
    held_back = evidence.number("validation_skill")
    gap = evidence.number("end_skill") - held_back
    if held_back > limits.chance_band:
        return Piece(-1.5, f"validation skill {held_back:.2f}")
    if gap > limits.memorising_gap:
        return Piece(
            2.0, f"the training loss falls {gap:.0%} of chance below the validation loss, which gains nothing"
        )
    return None


def _by_ranking(evidence: Evidence, limits: Limits) -> Piece | None:
    if "validation_auc" not in evidence:
        return None
    area = evidence.number("validation_auc")
    if area >= limits.auc_with_signal:
        return Piece(-1.5, f"validation AUC {area:.2f}")
    return Piece(0.7 if area < limits.auc_at_chance else 0.0, f"validation AUC {area:.2f}")


def _by_settings(evidence: Evidence, limits: Limits) -> Piece | None:
    """Rates and widths that usually work leave the data as the suspect."""
    usual_rate = "rate_ratio" in evidence and (
        limits.rate_usual_low <= evidence.number("rate_ratio") <= limits.rate_usual_high
    )
    if not usual_rate:
        return None
    if "narrowest_layer" in evidence and evidence.number("narrowest_layer") <= limits.narrow_layer:
        return None
    return Piece(0.7, "the learning rate is usual")


RULE = Rule(
    code="no_signal",
    title="Labels carry no signal",
    explanation=(
        "The labels do not depend on the inputs the model gets: random labels, rows shuffled apart from their labels, "
        "a join gone wrong, features without the information. A large model memorises the training rows; on other "
        "rows every model stays at chance, and no change to the training helps."
    ),
    advice="Check that rows and labels belong together and that some feature relates to the label; no training setting can help.",
    remedy=(
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.model_selection import cross_val_score\n"
        'print(cross_val_score(RandomForestClassifier(), X, y, scoring="roc_auc"))  # about 0.5: no signal'
    ),
    confused_with=("insufficient_capacity", "learning_rate_too_low", "constant_inputs"),
    separated_by="the validation AUC, and a cross-validated reference model on the same rows",
    prior=1.0,
    needs=("end_skill", "constant_loss"),
    uses=(
        "constant_output",
        "validation_skill",
        "best_validation_skill",
        "validation_auc",
        "rate_ratio",
        "narrowest_layer",
    ),
    assess=assess,
    fires=(
        Example(
            "random labels, 128 units: training loss falls, validation loss does not",
            end_skill=0.08,
            constant_loss=False,
            validation_skill=-0.05,
            best_validation_skill=0.0,
            validation_auc=0.51,
            rate_ratio=1.0,
            narrowest_layer=128,
        ),
    ),
    stays_quiet=(
        Example(
            "validation data are ranked well",
            end_skill=0.0,
            constant_loss=False,
            validation_skill=0.0,
            best_validation_skill=0.01,
            validation_auc=0.85,
        ),
        Example("a loss that does not move at all", end_skill=0.0, constant_loss=True),
    ),
    source="Zhang et al. 2017, arXiv:1611.03530; docs/article.md",
)
