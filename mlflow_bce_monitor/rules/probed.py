"""What the probes' answers say about each cause (tier ``model``): the decision table, as data.

An observation is one answer of one probe. Its weights say which causes it speaks for (positive)
and against (negative), as natural-log likelihood ratios against trouble of unknown cause. Rules
take their pieces from here (:func:`by_probes`), docs/probes.md is generated from here, and the
choice of the next probe reads here which causes a probe can separate.

The weights are estimates of the author: a controlled experiment on the model itself is wrong
in about one case of a hundred (5 nats), an indirect one in one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.rules.rule import Piece

RATE_FACTOR: Final = 10.0
"""Ratio of the best rate to the model's own from which the own one is wrong; the sweep goes by decades."""

FAR_RATE_FACTOR: Final = 30.0
"""... from which the distance explains a run at chance by itself."""

SOON: Final = 100
"""Steps within which a copy that has nothing to struggle with has learned something."""

LEARNS: Final = 0.05
"""Skill on held-back rows, after the steps of the sweep, from which a rate makes the loss fall."""

ERRORS: Final = 2.5
"""Standard errors that such a skill must be above 0: the best of seven rates would reach two by chance."""

CLEAR_ERROR: Final = 0.15
"""Standard error of a skill up to which a copy that has learned something shows it: it then has 0.4 or so."""

ORDINARY_P: Final = 0.2
"""p-value from which an AUC is an ordinary one of permuted labels."""

CAPACITY_GAP: Final = 0.15
"""Skill by which the reference learner exceeds a model that is too small."""

MOST_FOLLOWED: Final = 0.15
"""Skill on its own training rows up to which a copy cannot fit them."""


@dataclass(frozen=True)
class Observation:
    """One answer of one probe.

    Attributes
    ----------
    key
        Of the pieces it gives; begins with ``probe_``.
    probe
        Name of the experiment.
    clause
        The answer in words.
    facts
        What it is read from; it is not made unless all of them are known.
    holds
        Whether this is the answer.
    weights
        Cause to log likelihood ratio.
    also
        What it is read from besides, where it is known.
    """

    key: str
    probe: str
    clause: str
    facts: tuple[str, ...]
    holds: Callable[[Evidence, Limits], bool]
    weights: Mapping[str, float]
    also: tuple[str, ...] = ()


def _knows_shares(e: Evidence) -> bool:
    """Whether the run itself tells how rare the rarer class is: then its rule has weighed that already."""
    return "effective_minority_share" in e


def _healthy_inside(e: Evidence, limits: Limits) -> bool:
    return (
        e.number("probe_dead_units") < limits.all_units
        and e.number("probe_equal_kernels") < limits.most_kernels
        and _inputs_differ(e, limits)
    )


def _inputs_differ(e: Evidence, limits: Limits) -> bool:
    return (
        e.number("probe_constant_features") < limits.most_features
        and e.number("probe_arriving_sd") > limits.arriving_variation
    )


def _rate_ratio(e: Evidence) -> float:
    return e.number("probe_best_rate") / max(e.number("probe_own_rate"), 1e-30)


def _some_rate_learns(e: Evidence) -> bool:
    return _learned(e, "best_rate")


def _own_rate_learns(e: Evidence) -> bool:
    return _learned(e, "own_rate")


def _a_copy_learned(e: Evidence) -> bool:
    """Whether a copy of the model learned what a reference learner may have missed."""
    return any(_learned(e, name) for name in ("best_rate", "uneven", "balanced"))


def _learned(e: Evidence, name: str) -> bool:
    """Whether a copy learned; no where it was not tried."""
    return is_learning(e.number_or(f"probe_{name}_skill", 0.0), e.number_or(f"probe_{name}_error", 0.0))


def _could_tell(e: Evidence, name: str) -> bool:
    """Whether the held-back rows were enough to see a copy learn: a dozen of a class are not."""
    return e.number(f"probe_{name}_error") <= CLEAR_ERROR


def is_learning(skill: float, error: float) -> bool:
    """Whether a skill on held-back rows is above chance: large enough, and not by luck.

    Parameters
    ----------
    skill, error
        The skill and its standard error.
    """
    return skill >= LEARNS and skill >= ERRORS * error


