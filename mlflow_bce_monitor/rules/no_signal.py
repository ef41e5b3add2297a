"""No signal: the labels do not depend on the inputs, so there is nothing to learn.

Source: Zhang et al. 2017, "Understanding deep learning requires rethinking
generalization", arXiv:1611.03530: networks fit random labels, on the training data only.
Measured here on the published scenarios (docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import LITTLE_SIGNAL, REFERENCE, SIGNAL, SOME_SIGNAL, finds_signal
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import LIFE, by_life, by_siblings_on_data, exactly_at_chance
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a model that is alive and finds nothing that holds on other data."""
    area = evidence.number_or("validation_auc", 0.5)
    if area >= limits.auc_contradiction and evidence.get("ranking") == "above chance":
        return RuledOut(f"the validation AUC of {area:.2f} shows signal")
    return weigh(
        *_by_validation(evidence, limits),
        _by_ranking(evidence),
        _by_settings(evidence, limits),
        _by_output(evidence),
        Piece("repeats", -1.5, "the loss repeats one value to the digit: the model is not moving at all")
        if evidence["constant_loss"]
        else None,
        Piece("exact", -1.0, "the loss lies at its chance level exactly, where a live model fits some noise")
        if exactly_at_chance(evidence, limits)
        else None,
        Piece("overshoot", -1.0, "the loss was thrown far above chance, which labels do not do")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        Piece("lively", 1.5, "the margins move from batch to batch, so the model is alive")
        if evidence.get("preference_loss") and evidence.number_or("end_spread", 0.0) > limits.lively_spread
        else None,
        by_siblings_on_data(evidence),
        by_life(evidence, limits),
        _by_reference(evidence, limits),
        *by_probes("no_signal", evidence, limits),
    )


def _by_reference(evidence: Evidence, limits: Limits) -> Piece | None:
    found = finds_signal(evidence, limits)
    if found is None or "inside_reference_auc" not in evidence:
        return None
    area = evidence.number("inside_reference_auc")
    clause = f"a reference learner ranks rows that it has not seen with AUC {area:.2f}"
    if found == SIGNAL:
        return Piece("inside_signal", -6.0, f"{clause}, far above permuted labels")
    if found == SOME_SIGNAL:
        return Piece("inside_some_signal", -3.0, f"{clause}, hardly by chance")
    if found == LITTLE_SIGNAL:
        return Piece("inside_little_signal", 2.0, f"{clause}, as with permuted labels, and few of them")
    return Piece("inside_no_signal", 4.0, f"{clause}, as with permuted labels")


def _by_validation(evidence: Evidence, limits: Limits) -> tuple[Piece, ...]:
    """Look for the mark of noise being fitted: a training loss that falls beside a validation loss that does not."""
    if "validation_skill" not in evidence:
        return ()
    held_back, best = evidence.number("validation_skill"), evidence.number_or("best_validation_skill", 0.0)
    gap = evidence.number_or("fit_gap", 0.0)
    pieces: list[Piece] = []
    if best > limits.unvalidated_band:
        pieces.append(Piece("was_below", -2.0, f"the validation loss showed skill {best:.2f} at its best"))
    elif best <= 0.0:
        pieces.append(_never_below(evidence, limits))
    if held_back > limits.chance_band:
        pieces.append(Piece("validation_skill", -1.5, f"validation skill {held_back:.2f}"))
    elif gap > limits.memorising_gap:
        clause = f"the training loss is {gap:.0%} of the chance level below the validation loss, which gains nothing"
        pieces.append(Piece("memorises", 2.0, clause))
    elif _had_time(evidence, limits):
        clause = (
            "after thousands of updates it does not even fit its own rows, as a live network fits any labels"
        )
        pieces.append(Piece("cannot_memorise", -1.0, clause))
    if evidence.get("validation_falling", False) and held_back < 0.0:
        pieces.append(Piece("comes_down", -1.0, "the validation loss is still coming down to chance"))
    return tuple(pieces)


