"""evidence -> verdict: what the run is doing, judged at its end.

The judges stand in the order in which they are asked; the first that has an answer
gives it. Each takes the evidence and returns a judgement or None.

The central question is whether the loss at the end is below its chance level by more
than the model could have memorised. Held-back data decide it when they were logged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import Limits

CLEAR: Final = 0.95
"""Confidence of a verdict whose numbers are far from every limit."""

LIKELY: Final = 0.8
"""Confidence of a verdict whose numbers lie near a limit, or that lacks one source."""

OPEN: Final = 0.6
"""Confidence of a verdict that another reading of the same curve would contradict."""

ASSUMED_CEILING: Final = 0.5
"""Nothing but the name "loss" is known: the verdict is right only if the loss is what we assume."""

Judge = Callable[[Evidence, Limits], "Judgement | None"]


def judge(evidence: Evidence, limits: Limits) -> Judgement:
    """Return the verdict on one run with a recognised loss.

    Parameters
    ----------
    evidence
        As gathered; facts that are missing weaken the confidence, never raise.
    """
    for one in JUDGES:
        judgement = one(evidence, limits)
        if judgement is not None:
            return _no_surer_than_the_loss(judgement, evidence)
    raise AssertionError("the last judge always answers")


def _no_surer_than_the_loss(judgement: Judgement, evidence: Evidence) -> Judgement:
    if evidence["loss_certainty"] != "assumed":
        return judgement
    because = f"{judgement.because}; that this loss is a binary cross-entropy is assumed from its name alone"
    return Judgement(judgement.verdict, min(judgement.confidence, ASSUMED_CEILING), because)


def _not_a_number(evidence: Evidence, _: Limits) -> Judgement | None:
    if evidence["ends_non_finite"]:
        return Judgement(Verdict.DIVERGED, CLEAR, "the loss ends in NaN or infinity")
    return None


def _below_zero(evidence: Evidence, _: Limits) -> Judgement | None:
    if evidence["negative_loss"]:
        because = "the loss falls below zero, which no cross-entropy of labels 0 and 1 can"
        return Judgement(Verdict.INCONSISTENT, CLEAR, because)
    return None


def _normal_at_chance(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Say "benign" where chance is the expected state."""
    if "end_skill" not in evidence:
        return None
    band = limits.unvalidated_band if evidence["adversarial"] else limits.chance_band
    if abs(evidence.number("end_skill")) > band:
        return None
    if evidence["adversarial"] and not _stands_still(evidence, limits):
        because = "a discriminator at its chance level cannot tell real from generated: equilibrium"
        return Judgement(Verdict.BENIGN, LIKELY, because)
    if evidence["preference_loss"] and evidence.number("n_points") <= limits.preference_first_points:
        because = (
            "a preference loss starts at exactly ln 2, where the policy still equals its reference; "
            f"{evidence.number('n_points'):.0f} points are its first steps"
        )
        return Judgement(Verdict.BENIGN, LIKELY, because)
    return None


def _stands_still(evidence: Evidence, limits: Limits) -> bool:
    """Whether the loss repeats one number, or steps are too small to play: no equilibrium was reached."""
    if evidence.number_or("rate_ratio", 1.0) <= limits.rate_far_below:
        return True
    still = evidence.number_or("movement", 1.0) < limits.untouched
    return still and evidence.number("n_points") >= limits.min_points


def _too_few_points(evidence: Evidence, limits: Limits) -> Judgement | None:
    points = int(evidence.number("n_points"))
    if points >= limits.min_points:
        return None
    if points > 1 and _learned_beyond_doubt(evidence, limits):
        because = f"skill {evidence.number('end_skill'):.2f} after {points} points"
        return Judgement(Verdict.LEARNING, OPEN, because)
    plural = "" if points == 1 else "s"
    because = f"{points} point{plural} of the loss; {limits.min_points} are needed to judge flatness"
    return Judgement(Verdict.INCONCLUSIVE, CLEAR, because)


def _learned_beyond_doubt(evidence: Evidence, limits: Limits) -> bool:
    clear = evidence.number("end_skill") > limits.clear_skill and bool(evidence["share_known"])
    return clear and evidence.number_or("validation_skill", 1.0) > limits.chance_band