_INSIDE: Final = ("probe_dead_units", "probe_equal_kernels", "probe_constant_features", "probe_arriving_sd")
_INPUTS: Final = ("probe_constant_features", "probe_arriving_sd")
_BALANCE: Final = (
    "probe_balanced_skill",
    "probe_balanced_error",
    "probe_uneven_skill",
    "probe_uneven_error",
)
_RATES: Final = (
    "probe_best_rate",
    "probe_best_rate_skill",
    "probe_best_rate_error",
    "probe_own_rate",
    "probe_own_rate_skill",
    "probe_own_rate_error",
    "probe_own_rate_steps",
)

IN_THE_MODEL: Final = (
    "dead_relu",
    "zero_initialization",
    "vanishing_gradients",
    "frozen_parameters",
    "over_regularization",
    "insufficient_capacity",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "too_few_steps",
    "unscaled_inputs",
    "class_imbalance",
)
"""Causes that only explain a run whose labels can be learned."""

OBSERVATIONS: Final = (
    Observation(
        "probe_no_signal",
        "signal",
        "no reference learner ranks held-back rows better than with permuted labels",
        ("probe_signal",),
        lambda e, _: e["probe_signal"] == "no" and not _a_copy_learned(e),
        {"no_signal": 8.0, "too_few_rows": -2.0, **dict.fromkeys(IN_THE_MODEL, -8.0)},
        also=("probe_best_rate_skill", "probe_best_rate_error", *_BALANCE),
    ),
    Observation(
        "probe_signal",
        "signal",
        "a reference learner ranks held-back rows better than with permuted labels",
        ("probe_signal",),
        lambda e, _: e["probe_signal"] == "yes",
        {"no_signal": -7.0},
    ),
    Observation(
        "probe_signal_unseen",
        "signal",
        "the reference learners find nothing, in too few rows to be sure that there is nothing",
        ("probe_signal", "probe_signal_p"),
        lambda e, _: (
            e["probe_signal"] == "unclear"
            and e.number("probe_signal_p") >= ORDINARY_P
            and not _a_copy_learned(e)
        ),
        # A true AUC of 0.65 gives such a p-value in one of five to one of fifty cases, by the number of rows.
        {"no_signal": 1.5},
        also=("probe_best_rate_skill", "probe_best_rate_error", *_BALANCE),
    ),
    Observation(
        "probe_rare",
        "signal",
        "the labels can be learned, and few of them are of the rarer class",
        ("probe_signal", "probe_minority_share"),
        lambda e, limits: (
            e["probe_signal"] == "yes" and e.number("probe_minority_share") <= limits.rare_share
        ),
        {"class_imbalance": 1.0},
    ),
    Observation(
        "probe_rare_labels",
        "predictions",
        "few of the labels are of the rarer class",
        ("probe_minority_share",),
        lambda e, limits: (
            limits.very_rare_share < e.number("probe_minority_share") <= limits.rare_share
            and not _knows_shares(e)
        ),
        {"class_imbalance": 1.5},
    ),
    Observation(
        "probe_very_rare_labels",
        "predictions",
        "hardly any of the labels are of the rarer class",
        ("probe_minority_share",),
        lambda e, limits: e.number("probe_minority_share") <= limits.very_rare_share and not _knows_shares(e),
        {"class_imbalance": 2.5},
    ),
    Observation(
        "probe_balanced",
        "predictions",
        "both classes are common",
        ("probe_minority_share",),
        lambda e, limits: e.number("probe_minority_share") >= limits.balanced_share,
        {"class_imbalance": -5.0},
    ),
    Observation(
        "probe_not_memorised",
        "predictions",
        "the model does not fit the rows themselves",
        ("probe_skill",),
        lambda e, limits: e.number("probe_skill") < limits.clear_skill,
        {"too_few_rows": -4.0},
    ),
    Observation(
        "probe_output_fault",
        "predictions",
        "output, loss and labels do not fit each other",
        ("probe_output_fault",),
        lambda e, _: bool(e["probe_output_fault"]),
        {"output_loss_mismatch": 7.0, "no_signal": -1.0},
    ),
    Observation(
        "probe_output_fits",
        "predictions",
        "output, loss and labels fit each other",
        ("probe_output_fault",),
        lambda e, _: not e["probe_output_fault"],
        {"output_loss_mismatch": -5.0},
    ),
    Observation(
        "probe_constant",
        "inputs",
        "every row is the same where it reaches the first weights",
        _INPUTS,
        lambda e, limits: not _inputs_differ(e, limits),
        {"constant_inputs": 8.0, "no_signal": -6.0, "dead_relu": -4.0, "zero_initialization": -2.0},
    ),
    Observation(
        "probe_inputs_arrive",
        "inputs",
        "rows differ where they reach the first weights",
        _INPUTS,
        _inputs_differ,
        {"constant_inputs": -7.0},
    ),
    Observation(
        "probe_large_inputs",
        "inputs",
        "inputs in the hundreds or more reach the first weights",
        ("probe_arriving_max",),
        lambda e, limits: e.number("probe_arriving_max") >= limits.large_input,
        {
            "unscaled_inputs": 6.0,
            "insufficient_capacity": -4.0,
            "dead_relu": -4.0,
            "vanishing_gradients": -4.0,
            "learning_rate_too_high": -2.0,
        },
    ),
    Observation(
        "probe_usual_inputs",
        "inputs",
        "the inputs are of usual size where they reach the first weights",
        ("probe_arriving_max",),
        lambda e, limits: e.number("probe_arriving_max") <= limits.usual_input,
        {"unscaled_inputs": -6.0},
    ),
    Observation(
        "probe_frozen",
        "gradients",
        "most weights cannot be trained",
        ("probe_trainable_share",),
        lambda e, limits: e.number("probe_trainable_share") < limits.mostly_trainable,
        {"frozen_parameters": 7.0, "learning_rate_too_low": -3.0, "too_few_steps": -3.0},
    ),
    Observation(
        "probe_trainable",
        "gradients",
        "the weights can be trained",
        ("probe_trainable_share",),
        lambda e, limits: e.number("probe_trainable_share") >= limits.mostly_trainable,
        {"frozen_parameters": -6.0},
    ),
    Observation(
        "probe_equal",
        "gradients",
        "most kernels are zero, or have equal units",
        ("probe_equal_kernels",),
        lambda e, limits: e.number("probe_equal_kernels") >= limits.most_kernels,
        {"zero_initialization": 8.0, "dead_relu": -4.0, "vanishing_gradients": -4.0},
    ),
    Observation(
        "probe_unequal",
        "gradients",
        "the units of most layers differ",
        ("probe_equal_kernels",),
        lambda e, limits: e.number("probe_equal_kernels") < limits.most_kernels,
        {"zero_initialization": -6.0},
    ),
    Observation(
        "probe_dead",
        "gradients",
        "all units of a hidden layer are 0 for every row",
        _INSIDE,
        lambda e, limits: (
            e.number("probe_dead_units") >= limits.all_units
            and e.number("probe_equal_kernels") < limits.most_kernels
            and _inputs_differ(e, limits)
        ),
        {"dead_relu": 6.0, "insufficient_capacity": -3.0, "over_regularization": -2.0},
    ),
    Observation(
        "probe_alive",
        "gradients",
        "units of every hidden layer respond to the rows",
        _INSIDE,
        _healthy_inside,
        {"dead_relu": -6.0},
    ),
    Observation(
        "probe_vanished",
        "gradients",
        "the first layers of a new copy get less than a thousandth of the gradient of the last",
        (*_INSIDE, "probe_fresh_gradient_ratio", "probe_arriving_max"),
        lambda e, limits: (
            e.number("probe_fresh_gradient_ratio") < limits.vanished_gradient
            and _healthy_inside(e, limits)
            and e.number("probe_arriving_max") < limits.large_input
        ),
        {"vanishing_gradients": 6.0, "learning_rate_too_low": -1.5},
    ),
    Observation(
        "probe_vanished_now",
        "gradients",
        "the first layers get less than a thousandth of the gradient of the last, and did not at first",
        (*_INSIDE, "probe_gradient_ratio", "probe_fresh_gradient_ratio"),
        lambda e, limits: (
            e.number("probe_gradient_ratio") < limits.vanished_gradient
            and e.number("probe_fresh_gradient_ratio") >= limits.vanished_gradient
            and _healthy_inside(e, limits)
        ),
        {"vanishing_gradients": 2.0, "learning_rate_too_high": 1.0},
    ),
    Observation(
        "probe_gradient_arrives",
        "gradients",
        "every layer gets a fair part of the gradient, now and in a new copy",
        ("probe_gradient_ratio", "probe_fresh_gradient_ratio"),
        lambda e, limits: (
            min(e.number("probe_gradient_ratio"), e.number("probe_fresh_gradient_ratio"))
            >= limits.fair_gradient
        ),
        {"vanishing_gradients": -6.0},
    ),
    Observation(
        "probe_penalty",
        "gradients",
        "a penalty on the weights is a large part of the loss",
        ("probe_penalty_share",),
        lambda e, limits: e.number("probe_penalty_share") >= limits.ruling_penalty,
        {"over_regularization": 6.0},
    ),
    Observation(
        "probe_heavy_dropout",
        "gradients",
        "dropout removes most of what a layer passes on",
        ("probe_dropout",),
        lambda e, limits: e.number("probe_dropout") >= limits.strong_dropout,
        {"over_regularization": 4.0},
    ),
    Observation(
        "probe_unpunished",
        "gradients",
        "neither penalty nor dropout is strong",
        ("probe_penalty_share", "probe_dropout"),
        lambda e, limits: (
            e.number("probe_penalty_share") <= limits.little_penalty
            and e.number("probe_dropout") < limits.strong_dropout
        ),
        {"over_regularization": -5.0},
    ),
    Observation(
        "probe_fits_few",
        "overfit",
        "a new copy fits 32 rows",
        ("probe_few_rows_skill",),
        lambda e, limits: e.number("probe_few_rows_skill") >= limits.surely_fitted,
        {
            "zero_initialization": -3.0,
            "frozen_parameters": -3.0,
            "constant_inputs": -5.0,
            "vanishing_gradients": -3.0,
            "over_regularization": -2.0,
        },
    ),
    Observation(
        "probe_fits_none",
        "overfit",
        "a new copy cannot even fit 32 rows",
        ("probe_few_rows_skill",),
        lambda e, limits: e.number("probe_few_rows_skill") <= limits.clear_skill,
        {
            "learning_rate_too_low": -3.0,
            "learning_rate_too_high": -3.0,
            "too_few_steps": -3.0,
            "class_imbalance": -3.0,
            "no_signal": -1.0,
        },
    ),
    Observation(
        "probe_rate_far_below",
        "rates",
        "a copy learns at rates far above the model's own, and not at that",
        _RATES,
        lambda e, _: _some_rate_learns(e) and not _own_rate_learns(e) and _rate_ratio(e) >= FAR_RATE_FACTOR,
        {"learning_rate_too_low": 6.0, "too_few_steps": -2.0},
    ),
    Observation(
        "probe_rate_below",
        "rates",
        "a copy learns at ten times the model's own rate, and not at that",
        _RATES,
        lambda e, _: (
            _some_rate_learns(e)
            and not _own_rate_learns(e)
            and RATE_FACTOR / 2 <= _rate_ratio(e) < FAR_RATE_FACTOR
        ),
        {"learning_rate_too_low": 2.5, "too_few_steps": 0.5, "learning_rate_too_high": -5.0},
    ),
    Observation(
        "probe_rate_above",
        "rates",
        "a copy learns at a fraction of the model's own rate, and not at that",
        _RATES,
        lambda e, _: _some_rate_learns(e) and not _own_rate_learns(e) and _rate_ratio(e) <= 2.0 / RATE_FACTOR,
        {"learning_rate_too_high": 9.0, "learning_rate_too_low": -6.0, "dead_relu": -1.0},
    ),
    Observation(
        "probe_rate_learns",
        "rates",
        "a new copy soon learns at the model's own rate",
        _RATES,
        lambda e, _: _own_rate_learns(e) and e.number("probe_own_rate_steps") <= SOON,
        {
            "learning_rate_too_low": -5.0,
            "learning_rate_too_high": -2.0,
            "zero_initialization": -3.0,
            "frozen_parameters": -2.0,
            "vanishing_gradients": -4.0,
            "constant_inputs": -5.0,
            "insufficient_capacity": -3.0,
            "over_regularization": -3.0,
            "class_imbalance": -2.0,
            "too_few_steps": 2.0,
            "no_signal": -4.0,
        },
    ),
    Observation(
        "probe_rate_learns_late",
        "rates",
        "a new copy learns at the model's own rate, after many steps",
        _RATES,
        lambda e, _: _own_rate_learns(e) and e.number("probe_own_rate_steps") > SOON,
        {
            "learning_rate_too_low": 0.5,
            "learning_rate_too_high": -2.0,
            "frozen_parameters": -3.0,
            "constant_inputs": -5.0,
            "too_few_steps": 2.5,
            "no_signal": -3.0,
        },
    ),
    Observation(
        "probe_rate_no_matter",
        "rates",
        "a new copy learns at no rate of the sweep",
        _RATES,
        lambda e, _: not _some_rate_learns(e) and _could_tell(e, "best_rate"),
        {"learning_rate_too_low": -4.0, "learning_rate_too_high": -4.0, "too_few_steps": -3.0},
    ),
    Observation(
        "probe_balance_helps",
        "balance",
        "a copy learns with balanced batches, and not with batches as they come",
        _BALANCE,
        lambda e, _: _learned(e, "balanced") and not _learned(e, "uneven"),
        {"class_imbalance": 5.0},
    ),
    Observation(
        "probe_balance_no_help",
        "balance",
        "a copy does not learn with balanced batches either",
        _BALANCE,
        lambda e, _: not _learned(e, "balanced") and _could_tell(e, "balanced"),
        {"class_imbalance": -4.0},
    ),
    Observation(
        "probe_balance_not_needed",
        "balance",
        "a copy learns with batches as they come",
        _BALANCE,
        lambda e, _: _learned(e, "uneven"),
        {"class_imbalance": -2.0},
    ),
    Observation(
        "probe_too_small",
        "capacity",
        "an optimised copy cannot fit its own rows where a reference learner predicts others",
        ("probe_copy_skill", "probe_reference_skill"),
        lambda e, _: (
            e.number("probe_reference_skill") >= e.number("probe_copy_skill") + CAPACITY_GAP
            and e.number("probe_copy_skill") < MOST_FOLLOWED
        ),
        {"insufficient_capacity": 5.0},
    ),
    Observation(
        "probe_nothing_missed",
        "capacity",
        "a reference learner predicts no better than an optimised copy that fits little",
        ("probe_copy_skill", "probe_reference_skill"),
        lambda e, _: (
            e.number("probe_reference_skill") < e.number("probe_copy_skill") + CAPACITY_GAP
            and e.number("probe_copy_skill") < MOST_FOLLOWED
        ),
        {"insufficient_capacity": -2.0},
    ),
    Observation(
        "probe_large_enough",
        "capacity",
        "an optimised copy fits its own rows",
        ("probe_copy_skill",),
        lambda e, _: e.number("probe_copy_skill") >= MOST_FOLLOWED,
        {"insufficient_capacity": -5.0},
    ),
)
"""Everything the probes can say, in the order of the docs."""


def by_probes(cause: str, evidence: Evidence, limits: Limits) -> tuple[Piece, ...]:
    """Return what the probes say about a cause; () where nothing was probed."""
    if not evidence.is_probed:
        return ()
    return tuple(
        Piece(one.key, one.weights[cause], one.clause)
        for one in _about(cause)
        if evidence.has_all(one.facts) and one.holds(evidence, limits)
    )


@cache
def _about(cause: str) -> tuple[Observation, ...]:
    return tuple(one for one in OBSERVATIONS if cause in one.weights)


def facts_for(cause: str) -> tuple[str, ...]:
    """Return the facts behind the probes' pieces of a cause, for its rule's ``uses``."""
    seen = [one for one in OBSERVATIONS if cause in one.weights]
    return tuple(dict.fromkeys(name for one in seen for name in (*one.facts, *one.also)))


def separated_by(probe: str) -> frozenset[str]:
    """Return the causes that an answer of a probe can make at least e times as likely."""
    return frozenset(
        cause
        for one in OBSERVATIONS
        if one.probe == probe
        for cause, weight in one.weights.items()
        if weight >= 1.0
    )
