"""Constant inputs: every row looks the same to the model.

Source: Sculley et al. 2015, "Hidden Technical Debt in Machine Learning Systems" (NeurIPS
28), on broken input pipelines; measured in the fault zoo: the AUC is exactly 0.5 from the first epoch.
Ioffe and Szegedy 2015, arXiv:1502.03167: a value less the mean of its batch is 0 in a batch of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence, FactValue
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.inside import INPUTS, inputs_differ
from mlflow_bce_monitor.rules.probed import by_probes, facts_for
from mlflow_bce_monitor.rules.rule import Example, Piece, Rule, RuledOut, Supported
from mlflow_bce_monitor.rules.shared import (
    COURSE,
    by_exactness,
    by_siblings_on_data,
    memorises,
    normalises_single_values,
    unless_learned_before,
)
from mlflow_bce_monitor.rules.weighing import weigh


def assess(evidence: Evidence, limits: Limits) -> Supported | RuledOut:
    """Look for one prediction for everything from the start, in a model that otherwise moves."""
    differ = inputs_differ(evidence, limits) and not normalises_single_values(evidence)
    if differ and evidence.number("inside_constant_features") < limits.some_features:
        return RuledOut("the rows differ where they reach the first weights")
    return weigh(
        _by_inputs(evidence, limits),
        _by_output(evidence),
        by_exactness(evidence, limits, otherwise=-1.0),
        Piece("overshoot", -1.5, "the loss was thrown far above chance, which constant inputs do not do")
        if evidence.number("peak_ratio") >= limits.overshoot
        else None,
        Piece("still", -2.0, "the loss does not move, though a bias would learn")
        if evidence.number("movement") < limits.does_not_move
        else None,
        Piece("memorises", -2.0, "training rows are fitted better than others, so rows differ")
        if memorises(evidence, limits)
        else None,
        by_siblings_on_data(evidence),
        *by_probes("constant_inputs", evidence, limits),
    )


def _by_inputs(evidence: Evidence, limits: Limits) -> Piece | None:
    if normalises_single_values(evidence):
        clause = (
            "batch normalisation over batches of one row gives its bias for every row: "
            "layers after it see no difference, those before it get no gradient"
        )
        return Piece("inside_normalised", 8.0, clause)
    differ = inputs_differ(evidence, limits)
    if differ is None:
        return None
    share = evidence.number("inside_constant_features")
    clause = f"{share:.0%} of the features are the same for every row"
    if differ:
        return Piece("inside_some", 1.5, clause)
    if share < limits.most_features:
        clause = f"what reaches the first weights varies by {evidence.number('inside_arriving_sd'):.1e} only"
    return Piece("inside_constant", 8.0, clause)


def _by_output(evidence: Evidence) -> Piece | None:
    if "constant_output" not in evidence:
        return None
    if not evidence["constant_output"]:
        return Piece("predictions_differ", -3.0, "predictions differ, so inputs do")
    if evidence.get("output_went_constant"):
        return Piece("differed_first", -2.0, "predictions differed at first, so the inputs do")
    return Piece("one_prediction", 2.0, "every input gets the same prediction from the first epoch on")


_SOUND_INPUTS: Final[Mapping[str, FactValue]] = {
    "movement": 0.01,
    "peak_ratio": 1.0,
    "inside_constant_features": 0.0,
    "inside_arriving_sd": 1.0,
}

RULE = Rule(
    code="constant_inputs",
    title="Constant inputs",
    explanation=(
        "A broken join, a normalisation that divides by a huge number, a column of zeros, an image loader that returns the same "
        "file: every row is the same to the model, and the best it can do is the share of positives. Batch normalisation over batches "
        "of one row does that to all layers after it, while the model trains."
    ),
    advice="Print the standard deviation of each feature of one batch as it enters the model; for batch normalisation, take larger batches.",
    remedy="print(x_train.std(axis=0).min(), x_train.std(axis=0).max())  # zero: the feature is constant",
    confused_with=("dead_relu", "zero_initialization", "vanishing_gradients", "no_signal"),
    separated_by="the standard deviation of each input feature over a batch",
    prior=0.4,
    needs=("movement", "peak_ratio"),
    uses=(
        *COURSE,
        "output_went_constant",
        "constant_output",
        "chance_distance",
        "fit_gap",
        "siblings_learned",
        "siblings_at_same_level",
        "siblings_varied",
        *INPUTS,
        "inside_normalised_values",
        *facts_for("constant_inputs"),
    ),
    assess=unless_learned_before(assess),
    fires=(
        Example("one prediction for all from the start", movement=0.05, peak_ratio=1.0, constant_output=True),
        Example("batch normalisation, one row a batch", **_SOUND_INPUTS, inside_normalised_values=1),
    ),
    stays_quiet=(
        Example("batch normalisation, 32 rows a batch", **_SOUND_INPUTS, inside_normalised_values=32),
        Example("predictions differ", movement=0.05, peak_ratio=1.0, constant_output=False),
        Example(
            "they differed at first",
            movement=0.05,
            peak_ratio=1.0,
            constant_output=True,
            output_went_constant=True,
        ),
    ),
    source="Sculley et al. 2015, NeurIPS 28; Ioffe and Szegedy 2015, arXiv:1502.03167",
)
