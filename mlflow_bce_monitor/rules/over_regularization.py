"""Over-regularisation: the penalty, or the dropout, outweighs what the data could teach.

Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 7.1; Srivastava et
al. 2014, JMLR 15:1929-1958, figure 9: training fails when few units are retained.
"""

from __future__ import annotations

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import (
    DROPOUT,
    PENALTY,
    dropout_blocks,
    leaves_weights,
    sheds_penalty,
)
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import by_siblings_of_settings, memorises
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look at the strength that was set, and at a loss that sinks to chance from above as weights shrink."""
    if evidence["constant_loss"] and evidence.number("movement") < limits.does_not_move:
        return RuledOut("the loss does not move: a penalty would shrink")
    sinks = (
        limits.calm_peak < evidence.number("first_ratio")
        and evidence.number("end_spread") < limits.restless_spread
        and evidence.number("end_skill") < limits.chance_band
    )
    return weigh(
        _by_l2(evidence, limits),
        _by_dropout(evidence, limits),
        Piece(
            "penalty",
            2.0,
            f"a penalty of {evidence.number('penalty'):.0%} of the chance level stands on top of the cross-entropy",
        )
        if "penalty" in evidence and evidence.number("penalty") > limits.chance_band
        else None,
        Piece(
            "common_excess",
            3.0,
            "training and validation loss stand above chance by the same, as a penalty does",
        )
        if evidence.get("common_excess") and evidence["end_falling"]
        else None,
        Piece("no_common_excess", -1.0, "what the loss has above chance differs between the splits")
        if evidence.get("common_excess") is False and evidence.number("first_ratio") > limits.calm_peak
        else None,
        Piece("sinks", 1.0, "the loss sinks smoothly from above towards chance, as a shrinking penalty does")
        if sinks
        else None,
        Piece("starts_calm", -0.7, "the loss starts at chance: no penalty stands on top of it")
        if evidence.number("first_ratio") < limits.calm_peak
        else None,
        Piece("noisy_training", 1.5, "the training loss lies above the validation loss, as dropout makes it")
        if "validation_skill" in evidence
        and evidence.number("validation_skill") - evidence.number("end_skill") > limits.chance_band
        else None,
        Piece("memorises", -1.5, "training rows are fitted better than others, which a penalty prevents")
        if memorises(evidence, limits)
        else None,
        by_siblings_of_settings(evidence, "l2", "dropout"),
        _by_penalty(evidence, limits),
        Piece("inside_blocked", 3.0, "at a usual rate the weights do not change under so much dropout")
        if dropout_blocks(evidence, limits)
        else None,
        *by_probes("over_regularization", evidence, limits),
    )


def _by_penalty(evidence: Evidence, limits: Limits) -> Piece | None:
    if "inside_penalty" not in evidence:
        return None
    if sheds_penalty(evidence, limits):
        first, last = evidence.number("inside_first_penalty"), evidence.number("inside_penalty")
        clause = f"a penalty of {first:.3g} on the weights shrank them until {last:.2g} of it was left"
        return Piece("inside_shed", 4.0, clause)
    share = evidence.number("inside_penalty") / max(evidence.number("end_level"), limits.does_not_move)
    if share >= limits.ruling_penalty and leaves_weights(evidence, limits):
        clause = f"a penalty of {evidence.number('inside_penalty'):.3g} has left the weights as they were"
        return Piece("inside_idle_penalty", -1.0, clause)
    if share >= limits.ruling_penalty:
        return Piece("inside_penalty", 4.0, f"{share:.0%} of the loss is a penalty on the weights")
    # Without a penalty there is still dropout, as in the probes' word on it.
    if share <= limits.little_penalty and evidence.number_or("dropout", 1.0) < limits.strong_dropout:
        return Piece("inside_no_penalty", -2.0, f"only {share:.1%} of the loss is a penalty on the weights")
    return None


def _by_l2(evidence: Evidence, limits: Limits) -> Piece | None:
    if "l2" not in evidence:
        return None
    strength = evidence.number("l2")
    if strength >= limits.strong_l2:
        return Piece("l2", 3.0, f"the L2 penalty is {strength:g}")
    how_much = f"the L2 penalty is only {strength:g}" if strength else "there is no L2 penalty"
    return Piece("little_l2", -1.0, how_much)


def _by_dropout(evidence: Evidence, limits: Limits) -> Piece | None:
    if "dropout" not in evidence:
        return None
    rate = evidence.number("dropout")
    if rate >= limits.strong_dropout:
        return Piece("dropout", 2.5, f"dropout removes {rate:.0%} of the units")
    how_much = f"dropout removes only {rate:.0%} of the units" if rate else "there is no dropout"
    return Piece("little_dropout", -0.5, how_much)


RULE = Rule(
    code="over_regularization",
    title="Too much regularisation",
    explanation=(
        "A strong L2 penalty makes zero weights the cheapest answer; heavy dropout destroys what a layer passes on. The loss "
        "sinks from above (cross-entropy plus penalty) towards chance and stays there."
    ),
    advice="Lower the L2 penalty by factors of ten (1e-4 is usual) and the dropout rate to at most 0.5.",
    remedy='layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4))',
    remedy_torch="optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)",
    confused_with=("vanishing_gradients", "insufficient_capacity", "no_signal"),
    separated_by="the plain cross-entropy as a metric beside the loss: the difference is the penalty",
    prior=0.4,
    needs=("movement", "constant_loss", "first_ratio", "end_spread", "end_level", "end_skill", "end_falling"),
    uses=(
        "penalty",
        "common_excess",
        "validation_skill",
        "l2",
        "fit_gap",
        "sibling_changed",
        "siblings_varied",
        *PENALTY,
        "end_ratio",
        *DROPOUT,
        *facts_for("over_regularization"),
    ),
    assess=assess,
    fires=(
        Example(
            "L2 of 1, sinking from above",
            movement=2.0,
            constant_loss=False,
            first_ratio=3.0,
            end_spread=0.001,
            end_level=0.7,
            end_skill=0.0,
            l2=1.0,
            end_falling=True,
        ),
    ),
    stays_quiet=(
        Example(
            "weak penalty, flat",
            movement=0.01,
            constant_loss=False,
            first_ratio=1.0,
            end_spread=0.001,
            end_level=0.7,
            end_skill=0.0,
            l2=1e-4,
            dropout=0.2,
            end_falling=False,
        ),
    ),
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, section 7.1; Srivastava et al. 2014, JMLR 15",
)