def _never_below(evidence: Evidence, limits: Limits) -> Piece:
    """Weigh a validation loss that never was below chance by whether a signal would have shown."""
    if evidence.number_or("n_train", limits.telling_rows) >= limits.telling_rows:
        return Piece("never_below", 0.7, "the validation loss never was below chance")
    clause = "the validation loss never was below chance, which so few rows leave open"
    return Piece("never_below_few", 0.2, clause)


def _had_time(evidence: Evidence, limits: Limits) -> bool:
    wide = evidence.number_or("narrowest_layer", limits.wide_layer) >= limits.wide_layer
    return wide and evidence.number_or("n_updates", 0.0) >= limits.many_updates


def _by_ranking(evidence: Evidence) -> Piece | None:
    word = evidence.get("ranking")
    if word == "above chance":
        return Piece("ranks", -1.5, "the AUC is above chance")
    if word == "at chance":
        return Piece("does_not_rank", 0.7, "the AUC is at chance")
    return None


def _by_output(evidence: Evidence) -> Piece | None:
    if "constant_output" not in evidence:
        return None
    if evidence["constant_output"]:
        return Piece(
            "one_prediction", -2.0, "every input gets the same prediction, where a live model would fit noise"
        )
    return Piece("predictions_differ", 0.7, "predictions differ, so the model is alive")


def _by_settings(evidence: Evidence, limits: Limits) -> Piece | None:
    """Rates and widths that usually work leave the data as the suspect."""
    usual_rate = "rate_ratio" in evidence and (
        limits.rate_usual_low <= evidence.number("rate_ratio") <= limits.rate_usual_high
    )
    if not usual_rate:
        return None
    if "narrowest_layer" in evidence and evidence.number("narrowest_layer") <= limits.narrow_layer:
        return None
    return Piece("rate_usual", 0.7, "the learning rate is usual")


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
    needs=("constant_loss", "peak_ratio"),
    uses=(
        "validation_auc",
        "ranking",
        "preference_loss",
        "end_spread",
        "validation_skill",
        "best_validation_skill",
        "fit_gap",
        "narrowest_layer",
        "n_updates",
        "n_train",
        "rate_ratio",
        "validation_falling",
        "constant_output",
        "chance_distance",
        "siblings_learned",
        "siblings_at_same_level",
        "siblings_varied",
        *LIFE,
        *REFERENCE,
        "inside_reference_auc",
        *facts_for("no_signal"),
    ),
    assess=assess,
    fires=(
        Example(
            "the callback's reference learner does as with permuted labels",
            constant_loss=False,
            peak_ratio=1.0,
            validation_falling=False,
            inside_reference_auc=0.51,
            inside_reference_distance=0.3,
            inside_reference_detectable=0.58,
        ),
        Example(
            "random labels, 128 units: training loss falls, validation loss does not",
            constant_loss=False,
            validation_skill=-0.05,
            best_validation_skill=0.0,
            validation_auc=0.51,
            rate_ratio=1.0,
            narrowest_layer=128,
            peak_ratio=1.0,
            validation_falling=False,
        ),
    ),
    stays_quiet=(
        Example(
            "a reference learner ranks rows that it has not seen",
            constant_loss=False,
            peak_ratio=1.0,
            validation_falling=False,
            inside_reference_auc=0.8,
            inside_reference_distance=9.0,
            inside_reference_detectable=0.6,
        ),
        Example(
            "validation data are ranked well",
            constant_loss=False,
            validation_skill=0.0,
            best_validation_skill=0.01,
            validation_auc=0.85,
            ranking="above chance",
            peak_ratio=1.0,
            validation_falling=False,
        ),
        Example(
            "a loss that does not move at all",
            constant_loss=True,
            peak_ratio=1.0,
            validation_falling=False,
        ),
    ),
    source="Zhang et al. 2017, arXiv:1611.03530; docs/article.md",
)
