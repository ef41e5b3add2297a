"""Too few rows: the network has the freedom to learn its rows by heart, and does so instead of the rule.

Source: Zhang et al. 2017, "Understanding deep learning requires rethinking generalization",
arXiv:1611.03530: usual networks fit even random labels; Prechelt 1998, "Early Stopping - But
When?", doi:10.1007/3-540-49430-8_3, on the validation loss that falls and rises again.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import LITTLE_SIGNAL, NO_SIGNAL, REFERENCE, SIGNAL, finds_signal
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import LIFE, by_life
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for a training loss far below a validation loss that knew better once."""
    gap = evidence.number("fit_gap")
    if gap <= limits.memorising_gap:
        return RuledOut("the training rows are fitted no better than the others")
    return weigh(
        Piece(
            "wide_gap", 2.0, f"the training loss is {gap:.0%} of the chance level below the validation loss"
        )
        if gap > limits.clear_skill
        else None,
        _by_best(evidence, limits),
        Piece("jumps", -1.5, "the loss jumps from point to point, as of steps that are too large")
        if evidence.number_or("end_spread", 0.0) > limits.jumpy_spread
        else None,
        _by_ranking(evidence),
        _by_rows(evidence, limits),
        Piece("sibling_learned", 0.5, "a sibling run learned on the same data")
        if evidence.number_or("siblings_learned", 0.0) > 0
        else None,
        by_life(evidence, limits),
        _by_reference(evidence, limits),
        *by_probes("too_few_rows", evidence, limits),
    )


def _by_reference(evidence: Evidence, limits: Limits) -> Piece | None:
    clause = "a reference learner finds nothing that the labels depend on"
    found = finds_signal(evidence, limits)
    if found == NO_SIGNAL:
        return Piece("inside_no_signal", -3.0, clause)
    if found == LITTLE_SIGNAL:
        return Piece("inside_little_signal", -1.0, f"{clause}, in few rows")
    area = evidence.number_or("inside_reference_auc", 0.0)
    if found == SIGNAL and area >= limits.auc_of_both:
        clause = f"a reference learner needs no more rows to rank others with AUC {area:.2f}"
        return Piece("inside_enough_rows", -1.5, clause)
    return None  # that there is some signal speaks against its absence and for no other cause


def _by_best(evidence: Evidence, limits: Limits) -> Piece:
    best = evidence.number("best_validation_skill")
    if best > limits.unvalidated_band:
        return Piece("was_below", 2.0, f"the validation loss showed skill {best:.2f} at its best")
    if best > limits.chance_band:
        return Piece("was_little_below", 0.5, f"the validation loss showed skill {best:.2f} at its best")
    if evidence.number_or("n_train", limits.telling_rows) >= limits.telling_rows:
        return Piece("never_below", -2.5, "the validation loss never was below chance")
    clause = "the validation loss never was below chance, which so few rows leave open"
    return Piece("never_below_few", -0.7, clause)


def _by_ranking(evidence: Evidence) -> Piece | None:
    word = evidence.get("ranking")
    if word == "above chance":
        return Piece("ranks", 1.5, "the AUC is above chance: there is signal")
    if word == "at chance":
        return Piece("does_not_rank", -1.5, "the AUC is at chance")
    return None


def _by_rows(evidence: Evidence, limits: Limits) -> Piece | None:
    if "n_train" not in evidence:
        return None
    rows = evidence.number("n_train")
    if rows <= limits.few_rows:
        return Piece("few_rows", 0.5, f"only {rows:,.0f} training rows")
    if rows >= limits.many_rows:
        return Piece("many_rows", -1.5, f"{rows:,.0f} training rows")
    return None


RULE = Rule(
    code="too_few_rows",
    title="Too few training rows",
    explanation=(
        "A network with more freedom than its rows can pin down learns them by heart. Its training loss goes to zero while the "
        "validation loss turns at an early epoch and rises, past its chance level in the end: the predictions become "
        "certain, and wrong as often as before."
    ),
    advice="Keep the weights of the best validation epoch, and train with more rows or less freedom (weight decay, dropout, a smaller network).",
    remedy='stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)',
    remedy_torch="if val_loss < best:  # after each epoch\n    best, kept, waited = val_loss, copy.deepcopy(model.state_dict()), 0\nelse:\n    waited += 1  # stop at 5, then model.load_state_dict(kept)",
    confused_with=("no_signal", "class_imbalance"),
    separated_by="the validation loss and AUC at the best epoch: above chance the signal is there",
    prior=0.8,
    needs=("fit_gap", "best_validation_skill"),
    uses=(
        "siblings_learned",
        "ranking",
        "n_train",
        "end_spread",
        "peak_ratio",
        *LIFE,
        *REFERENCE,
        "inside_reference_auc",
        *facts_for("too_few_rows"),
    ),
    assess=assess,
    fires=(
        Example(
            "training skill 0.9, validation skill 0.3 at its best and -0.4 at the end",
            fit_gap=0.9,
            best_validation_skill=0.3,
        ),
    ),
    stays_quiet=(
        Example("no skill anywhere", fit_gap=0.0, best_validation_skill=0.0),
        Example(
            "memorised, and the ranking at chance",
            fit_gap=0.09,
            best_validation_skill=0.0,
            ranking="at chance",
        ),
    ),
    source="Zhang et al. 2017, arXiv:1611.03530; Prechelt 1998, doi:10.1007/3-540-49430-8_3",
)
