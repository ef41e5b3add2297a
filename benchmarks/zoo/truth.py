"""What is true of a run: decided by its predictions, not by what was meant to happen.

The rule, in order. "Skill" is 1 - cross-entropy / chance level, measured in inference mode; "judged" rows
are rows that the network was not trained on; thresholds are the fields of :class:`Boundaries`.

1. ``diverged``: the last logged loss or a prediction is not a number.
2. ``inconsistent``: the logged loss is negative, or says that something was learned while the
   predictions do not, or stands at chance while the predictions rank the judged rows well. Where it stands
   near chance while the predictions are far above it, ``diverged`` is as true.
3. ``learning``: skill on the training rows and on the judged rows, risen during the training. Of these,
   ``escaped`` are those whose training skill stood within a narrow band around 0 for a fifth of the
   epochs before.
4. ``overfitting``: skill on the training rows, none on the judged rows.
5. Neither: ``unstable`` when the logged loss jumps; ``diverged`` when the training skill is far below 0
   and does not rise; ``slow`` when it still rises; else ``stalled``.

Near a boundary two verdicts are equally true: ``acceptable`` holds both, ``verdict`` the one that the
rule gives. Where the run's own validation loss and the judged rows disagree about skill, two samples of
rows have spoken, and both verdicts stand. A discriminator at chance is ``benign`` when its generator has
come near the real points; a preference training is when it was looked at during its first steps and the
policy has moved.

The cause of a run in trouble is the injected fault, if that fault can do this and its twin without the
fault learned; measured states that are just as true (dead units, vanished gradients) are added. Labels
without signal need no twin. A network that overfits labels which carry signal had too few rows for its
freedom. Where none of this is known there is no cause to be right about: ``causes`` is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.zoo.architectures import ARCHITECTURES
from benchmarks.zoo.outcome import Outcome
from benchmarks.zoo.plan import TrainingPlan
from mlflow_bce_monitor.contract import NO_CAUSE, Verdict
from mlflow_bce_monitor.records import RunRecord

FloatArray = npt.NDArray[np.float64]
Verdicts = frozenset[Verdict]

VALIDATION_LOSS: Final = "val_loss"

LOSS_NAMES: Final = ("loss", "d_loss")
"""The logged training loss: of everything, and of a discriminator."""


@dataclass(frozen=True)
class Boundaries:
    """Thresholds of the rule. Skills are shares of the chance level."""

    # skill: below it nobody would call the labels explained; 1/50 of their entropy.
    skill: float = 0.02
    # skill: from here to `skill`, and as far above it, a run is as much the one as the other.
    grey: float = 0.01
    # training skill that is memorising when nothing is left of it on judged rows: noise fitted by a
    # logistic model of a tenth as many columns as rows reaches 0.05.
    memorised: float = 0.05
    # training skill: loss above 5/4 of chance is far above it.
    far_below: float = -0.25
    # training skill: twice the chance level is not near chance even if it falls.
    out_of_sight: float = -1.0
    # skill: loss more than a tenth above chance is no longer "at chance" without question.
    near_chance: float = -0.1
    # gain of training skill over the last half of the epochs that is measurable progress.
    gain: float = 0.005
    # AUC and p-value of ranking judged rows well.
    ranks_well: float = 0.75
    p_value: float = 0.001
    # standard deviation of probabilities below which an output is constant.
    constant: float = 1e-6
    # standard deviation of probabilities that says nothing about the rows: worth a skill below 1e-5.
    constant_enough: float = 1e-3
    # noise of one logged loss about its trend, as a share of the chance level.
    jumpy: float = 0.1
    # share of the epochs, and number of measurements, that make a plateau.
    plateau_share: float = 0.2
    plateau_points: int = 3
    # a plateau rises at most this fraction as fast as the curve does afterwards, until it has made most
    # of its rise: else the curve only passes through.
    standing: float = 1 / 3
    most_of_rise: float = 0.8
    # generator: sliced Wasserstein distance to real points, as a share of that at the start.
    generator_near: float = 0.35
    # ratio of first-layer to total gradient norm at which gradients have vanished on the way.
    vanished: float = 1e-3
    # penalty, as a share of the chance level, that makes the logged loss another curve than the skill's.
    penalty: float = 0.1


BOUNDARIES: Final = Boundaries()

UNTROUBLED: Final = frozenset({Verdict.LEARNING, Verdict.ESCAPED, Verdict.BENIGN})

TOO_FEW_ROWS: Final = "too_few_rows"

_FLAT: Final = frozenset({Verdict.STALLED, Verdict.SLOW})
_WILD: Final = frozenset({Verdict.UNSTABLE, Verdict.DIVERGED})
_WRONG: Final = frozenset({Verdict.INCONSISTENT})
BRINGS_ABOUT: Final[dict[str, Verdicts]] = {
    "class_imbalance": _FLAT | {Verdict.OVERFITTING},
    "learning_rate_too_high": _FLAT | _WILD | _WRONG | {Verdict.OVERFITTING},
    "learning_rate_too_low": _FLAT | {Verdict.DIVERGED},
    "insufficient_capacity": _FLAT,
    "no_signal": _FLAT | {Verdict.OVERFITTING},
    "dead_relu": _FLAT | {Verdict.DIVERGED},
    "vanishing_gradients": _FLAT | _WILD,
    "zero_initialization": _FLAT,
    "frozen_parameters": _FLAT | {Verdict.DIVERGED},
    "over_regularization": _FLAT | _WILD | _WRONG,
    "constant_inputs": _FLAT | {Verdict.DIVERGED},
    "unscaled_inputs": _FLAT | _WILD | _WRONG | {Verdict.OVERFITTING},
    "output_loss_mismatch": _FLAT | _WILD | _WRONG,
    "too_few_steps": _FLAT | _WRONG | {Verdict.DIVERGED},
    "policy_equals_reference": _FLAT,
    "masked_labels": _FLAT,
}
"""Verdicts that each fault can be the cause of; with another verdict something else went wrong."""


@dataclass(frozen=True)
class Truth:
    """The truth about one run of the zoo; never visible in its :class:`RunRecord`.

    Attributes
    ----------
    plan, outcome
        What was planned, and what was measured.
    verdict
        What the rule gives.
    acceptable
        Verdicts that are not wrong: ``verdict`` and, near a boundary, its neighbours.
    causes
        Causes that are not wrong, in the contract's words; ("none",) for a run that is not in trouble,
        empty when the true cause was not established.
    """

    plan: TrainingPlan
    outcome: Outcome
    verdict: Verdict
    acceptable: Verdicts
    causes: frozenset[str]

    @property
    def group(self) -> tuple[str, str]:
        """Data set and architecture: the key for grouped cross-validation."""
        return self.plan.data.name, self.plan.network.architecture

    @property
    def is_clear(self) -> bool:
        """Whether only one verdict is right."""
        return len(self.acceptable) == 1


def judge(
    specimens: Sequence[tuple[TrainingPlan, RunRecord, Outcome]], limits: Boundaries = BOUNDARIES
) -> list[Truth]:
    """Return the truth about every run; all at once, because a fault is judged against its twin."""
    verdicts = {
        plan.plan_id: verdicts_of(plan, logged_loss(record), outcome, logged_validation(record), limits)
        for plan, record, outcome in specimens
    }
    truths = []
    for plan, _, outcome in specimens:
        verdict, acceptable = verdicts[plan.plan_id]
        twin = verdicts.get(plan.twin or "")
        twin_learned = plan.twin is None or (twin is not None and twin[0] in UNTROUBLED)
        causes = causes_of(plan, outcome, verdict, twin_learned=twin_learned, limits=limits)
        truths.append(Truth(plan, outcome, verdict, acceptable, causes))
    return truths


def logged_loss(record: RunRecord) -> FloatArray:
    """Return the logged training loss by step, shape (n_points,); the last point of a step counts."""
    return _by_step(record, next(name for name in LOSS_NAMES if name in record.histories))


def logged_validation(record: RunRecord) -> float | None:
    """Return the last logged validation loss, None when there is none or it is not a number."""
    if VALIDATION_LOSS not in record.histories:
        return None
    last = float(_by_step(record, VALIDATION_LOSS)[-1])
    return last if np.isfinite(last) else None


def _by_step(record: RunRecord, name: str) -> FloatArray:
    history = record.histories[name]
    by_step = dict(zip(history.steps.tolist(), history.values.tolist(), strict=True))
    return np.array([by_step[step] for step in sorted(by_step)])


def verdicts_of(
    plan: TrainingPlan,
    losses: FloatArray,
    outcome: Outcome,
    validation: float | None = None,
    limits: Boundaries = BOUNDARIES,
) -> tuple[Verdict, Verdicts]:
    """Return the verdict of the rule and all verdicts that are not wrong.

    Parameters
    ----------
    losses
        The logged training loss by step, shape (n_points,).
    validation
        The last logged validation loss, where there is one.
    """
    if not _is_finite(losses, outcome):
        return _only(Verdict.DIVERGED)
    if plan.family == "adversarial":
        return _contest(outcome, limits)
    if plan.kind == "benign":
        return _only(Verdict.BENIGN)
    claimed = _validation_skill(plan, validation, outcome)
    return _contradiction(losses, outcome, limits) or _by_skill(plan, losses, outcome, claimed, limits)


def _validation_skill(plan: TrainingPlan, validation: float | None, outcome: Outcome) -> float | None:
    """Return the skill that the last logged validation loss shows, its penalty taken off."""
    if validation is None:
        return None
    # Class weights do not enter a validation loss; smoothing and focusing do.
    chance = outcome.judged_chance if plan.network.loss == "crossentropy" else outcome.logged_chance
    return 1 - (validation - outcome.penalty) / chance


def _is_finite(losses: FloatArray, outcome: Outcome) -> bool:
    largest = np.finfo(np.float64).max  # what an SQL store keeps of an infinity
    return bool(
        np.isfinite([losses[-1], outcome.train_skill, outcome.judged_skill]).all()
        and abs(losses[-1]) < largest
    )


def _by_skill(
    plan: TrainingPlan,
    losses: FloatArray,
    outcome: Outcome,
    claimed: float | None,
    limits: Boundaries,
) -> tuple[Verdict, Verdicts]:
    if outcome.train_skill >= limits.skill and outcome.judged_skill >= limits.skill:
        if _rise(outcome) < limits.gain:  # an untrained network that is right by luck
            return _only(Verdict.STALLED, Verdict.LEARNING, Verdict.SLOW)
        return _learned(losses, outcome, claimed, limits)
    if outcome.train_skill >= limits.memorised:
        return _memorised(plan, outcome, claimed, limits)
    return _not_learned(plan, losses, outcome, limits)


def _only(verdict: Verdict, *others: Verdict) -> tuple[Verdict, Verdicts]:
    return verdict, frozenset({verdict, *others})


def _contest(outcome: Outcome, limits: Boundaries) -> tuple[Verdict, Verdicts]:
    extra = dict(outcome.extra)
    is_near = extra["generator_distance"] <= limits.generator_near * extra["generator_distance_at_start"]
    at_chance = outcome.train_skill < limits.memorised
    if at_chance and is_near:
        return _only(Verdict.BENIGN)
    if at_chance:
        return _only(Verdict.STALLED)
    return _only(Verdict.LEARNING, *([Verdict.BENIGN] if is_near else []))


def _logged_skill(losses: FloatArray, outcome: Outcome) -> float:
    """Return the skill that the last logged loss claims, its penalty taken off."""
    return 1 - (float(losses[-1]) - outcome.penalty) / outcome.logged_chance


def _contradiction(
    losses: FloatArray, outcome: Outcome, limits: Boundaries
) -> tuple[Verdict, Verdicts] | None:
    claimed = _logged_skill(losses, outcome)
    if losses.min() < 0:
        return _only(Verdict.INCONSISTENT, Verdict.DIVERGED)
    if claimed > limits.memorised + limits.skill and outcome.train_skill < limits.skill:
        if outcome.prediction_spread < limits.constant:
            return _only(Verdict.INCONSISTENT)
        # Batch normalisation or dropout: training mode and inference mode disagree.
        return _only(
            Verdict.INCONSISTENT, Verdict.OVERFITTING, Verdict.LEARNING, Verdict.SLOW, Verdict.UNSTABLE
        )
    if claimed > limits.far_below and outcome.train_skill < limits.out_of_sight:
        # The loss stands near chance or below, and the predictions cost twice as much and more.
        return _only(Verdict.DIVERGED, Verdict.INCONSISTENT, Verdict.UNSTABLE)
    ranks = outcome.judged_auc >= limits.ranks_well and outcome.judged_auc_p_value < limits.p_value
    spread = outcome.prediction_spread > limits.grey
    at_chance = limits.far_below < claimed < limits.skill and outcome.judged_skill < limits.skill
    if ranks and spread and at_chance and not _gain(outcome.trace.train_skill) >= limits.gain:
        return _only(Verdict.INCONSISTENT, Verdict.STALLED, Verdict.LEARNING)
    return None


def _learned(
    losses: FloatArray, outcome: Outcome, claimed: float | None, limits: Boundaries
) -> tuple[Verdict, Verdicts]:
    others: list[Verdict] = []
    if claimed is not None and claimed < limits.skill - limits.grey:
        others.append(Verdict.OVERFITTING)
    if min(outcome.train_skill, outcome.judged_skill) < limits.skill + limits.grey:
        others += [Verdict.SLOW, Verdict.STALLED]
    if _noise(losses) > limits.jumpy * outcome.logged_chance:
        others.append(Verdict.UNSTABLE)
    if not outcome.trace.epochs and _logged_at_chance(losses, outcome, limits) >= 0.5 * limits.plateau_share:
        others.append(Verdict.ESCAPED)
    in_band, below = _plateau_shares(outcome, limits)
    if in_band >= limits.plateau_share:
        return _only(
            Verdict.ESCAPED, *others, *([] if in_band >= 1.5 * limits.plateau_share else [Verdict.LEARNING])
        )
    if max(in_band, below) >= 0.5 * limits.plateau_share:
        others.append(Verdict.ESCAPED)
    return _only(Verdict.LEARNING, *others)


def _logged_at_chance(losses: FloatArray, outcome: Outcome, limits: Boundaries) -> float:
    """Return the share of the logged points within the band of chance."""
    skills = 1 - (losses - outcome.penalty) / outcome.logged_chance
    return float((np.abs(skills) < limits.skill).mean())


def _memorised(
    plan: TrainingPlan, outcome: Outcome, claimed: float | None, limits: Boundaries
) -> tuple[Verdict, Verdicts]:
    others: list[Verdict] = []
    if plan.logging.validation == "none" or outcome.judged_skill > limits.skill - limits.grey:
        others.append(Verdict.LEARNING)  # nothing that was logged could tell
    elif claimed is not None and claimed >= limits.skill:
        others.append(Verdict.LEARNING)
    if _gain(outcome.trace.judged_skill) >= limits.gain:
        others.append(Verdict.SLOW)  # it still comes closer to learning
    if outcome.train_skill < limits.memorised + limits.grey:
        others += [Verdict.STALLED, Verdict.SLOW]
    return _only(Verdict.OVERFITTING, *others)


def _not_learned(
    plan: TrainingPlan, losses: FloatArray, outcome: Outcome, limits: Boundaries
) -> tuple[Verdict, Verdicts]:
    gain, skill = _gain(outcome.trace.train_skill), outcome.train_skill
    if plan.network.loss == "focal":
        # Its best constant is not the share of positives, so a plain cross-entropy calls it far from chance.
        skill = _logged_skill(losses, outcome)
    others: list[Verdict] = []
    if skill > limits.skill - limits.grey and outcome.judged_skill > limits.skill - limits.grey:
        others.append(Verdict.LEARNING)
    if skill >= limits.skill:
        others.append(Verdict.OVERFITTING)
    if _noise(losses) > limits.jumpy * outcome.logged_chance:
        return _only(Verdict.UNSTABLE, Verdict.DIVERGED, *others)
    if skill < (limits.out_of_sight if gain >= limits.gain else limits.far_below):
        others += [Verdict.SLOW] if gain > limits.gain / 2 else []
        others += [Verdict.STALLED] if skill > 2 * limits.far_below else []
        return _only(Verdict.DIVERGED, *others)
    others += [Verdict.DIVERGED] if skill < limits.near_chance else []
    if outcome.penalty > limits.penalty * outcome.logged_chance and losses[-1] < losses[len(losses) // 2]:
        others.append(Verdict.SLOW)  # the penalty falls, and with it the loss that is minimised
    if gain < limits.gain:
        return _only(Verdict.STALLED, *others, *([Verdict.SLOW] if gain > limits.gain / 2 else []))
    # Memorising is progress on the training rows only, and a constant output on its way to the
    # share of positives learns nothing else: flat is as true of both.
    memorising = skill > 0 and outcome.judged_skill <= 0
    is_flat_too = gain < 2 * limits.gain or memorising or outcome.prediction_spread < limits.constant_enough
    return _only(Verdict.SLOW, *others, *([Verdict.STALLED] if is_flat_too else []))


def _noise(losses: FloatArray) -> float:
    """Return the robust standard deviation of one point about a smooth curve over the last half.

    Fourth differences: of a steep but smooth fall next to nothing is left of them.
    """
    fewest = 6
    tail = losses[len(losses) // 2 :]
    if len(tail) < fewest:
        return 0.0
    # 1.4826: median absolute deviation to standard deviation; sqrt(70): a difference sums 1, -4, 6, -4, 1.
    return float(1.4826 * np.median(np.abs(np.diff(tail, n=4))) / np.sqrt(70))


def _gain(trace: Sequence[float]) -> float:
    """Return the rise of a skill over the last half: medians of its last and first third."""
    skills = np.array(trace)
    tail = skills[len(skills) // 2 :]
    if len(tail) == 0:
        return 0.0
    third = max(len(tail) // 3, 1)
    return float(np.median(tail[-third:]) - np.median(tail[:third]))


def _rise(outcome: Outcome) -> float:
    """Return the rise of the training skill since before the training; infinite when it was not measured."""
    skills = outcome.trace.train_skill
    return outcome.train_skill - skills[0] if skills else float("inf")


def _plateau_shares(outcome: Outcome, limits: Boundaries) -> tuple[float, float]:
    """Return the shares of the epochs before learning spent near chance, and spent there or below it."""
    # The untrained network is no part of the curve that is logged.
    epochs, skills = np.array(outcome.trace.epochs[1:]), np.array(outcome.trace.train_skill[1:])
    learned = np.flatnonzero(skills >= limits.skill)
    before = int(learned[0]) if len(learned) else len(skills)
    if before < limits.plateau_points:
        return 0.0, 0.0
    below = float(epochs[before - 1] / epochs[-1])
    band = np.flatnonzero(np.abs(skills[:before]) < limits.skill)
    if len(band) < limits.plateau_points or not _stands(epochs, skills, band, limits):
        return 0.0, below
    return float((epochs[band[-1]] - epochs[band[0]] + 1) / epochs[-1]), below


def _stands(epochs: FloatArray, skills: FloatArray, band: npt.NDArray[np.int64], limits: Boundaries) -> bool:
    """Return whether the skill rises much more slowly in the band than on most of its way up afterwards."""
    first, last = int(band[0]), int(band[-1])
    most = skills[last] + limits.most_of_rise * (skills[-1] - skills[last])
    reached = last + 1 + int(np.argmax(skills[last + 1 :] >= most)) if last + 1 < len(skills) else last
    if reached == last:
        return True  # it never left the band
    inside = (skills[last] - skills[first]) / (epochs[last] - epochs[first])
    after = (skills[reached] - skills[last]) / (epochs[reached] - epochs[last])
    return bool(inside <= limits.standing * after)


def causes_of(
    plan: TrainingPlan,
    outcome: Outcome,
    verdict: Verdict,
    *,
    twin_learned: bool,
    limits: Boundaries = BOUNDARIES,
) -> frozenset[str]:
    """Return the causes that are not wrong."""
    if verdict is Verdict.BENIGN:
        return frozenset(
            {NO_CAUSE} | ({"adversarial_equilibrium"} if plan.family == "adversarial" else set())
        )
    if verdict in UNTROUBLED:
        return frozenset({NO_CAUSE})
    causes = _measured_causes(plan, outcome, limits)
    # Shuffled labels carry no signal, whatever the network might have made of sound ones.
    established = twin_learned or plan.fault == "no_signal"
    injected = plan.fault if verdict in BRINGS_ABOUT.get(plan.fault, ()) and established else NO_CAUSE
    if injected != NO_CAUSE:
        causes |= {injected} | _equally_true(plan, outcome, verdict)
    elif plan.fault == NO_CAUSE and verdict is Verdict.SLOW and not causes:
        causes |= {"too_few_steps", "learning_rate_too_low"}
    elif verdict is Verdict.OVERFITTING:
        causes |= {TOO_FEW_ROWS}
    return frozenset(causes)


def _measured_causes(plan: TrainingPlan, outcome: Outcome, limits: Boundaries) -> set[str]:
    """Return the states of the finished network that keep it from learning whatever was injected."""
    if outcome.prediction_spread > limits.grey or plan.fault in {"constant_inputs", "frozen_parameters"}:
        return set()
    if outcome.dead_unit_share == 1.0 and not _has_bypass(plan):
        # Where no unit lives because no weight ever was anything but zero, both words say the same.
        return {"dead_relu"} | ({"zero_initialization"} & {plan.fault})
    is_deep = plan.family == "labels" and ARCHITECTURES[plan.network.architecture].stratum == "deep"
    first, total = outcome.first_layer_gradient_norm, outcome.gradient_norm
    if is_deep and 0 < first < limits.vanished * total:
        return {"vanishing_gradients"}
    return set()


def _has_bypass(plan: TrainingPlan) -> bool:
    """Whether something passes by the activations, so that dead units do not hold up the training."""
    architecture = ARCHITECTURES.get(plan.network.architecture)
    return architecture is not None and architecture.has_bypass


def _equally_true(plan: TrainingPlan, outcome: Outcome, verdict: Verdict) -> set[str]:
    """Return the words that say the same of this run as the injected fault."""
    wild = verdict in _WILD or outcome.dead_unit_share == 1.0
    if plan.fault == "unscaled_inputs" and wild:
        return {"learning_rate_too_high"}
    if plan.fault == "too_few_steps":
        return {"learning_rate_too_low"}  # a larger rate would have done in these steps
    if plan.fault == "learning_rate_too_low" and verdict is Verdict.SLOW:
        return {"too_few_steps"}
    if plan.fault == "class_imbalance" and verdict is Verdict.OVERFITTING:
        return {TOO_FEW_ROWS}  # of the rarer class
    if plan.fault == "frozen_parameters" and plan.family == "preference":
        return {"policy_equals_reference"}
    return set()
