"""The questions that are asked about every run in trouble, whatever its cause.

Few, and each about something that training is made of: how the loss stands and moves, what the
predictions do, how large the steps, the network and the data are. What a person happened to log, how many
epochs were planned, or how a metric is called says nothing about a cause and is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.evidence.of_predictions import ABOVE_CHANCE, AT_CHANCE
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.observations.question import Answer, Question

_HALF: Final = 0.5
"""Between no and yes."""


def _number(name: str) -> Callable[[Evidence], float]:
    return lambda evidence: evidence.number(name)


def _ratio(above: str, below: str) -> Callable[[Evidence], float]:
    return lambda evidence: evidence.number(above) / max(evidence.number(below), 1.0)


def _asked(
    fact: str,
    key: str,
    cuts: Callable[[Limits], tuple[float, ...]],
    *answers: tuple[str, str],
    about: tuple[str, ...] = (),
) -> Question:
    """Return the question about one fact that is a number."""
    return Question(key, (fact,), _number(fact), cuts, tuple(Answer(*answer) for answer in answers), about)


def _yes_or_no(fact: str, key: str, no: str, yes: str) -> Question:
    return _asked(fact, key, lambda _: (_HALF,), ("no", no), ("yes", yes))


def _ranking(evidence: Evidence) -> float:
    return {AT_CHANCE: -1.0, ABOVE_CHANCE: 1.0}.get(str(evidence["ranking"]), 0.0)


_STEPS: Final = (
    *("learning_rate_too_high", "learning_rate_too_low", "too_few_steps", "frozen_parameters"),
    *("dead_relu", "unscaled_inputs", "vanishing_gradients"),
)
"""Causes in the size of the steps, and what large steps do."""

_TIME: Final = (
    *("too_few_steps", "learning_rate_too_low", "insufficient_capacity"),
    *("no_signal", "too_few_rows"),
)
"""Causes that more steps cure, or are known by what many steps did not bring."""

_SIZE: Final = ("insufficient_capacity", "no_signal", "too_few_rows", "over_regularization")
"""Causes in how much a network can fit."""

_LENGTH: Final = ("vanishing_gradients", "dead_relu", "zero_initialization", "insufficient_capacity")
"""Causes in the way that a gradient has to go."""

LOSS: Final = (
    _asked(
        "movement",
        "moved",
        lambda limits: (limits.does_not_move, limits.creeps, limits.hardly_moves, limits.clear_skill),
        ("not", "the loss does not move at all"),
        ("creeping", "the loss has moved by less than a thousandth"),
        ("hardly", "the loss has hardly moved since it started"),
        ("little", "the loss has moved by a few percent of the chance level"),
        ("far", "the loss has moved far"),
    ),
    _asked(
        "first_ratio",
        "starts",
        lambda limits: (limits.low_start, limits.lifted_start, limits.overshoot, limits.thrown_far),
        ("low", "the first point stands below the loss of predicting 0.5"),
        ("at_half", "the loss starts where predicting 0.5 for everything would put it"),
        ("lifted", "the first point stands somewhat above the loss of predicting 0.5"),
        ("high", "the first point stands at {times} the loss of predicting 0.5"),
        ("very_high", "the first point stands at {times} the loss of predicting 0.5"),
    ),
    _asked(
        "start_off_untrained",
        "start_exact",
        lambda limits: (limits.zero_start, limits.zero_start_far),
        ("yes", "the first loss is that of predicting 0.5, to three digits"),
        ("nearly", "the first loss is nearly that of predicting 0.5"),
        ("no", "the first loss is not that of predicting 0.5"),
    ),
    _asked(
        "peak_ratio",
        "peak",
        lambda limits: (limits.calm_peak, limits.overshoot, limits.thrown_far),
        ("calm", "the loss never rose above chance by much"),
        ("raised", "the loss stood somewhat above chance for a time"),
        ("thrown", "the loss was thrown far above chance"),
        ("thrown_far", "the loss was thrown to {times} that of predicting 0.5"),
    ),
    _asked(
        "end_skill",
        "ends",
        lambda limits: (limits.restless_skill, -limits.chance_band, limits.chance_band, limits.clear_skill),
        ("far_above", "the loss ends far above its chance level"),
        ("above", "the loss ends above its chance level"),
        ("at_chance", "the loss ends at its chance level"),
        ("little_below", "the loss ends a little below its chance level"),
        ("below", "the loss ends below its chance level"),
    ),
    _asked(
        "chance_distance",
        "exact",
        lambda limits: (limits.exact_chance, limits.chance_band),
        ("yes", "the loss lies at its chance level to a third of a percent"),
        ("nearly", "the loss lies within two percent of its chance level"),
        ("no", "the loss does not lie at its chance level"),
    ),
    _asked(
        "end_fall",
        "falls",
        lambda limits: (-limits.slow_fall, limits.slow_fall, limits.quick_fall),
        ("rising", "the loss rises at the end"),
        ("not", "the loss does not fall"),
        ("slowly", "the loss falls slowly at the end"),
        ("quickly", "the loss still falls"),
    ),
    _asked(
        "fall_gain",
        "pace",
        lambda limits: (-limits.other_pace, limits.other_pace),
        ("slows", "the loss falls more slowly in the second half of the run than in the first"),
        ("steady", "the loss falls as fast in the second half of the run as in the first"),
        ("quickens", "the loss falls faster in the second half of the run than in the first"),
    ),
    _asked(
        "end_spread",
        "noise",
        lambda limits: (
            limits.still_spread,
            limits.lively_spread,
            limits.restless_spread,
            limits.jumpy_spread,
        ),
        ("none", "the curve is smooth to the fourth digit"),
        ("little", "the curve is smooth"),
        ("some", "the loss moves a little from point to point"),
        ("restless", "the loss is restless from point to point"),
        ("jumpy", "the loss jumps from point to point"),
    ),
    _yes_or_no(
        "constant_loss",
        "repeats",
        "the loss takes different values to the end",
        "the loss repeats one value to the digit",
    ),
    _yes_or_no(
        "common_excess",
        "common_excess",
        "training and validation loss do not stand above chance by the same",
        "training and validation loss stand above chance by the same, as a penalty does",
    ),
)
"""How the loss stands and moves."""

HELD_BACK: Final = (
    _asked(
        "fit_gap",
        "gap",
        lambda limits: (0.0, limits.memorising_gap, limits.clear_skill, limits.surely_fitted),
        ("none", "the training rows are fitted no better than others"),
        ("little", "the training rows are fitted hardly better than others"),
        ("some", "the training rows are fitted somewhat better than others"),
        ("large", "the training rows are fitted far better than others"),
        ("by_heart", "the training rows are known by heart"),
    ),
    _asked(
        "best_validation_skill",
        "best_validation",
        lambda limits: (0.0, limits.chance_band, limits.unvalidated_band),
        ("never_below", "the validation loss never was below chance"),
        ("hardly_below", "the validation loss was hardly below chance at its best"),
        ("little_below", "the validation loss was a little below chance at its best"),
        ("below", "the validation loss was below chance for a time"),
    ),
    _asked(
        "validation_skill",
        "validation",
        lambda limits: (-limits.clear_skill, -limits.chance_band, limits.chance_band),
        ("far_above", "the validation loss ends far above chance"),
        ("above", "the validation loss ends above chance"),
        ("at_chance", "the validation loss ends at chance"),
        ("below", "the validation loss ends below chance"),
    ),
    _asked(
        "validation_fall",
        "validation_falls",
        lambda limits: (-limits.slow_fall, limits.slow_fall),
        ("rising", "the validation loss rises at the end"),
        ("not", "the validation loss is level at the end"),
        ("yes", "the validation loss still falls at the end"),
    ),
)
"""What holds on rows that were not trained on."""

PREDICTIONS: Final = (
    _yes_or_no(
        "constant_output", "one_prediction", "predictions differ", "every input gets the same prediction"
    ),
    _yes_or_no(
        "accuracy_constant",
        "accuracy_repeats",
        "the accuracy still changes",
        "the accuracy repeats one value",
    ),
    Question(
        "ranks",
        ("ranking",),
        _ranking,
        lambda _: (-_HALF, _HALF),
        (
            Answer("no", "the AUC is at chance"),
            Answer("unclear", "whether the AUC is above chance is unclear"),
            Answer("yes", "the AUC is above chance"),
        ),
    ),
    _asked(
        "ranking_rise",
        "ranking_rises",
        lambda limits: (-limits.ranking_rises, limits.ranking_rises, limits.ranking_rises_far),
        ("falls", "the AUC falls over the run"),
        ("not", "the AUC does not rise over the run"),
        ("little", "the AUC rises a little over the run"),
        ("yes", "the AUC rises over the run"),
    ),
)
"""What the model says about its rows."""

SETTINGS: Final = (
    _asked(
        "rate_ratio",
        "rate",
        lambda limits: (
            limits.rate_far_below,
            limits.rate_below,
            limits.rate_usual_low,
            limits.rate_usual_high,
            limits.rate_above,
            limits.rate_far_above,
        ),
        ("far_below", "the learning rate is {times} the usual one for the optimizer"),
        ("below", "the learning rate is {times} the usual one for the optimizer"),
        ("somewhat_below", "the learning rate is {times} the usual one for the optimizer"),
        ("usual", "the learning rate is usual"),
        ("somewhat_above", "the learning rate is {times} the usual one for the optimizer"),
        ("above", "the learning rate is {times} the usual one for the optimizer"),
        ("far_above", "the learning rate is {times} the usual one for the optimizer"),
        about=_STEPS,
    ),
    _asked(
        "n_updates",
        "updates",
        lambda limits: (
            limits.very_few_updates,
            limits.few_updates,
            limits.many_updates,
            limits.very_many_updates,
        ),
        ("very_few", "only {count} updates were made"),
        ("few", "only {count} updates were made"),
        ("enough", "{count} updates were made"),
        ("many", "{count} updates were made"),
        ("very_many", "{count} updates were made"),
        about=_TIME,
    ),
    _asked(
        "narrowest_layer",
        "width",
        lambda limits: (limits.narrow_layer, limits.middling_layer, limits.wide_layer - 1),
        ("narrow", "the narrowest hidden layer has {count} units"),
        ("middling", "the narrowest hidden layer has {count} units"),
        ("usual", "the narrowest hidden layer has {count} units"),
        ("wide", "the narrowest hidden layer has {count} units"),
        about=_SIZE,
    ),
    Question(
        "squeeze",
        ("n_features", "narrowest_layer"),
        _ratio("n_features", "narrowest_layer"),
        lambda limits: (1.0, limits.features_per_unit / 2.0, limits.features_per_unit),
        (
            Answer("none", "no layer is narrower than the input"),
            Answer("some", "the narrowest layer has fewer units than there are features"),
            Answer("strong", "the narrowest layer has to take {count} features a unit"),
            Answer("bottleneck", "the narrowest layer has to take {count} features a unit"),
        ),
        _SIZE,
    ),
    _asked(
        "depth",
        "depth",
        lambda limits: (limits.shallow_depth, limits.deep_depth - 1),
        ("shallow", "{count} layers"),
        ("some", "{count} layers"),
        ("deep", "{count} layers"),
        about=_LENGTH,
    ),
    Question(
        "freedom",
        ("n_parameters", "n_train"),
        _ratio("n_parameters", "n_train"),
        lambda limits: (limits.little_freedom, 1.0, limits.much_freedom),
        (
            Answer("little", "it has far fewer weights than training rows"),
            Answer("some", "it has fewer weights than training rows"),
            Answer("much", "it has more weights than training rows"),
            Answer("very_much", "it has {count} weights for each training row"),
        ),
        _SIZE,
    ),
    _asked(
        "effective_minority_share",
        "rarer_class",
        lambda limits: (limits.very_rare_share, limits.rare_share, limits.balanced_share),
        ("very_rare", "one class is very rare"),
        ("rare", "one class is rare"),
        ("uneven", "one class is rarer than the other"),
        ("balanced", "the classes are balanced"),
        about=("class_imbalance", "too_few_rows"),
    ),
    _yes_or_no(
        "siblings_learned",
        "sibling_learned",
        "no sibling run learned on the same data",
        "a sibling run learned on the same data",
    ),
)
"""How it was trained, on what."""

QUESTIONS: Final[tuple[Question, ...]] = (*LOSS, *HELD_BACK, *PREDICTIONS, *SETTINGS)
