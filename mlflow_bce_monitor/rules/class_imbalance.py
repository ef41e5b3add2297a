"""Class imbalance: the share of positives is learned first, and the run ends there.

The loss then stands at the entropy H(pi) of the labels, not at ln 2.

Source: He and Garcia 2009, "Learning from Imbalanced Data",
doi:10.1109/TKDE.2008.239; measured on the imbalanced scenario (docs/article.md).
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Example, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.weighing import Piece, weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for rare positives, an output that names one class, and a ranking that knows better."""
    share = evidence.number("effective_minority_share")
    if share >= limits.balanced_share:
        return RuledOut(f"the classes are balanced enough after weighting (smaller share {share:.2f})")
    rare = Piece(
        2.0 if share <= limits.rare_share else 1.0, f"only {share:.1%} of the labels are of the rarer class"
    )
    return weigh(rare, _by_one_class(evidence), _by_ranking(evidence, limits))


def _by_one_class(evidence: Evidence) -> Piece | None:
    if "recall" in evidence:
        recall = evidence.number("recall")
        if recall in (0.0, 1.0):
            return Piece(0.7, f"recall is {recall:.0f}: every prediction is the larger class")
        return None
    if evidence.get("accuracy_constant", False):
        return Piece(0.5, "accuracy stands at the share of the larger class")
    return None


def _by_ranking(evidence: Evidence, limits: Limits) -> Piece | None:
    """Look for an AUC above chance beside a loss at chance: signal that the loss does not show."""
    for name, split in (("validation_auc", "validation"), ("auc", "training")):
        if name not in evidence:
            continue
        area = evidence.number(name)
        if area >= limits.auc_with_signal:
            return Piece(1.5, f"the {split} AUC of {area:.2f} shows signal that the loss does not")
        if area < limits.auc_at_chance:
            return Piece(-1.5, f"the {split} AUC of {area:.2f} shows no signal to bring out")
        return None
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
    confused_with=("no_signal", "too_few_steps"),
    separated_by="the AUC on validation data: above 0.6 the signal is there, at 0.5 weights cannot help",
    prior=0.5,
    needs=("effective_minority_share",),
    uses=("recall", "accuracy_constant", "validation_auc", "auc"),
    assess=assess,
    fires=(
        Example(
            "10 % positives, recall 0, ranked well",
            effective_minority_share=0.1,
            recall=0.0,
            validation_auc=0.8,
        ),
        Example("5 % positives, nothing else known", effective_minority_share=0.05),
    ),
    stays_quiet=(
        Example("balanced", effective_minority_share=0.5),
        Example("10 % positives balanced by weights", effective_minority_share=0.5, recall=1.0),
    ),
    source="He and Garcia 2009, doi:10.1109/TKDE.2008.239; docs/article.md",
)
