"""Class imbalance: the share of positives is learned first, and the run ends there.

The loss then stands at the entropy H(pi) of the labels, not at ln 2.

Source: He and Garcia 2009, "Learning from Imbalanced Data",
doi:10.1109/TKDE.2008.239; measured on the imbalanced scenario (docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import RANKING, ranks_inside
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import LIFE, by_life, by_siblings_on_data
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for rare positives, an output that names one class, and a ranking that knows better."""
    share = evidence.number("effective_minority_share")
    if share >= limits.balanced_share:
        return RuledOut(f"the classes are balanced enough after weighting (smaller share {share:.2f})")
    return weigh(
        _by_share(share, limits),
        _by_one_class(evidence),
        _by_ranking(evidence),
        _by_ranking_inside(evidence, limits),
        Piece("one_prediction", -1.5, "every input gets the same prediction, so nothing is ranked at all")
        if evidence.get("constant_output")
        else None,
        Piece("overshoot", -1.0, "the loss was thrown far above chance")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        by_siblings_on_data(evidence),
        by_life(evidence, limits),
        *by_probes("class_imbalance", evidence, limits),
    )


def _by_share(share: float, limits: Limits) -> Piece:
    clause = f"only {share:.1%} of the labels are of the rarer class"
    if share <= limits.very_rare_share:
        return Piece("very_rare", 2.5, clause)
    if share <= limits.rare_share:
        return Piece("rare", 1.5, clause)
    return Piece("uneven", 0.5, clause)


def _by_one_class(evidence: Evidence) -> Piece | None:
    if "recall" in evidence:
        recall = evidence.number("recall")
        if recall in (0.0, 1.0):
            return Piece("recall", 0.7, f"recall is {recall:.0f}: every prediction is the larger class")
        return None
    if evidence.get("accuracy_constant", False):
        return Piece("accuracy", 0.5, "accuracy stands at the share of the larger class")
    if evidence.number_or("inside_predicted_positives", 0.5) in (0.0, 1.0):
        return Piece("inside_one_class", 0.5, "every prediction is of the larger class")
    return None


def _by_ranking(evidence: Evidence) -> Piece | None:
    """Look for an AUC above chance beside a loss at chance: signal that the loss does not show."""
    word = evidence.get("ranking")
    if word == "above chance":
        return Piece("ranks", 1.5, "the AUC is above chance: signal that the loss does not show")
    if word == "at chance":
        return Piece("does_not_rank", -1.0, "the AUC is at chance: no signal to bring out")
    return None


def _by_ranking_inside(evidence: Evidence, limits: Limits) -> Piece | None:
    """Look for the same among the rows that the callback captured, of a model that knows none by heart."""
    ranked = ranks_inside(evidence, limits)
    if ranked is None:
        return None
    area, error = evidence.number("inside_roc_auc"), evidence.number("inside_auc_error")
    if ranked:
        clause = f"the AUC of {area:.2f} on its own rows is signal that the loss hides"
        return Piece("inside_ranks", 0.7, clause)
    if area - 0.5 < error <= limits.small_auc_error:
        clause = f"the AUC of {area:.2f} on its own rows is at chance: no signal that the loss hides"
        return Piece("inside_ranks_not", -1.5, clause)
    return None


RULE = Rule(
    code="class_imbalance",
    title="Class imbalance",
    explanation=(
        "One class is rare. The quickest way down is to predict its share for everything, which brings the loss to "
        "the entropy of the labels and the accuracy to the share of the larger class. What the rare rows could "
        "teach is small beside it, and the run ends before it is learned."
    ),
    advice="Give the rare class its weight (class_weight inverse to the shares) or oversample it, and judge by AUC and recall.",
    remedy=(
        "share = y_train.mean()\n"
        "model.fit(x_train, y_train, class_weight={0: 0.5 / (1 - share), 1: 0.5 / share})"
    ),
    remedy_torch=(
        "share = y_train.float().mean()\n"
        "criterion = torch.nn.BCEWithLogitsLoss(pos_weight=(1 - share) / share)"
    ),
    confused_with=("no_signal", "too_few_steps"),
    separated_by="the AUC on validation data: above 0.6 the signal is there, at 0.5 weights cannot help",
    prior=0.5,
    needs=("effective_minority_share", "peak_ratio"),
    uses=(
        "constant_output",
        "recall",
        "accuracy_constant",
        "fit_gap",
        "ranking",
        "inside_predicted_positives",
        *RANKING,
        "siblings_learned",
        "siblings_at_same_level",
        "siblings_varied",
        *LIFE,
        *facts_for("class_imbalance"),
    ),
    assess=assess,
    fires=(
        Example(
            "10 % positives, recall 0, ranked well",
            effective_minority_share=0.1,
            recall=0.0,
            ranking="above chance",
            peak_ratio=1.0,
        ),
        Example("5 % positives, nothing else known", effective_minority_share=0.05, peak_ratio=1.0),
    ),
    stays_quiet=(
        Example("balanced", effective_minority_share=0.5, peak_ratio=1.0),
        Example(
            "10 % positives balanced by weights", effective_minority_share=0.5, recall=1.0, peak_ratio=1.0
        ),
    ),
    source="He and Garcia 2009, doi:10.1109/TKDE.2008.239; docs/article.md",
)