def _far_above_chance(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge a loss far above both its chance level and the loss of predicting 0.5 for everything.

    An unknown share of positives can only lower the chance level: far above stays far above.
    """
    times = evidence.number("end_ratio")
    if times <= limits.far_above:
        return _far_above_on_held_back(evidence, limits)
    fall = evidence.number("end_fall")
    if evidence["end_falling"] and fall > limits.far_fall * times and _within_reach(times, fall, limits):
        because = f"the loss is {times:.2g} times that of predicting 0.5 for everything, and still falling"
        return Judgement(Verdict.SLOW, LIKELY, because)
    if evidence.number("end_spread") > limits.unstable_noise * times:
        because = f"the loss jumps about a level {times:.2g} times that of predicting 0.5 for everything"
        return Judgement(Verdict.UNSTABLE, LIKELY, because)
    because = f"the loss stays at {times:.2g} times that of predicting 0.5 for everything"
    return Judgement(Verdict.DIVERGED, CLEAR, because)


def _within_reach(times: float, fall: float, limits: Limits) -> bool:
    """Whether a run of the same length again would come near chance at the pace of the last half."""
    kept = times / (times + fall)  # what the last half left of the loss; the next run has two halves
    return times * kept**2 <= limits.far_above


def _far_above_on_held_back(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a validation loss beyond reach beside a training loss at chance or above."""
    times = evidence.number_or("validation_end_ratio", 0.0)
    if times <= limits.far_above**2 or evidence.number("end_skill") > limits.chance_band:
        return None
    if evidence.number_or("validation_auc", 0.5) >= limits.auc_with_signal:
        return None
    because = f"the validation loss stays at {times:.2g} times that of predicting 0.5 for everything"
    return Judgement(Verdict.DIVERGED, LIKELY, because)


def _penalty_alone(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss above chance by the same on both splits: a penalty, over no prediction."""
    if not evidence.get("common_excess", False) or evidence.number("end_skill") > 0.0:
        return None
    if not evidence["end_falling"]:
        return None  # certain, wrong predictions cost the same on both splits as well, and stay
    if evidence.number_or("accuracy_gain", 0.0) > limits.unvalidated_band:
        return None
    if evidence.number_or("validation_auc", 0.5) >= limits.auc_with_signal:
        return None
    because = (
        "the loss stands above chance by the same on training and validation data, as a penalty on the "
        "weights does; the rest of it is at chance"
    )
    return Judgement(Verdict.STALLED, OPEN, because)


def _inflated(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find predictions that carry information under a loss that stands above chance.

    A regularisation penalty or sample weights that were not logged lift the loss; they do
    not enter the AUC or the accuracy.
    """
    if evidence.number("end_skill") > -limits.chance_band or not _moved(evidence, limits):
        return None
    if evidence.number("end_ratio") > limits.far_above**2 and not evidence.get("common_excess", False):
        return None  # that far above chance, certain and wrong predictions are the better explanation
    if evidence.number_or("validation_skill", 0.0) > limits.chance_band:
        return None
    area = evidence.number_or("validation_auc", evidence.number_or("auc", 0.5))
    if area >= limits.auc_contradiction:
        because = (
            f"the AUC is {area:.2f}; the loss carries something besides the cross-entropy, such as a penalty"
        )
        return Judgement(Verdict.LEARNING, OPEN, because)
    gain = evidence.number_or("accuracy_gain", 0.0)
    if area == 0.5 and gain > limits.accuracy_contradiction:  # noqa: PLR2004 - no AUC was logged
        because = f"accuracy is {gain:.2f} above that of one class; the loss carries a penalty or weights"
        return Judgement(Verdict.LEARNING, OPEN, because)
    return None


def _moved(evidence: Evidence, limits: Limits) -> bool:
    return evidence.number_or("movement", 0.0) >= limits.hardly_moves


def _jumping(evidence: Evidence, limits: Limits) -> Judgement | None:
    skill = evidence.number("end_skill")
    for name, whose in (("end_spread", "loss"), ("validation_spread", "validation loss")):
        spread = evidence.number_or(name, 0.0)
        if name == "validation_spread" and skill > limits.surely_fitted:
            continue  # what was learned stands, and a memorised training set makes held-back losses jump
        if spread > limits.unstable_noise and skill <= limits.unstable_sigmas * spread:
            because = f"over the last half the {whose} jumps by {spread:.0%} of its chance level at each point"
            return Judgement(Verdict.UNSTABLE, LIKELY, because)
    return None


def _below_from_the_start(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss that began below ln 2 and never fell: nothing was learned in this run."""
    if evidence["share_known"] or evidence.number("end_skill") <= limits.unvalidated_band:
        return None
    if evidence.number("total_fall") > 0.0:
        return None
    because = f"at {evidence.number('end_level'):.4f} the loss is below ln 2 but never fell"
    return Judgement(Verdict.INCONCLUSIVE, LIKELY, f"{because}; the share of positives is not known")


def _share_not_known(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Judge a loss below ln 2 whose chance level is only bounded.

    Every share of positives has a chance level of at most ln 2, so a loss *at* ln 2 is
    at or above chance whatever the share. A loss below it may be skill, or the entropy
    of imbalanced labels.
    """
    if evidence["share_known"] or evidence.number("end_skill") <= limits.unvalidated_band:
        return None
    if evidence.number_or("validation_skill", 1.0) <= 0.0:
        return None  # a validation loss above ln 2 has no skill for any share
    if _fell_back(evidence, limits):
        because = "the training loss goes to zero, and the validation loss has risen back towards chance"
        return Judgement(Verdict.OVERFITTING, OPEN, because)
    if _ranks(evidence, limits):
        return _escaped_or_learning(
            "the loss is below ln 2 and the AUC is above chance", LIKELY, evidence, limits
        )
    if evidence.number_or("one_class_accuracy_gap", 0.0) > limits.one_class_gap:
        because = (
            f"the loss fell to {evidence.number('end_level'):.4f}, and the accuracy is not that of one class "
            "for everything, which this loss would mean at chance"
        )
        return _escaped_or_learning(because, LIKELY, evidence, limits)
    return _skill_or_imbalance(evidence, limits)


def _skill_or_imbalance(evidence: Evidence, limits: Limits) -> Judgement:
    """Judge a loss below ln 2 beside which nothing tells skill from imbalanced labels."""
    level = f"{evidence.number('end_level'):.4f}"
    if evidence.number("end_level") < limits.rarest_level:
        because = f"the loss is {level}, which at chance would mean fewer positives than one in five hundred"
        return _escaped_or_learning(because, LIKELY, evidence, limits)
    if evidence.number("end_flat_fraction") >= limits.flat_early:
        because = (
            f"flat at {level} from early on: the chance level of imbalanced labels or a limit of the model; "
            "the share of positives would tell, and it is not known"
        )
        return Judgement(Verdict.INCONCLUSIVE, LIKELY, because)
    because = (
        f"the loss fell to {level}, below ln 2; how much of that is skill depends on the share of "
        "positives, which is not known"
    )
    return _escaped_or_learning(because, OPEN, evidence, limits)


def _fell_back(evidence: Evidence, limits: Limits) -> bool:
    """Whether the validation loss lost what it had while the training loss went to nearly zero."""
    if "validation_skill" not in evidence or evidence.number("end_skill") < limits.surely_fitted:
        return False
    held_back = evidence.number("validation_skill")  # at most this, the share being unknown
    lost = evidence.number("best_validation_skill") - held_back
    return held_back < limits.clear_skill and lost > limits.fallen_back


def _escaped_or_learning(because: str, confidence: float, evidence: Evidence, limits: Limits) -> Judgement:
    """Tell a run that stood at chance first from one that set out at once."""
    share = max(evidence.number("plateau_fraction"), evidence.number("stand_fraction"))
    enough = limits.escaped_preference_fraction if evidence["preference_loss"] else limits.escaped_fraction
    if share >= enough:
        return Judgement(Verdict.ESCAPED, LIKELY, f"{share:.0%} of the run stood at chance; then {because}")
    return Judgement(Verdict.LEARNING, confidence, because)


def _ranks(evidence: Evidence, limits: Limits) -> bool:
    """Whether an AUC says that the predictions carry information, the held-back one first."""
    for name in ("validation_auc", "auc"):
        if name in evidence:
            return evidence.number(name) >= limits.auc_with_signal
    return False


def _training_skill(evidence: Evidence, limits: Limits) -> bool:
    margin = max(limits.chance_band, limits.error_sigmas * evidence.number("end_skill_error"))
    return evidence.number("end_skill") > margin


def _more_than_memorised(evidence: Evidence, limits: Limits) -> bool:
    """Whether training skill exceeds what a network memorises of labels that cannot be learned.

    It memorises a number of nats, not a share of them: with few rows, or few positives
    among them, that is a large skill.
    """
    skill = evidence.number("end_skill")
    if skill <= limits.unvalidated_band or skill > limits.memorised_skill:
        return skill > limits.unvalidated_band
    return evidence.number_or("training_gain", limits.memorised_gain) >= limits.memorised_gain


def _validation_skill(evidence: Evidence, limits: Limits) -> bool:
    """Whether held-back data show skill, by size, by what it is worth over all their rows, and by ranking.

    A small skill counts when the ranking confirms it; one on too few rows to tell, when
    the training data show it as well. No skill counts against a ranking at chance: where
    training was weighted or resampled, a mere shift of all predictions lowers the loss.
    """
    skill = evidence.number("validation_skill")
    if "validation_auc" in evidence and not _ranks_held_back(evidence, limits):
        return False
    if skill < limits.clear_skill and not _moved(evidence, limits):
        return False  # what the first weights happened to give is not learned
    if skill <= limits.chance_band:
        gap = evidence.number("end_skill") - skill
        return skill > 0 and gap <= limits.unvalidated_band and _ranks(evidence, limits)
    if (
        evidence.number_or("base_rate_headroom", 0.0) > limits.chance_band
        and "validation_auc" not in evidence
    ):
        return _more_than_memorised(evidence, limits)
    if evidence.number_or("validation_gain", limits.validation_gain) >= limits.validation_gain:
        return True
    return _training_skill(evidence, limits)


def _ranks_held_back(evidence: Evidence, limits: Limits) -> bool:
    """Whether the held-back AUC exceeds one half by more than its error, as far as that is known."""
    area = evidence.number("validation_auc")
    error = evidence.number_or("validation_auc_error", 0.0)
    return area >= max(limits.auc_at_chance, 0.5 + limits.auc_errors * error)


def _without_held_back_skill(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Tell overfitting from chance where a validation loss was logged and shows no skill."""
    if "validation_skill" not in evidence or _validation_skill(evidence, limits):
        return None
    if not _training_skill(evidence, limits) or not _more_than_memorised(evidence, limits):
        return None
    if evidence["validation_falling"] and evidence.number("validation_fall") > limits.slow_fall:
        because = "training skill, and the validation loss is still falling towards its chance level"
        return Judgement(Verdict.SLOW, OPEN, because)
    because = (
        f"training skill {evidence.number('end_skill'):.2f}, "
        f"validation skill {evidence.number('validation_skill'):.2f}"
    )
    return Judgement(Verdict.OVERFITTING, CLEAR, because)


def _lost_at_the_end(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a run that had learned and whose very last point is back at chance or above."""
    if evidence.number_or("last_leap", 0.0) < limits.last_leap:
        return None
    if evidence.number("last_skill") > limits.chance_band or evidence.number("n_points") > limits.few_points:
        return None
    because = "it had learned, and the last point is back at chance: the next epochs would tell"
    return Judgement(Verdict.UNSTABLE, OPEN, because)


def _learned(evidence: Evidence, limits: Limits) -> Judgement | None:
    skill = evidence.number("end_skill")
    if "validation_skill" in evidence:
        held_back = evidence.number("validation_skill")
        if not _validation_skill(evidence, limits):
            return None
        because = f"skill {skill:.2f} on the training and {held_back:.2f} on the validation data"
        confidence = CLEAR if held_back > 2 * limits.chance_band else LIKELY
    elif _training_skill(evidence, limits) and _more_than_memorised(evidence, limits):
        because = f"the loss is {skill:.0%} below its chance level"
        confidence = CLEAR if skill > limits.clear_skill else LIKELY
    else:
        return None
    return _escaped_or_learning(because, confidence, evidence, limits)


def _contradicted(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a flat loss at chance beside predictions that are clearly better than chance.

    A model that has not moved at all may rank well by luck of its first weights.
    """
    if evidence["end_falling"] or not _moved(evidence, limits):
        return None
    if evidence.number("end_skill") > limits.unvalidated_band:
        return None  # skill that may be memorised is no loss at chance
    for name in ("validation_auc", "auc"):
        if name not in evidence:
            continue
        area = evidence.number(name)
        if area >= limits.auc_contradiction:
            because = f"the loss is at chance and flat, yet the AUC is {area:.2f}"
            return Judgement(Verdict.INCONSISTENT, LIKELY, because)
        return None
    if "accuracy_gain" in evidence and evidence.number("accuracy_gain") > limits.accuracy_contradiction:
        gain = evidence.number("accuracy_gain")
        because = (
            f"the loss is at chance and flat, yet accuracy is {gain:.2f} above always predicting one class"
        )
        return Judgement(Verdict.INCONSISTENT, LIKELY, because)
    return None


def _loss_without_predictions(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a loss far below chance beside predictions that are all one class.

    Keras keeps the logits behind a final activation: a one-unit softmax trains under
    ``binary_crossentropy`` while it predicts 1.0 for everything.
    """
    if not evidence["share_known"] or evidence.number("end_skill") <= limits.inconsistent_skill:
        return None
    if evidence.number_or("minority_share", 0.0) < limits.balanced_share:
        return None  # a rare class may stay below the threshold 0.5 in a good model
    if not evidence.get("accuracy_constant", False) or evidence.number("accuracy_gain") > limits.chance_band:
        return None
    because = (
        f"the loss is {evidence.number('end_skill'):.0%} below chance, "
        "yet the accuracy is that of predicting one class for everything"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def _one_class_against_the_odds(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find predictions that are all of the *rarer* class beside a loss below that of predicting 0.5.

    Whoever lowers the loss moves the predictions towards the more frequent class first.
    """
    if (
        not evidence.get("accuracy_constant", False)
        or evidence.number("end_ratio") >= 1.0 - limits.chance_band
    ):
        return None
    if evidence.number_or("error_rate", 0.0) < 0.5 + limits.unvalidated_band:
        return None
    weighted = evidence.number_or("effective_minority_share", 0.0) != evidence.number_or(
        "minority_share", 1.0
    )
    if weighted:
        return None  # the weights make the rarer class the heavier one, or nothing is known of the shares
    because = (
        "the loss is below that of predicting 0.5 for everything, "
        f"yet {evidence.number('error_rate'):.0%} of the predictions are wrong: all are of the rarer class"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def _constant_in_inference(evidence: Evidence, limits: Limits) -> Judgement | None:
    """Find a network that ranks its training rows as it is trained, and gives one output when it is used."""
    if not evidence.get("constant_output", False) or evidence.number_or("validation_auc", 0.0) != 0.5:  # noqa: PLR2004
        return None
    area = evidence.number_or("auc", 0.5)
    if area < limits.auc_of_both:
        return None
    because = (
        f"the training AUC is {area:.2f}, yet held-back rows all get one output: "
        "the network predicts otherwise than it is trained, as with batch statistics that lag behind"
    )
    return Judgement(Verdict.INCONSISTENT, LIKELY, because)


def still_falling(evidence: Evidence, limits: Limits) -> bool:
    """Whether the training loss falls at its end, surely and by enough to matter."""
    return bool(evidence["end_falling"]) and evidence.number("end_fall") > limits.slow_fall


def _near_chance(evidence: Evidence, limits: Limits) -> Judgement:
    """Tell slow from stalled: the last question, which always has an answer."""
    skill = evidence.number("end_skill")
    falling = still_falling(evidence, limits)
    if falling and _improves_for_real(evidence, limits):
        fall = f"{evidence.number('end_fall'):.1%} of it"
        because = f"near chance (skill {_plain(skill)}) and still falling, by {fall} over the last half"
        return Judgement(Verdict.SLOW, LIKELY if "validation_skill" in evidence else OPEN, because)
    at_ln_2 = abs(skill) <= limits.chance_band
    confidence = CLEAR if at_ln_2 and (evidence["share_known"] or not falling) else LIKELY
    return Judgement(Verdict.STALLED, confidence, f"at chance (skill {_plain(skill)}) and not improving")


def _plain(skill: float) -> str:
    """Return three decimals, without the sign of a zero."""
    return f"{round(skill, 3) + 0.0:.3f}"


def _improves_for_real(evidence: Evidence, limits: Limits) -> bool:
    """Whether a falling training loss is more than memorising: held-back data improve as well."""
    if "validation_skill" not in evidence:
        return True
    if evidence.get("constant_output", False) or not evidence["validation_falling"]:
        return False
    if evidence.number("validation_skill") < 0.0:
        return (
            evidence.number("validation_fall") > limits.slow_fall
        )  # it comes down to chance, whatever it ranks
    if "validation_auc" in evidence:
        if evidence.number("validation_auc") < limits.auc_at_chance:
            return False
        if evidence.number("validation_auc") >= limits.auc_with_signal:
            return True
    rows = evidence.number_or("n_validation", math.inf)
    worth = evidence.number("validation_fall") * evidence.number("end_level") * rows
    return worth >= limits.validation_gain


JUDGES: Final[tuple[Judge, ...]] = (
    _not_a_number,
    _below_zero,
    _normal_at_chance,
    _too_few_points,
    _inflated,
    _penalty_alone,
    _far_above_chance,
    _loss_without_predictions,
    _one_class_against_the_odds,
    _constant_in_inference,
    _jumping,
    _below_from_the_start,
    _share_not_known,
    _lost_at_the_end,
    _without_held_back_skill,
    _learned,
    _contradicted,
    _near_chance,
)
