"""The run in words: its loss, its chance level, its skill, its tags.

The verdict is worded in ``headlines``, causes in ``reasons``, what all of it rests on in
``grounds``. Each function takes a :class:`~mlflow_bce_monitor.diagnosis.Diagnosis` and
returns plain text or small frozen tuples of it. Names that a run supplied are made printable here
(:func:`~mlflow_bce_monitor.report.plain_text.plain`); escaping for HTML, markdown or a
terminal is the renderers' business.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mlflow_bce_monitor import __version__, contract
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves.curve import LossCertainty, Split
from mlflow_bce_monitor.curves.names import Grain, core
from mlflow_bce_monitor.diagnosis import Diagnosis, SkillEstimate
from mlflow_bce_monitor.findings.finding import Plateau
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.plain_text import clause, plain, sentence, shortened

_ADVICE_LENGTH: Final = 120  # characters of the advice tag: what a wide column of the runs table shows
_METRIC_LENGTH: Final = 250  # characters of the metric tag: MLflow allows names no longer
_LOWEST_SKILL: Final = -1.0  # twice the chance level: how much worse than useless tells nothing more

# --- parts of sentences --------------------------------------------------------------


def run_title(diagnosis: Diagnosis) -> str:
    """Return the run's name, or its id when it has none that can be printed."""
    return plain(diagnosis.run_name) or diagnosis.run_id


def metric_name(diagnosis: Diagnosis) -> str:
    """Return the judged metric in quotes, "no metric" without one."""
    return f"'{plain(diagnosis.metric)}'" if diagnosis.metric is not None else "no metric"


def step_word(diagnosis: Diagnosis) -> str:
    """Return what one step of the judged metric is: "epoch" where that is known, else "step".

    Known is: the metric's name says so, or it has one point for each of the epochs
    that the run says it trained.
    """
    if diagnosis.metric is not None and core(diagnosis.metric)[2] is Grain.EPOCH:
        return "epoch"
    epochs, loss = diagnosis.evidence.get("n_epochs"), diagnosis.curves.loss
    return "epoch" if loss is not None and epochs == len(loss) else "step"


_TERM: Final = re.compile(r"(?:\d+ )?ln \d+|H\([\d.]+\)")


class Formula(NamedTuple):
    """How a chance level was computed: a term that equals it ("ln 2", "H(0.100)", or "") and remarks."""

    term: str
    remarks: tuple[str, ...]


def formula(chance: ChanceEstimate) -> Formula:
    """Return the formula of a chance level, taken apart."""
    parts = tuple(
        part.strip() for part in re.split(r"[,:] ", plain(chance.formula).removeprefix("at most").strip(", "))
    )
    if _TERM.fullmatch(parts[0]):
        return Formula(parts[0], parts[1:])
    return Formula("", tuple(part for part in parts if part))


def chance_value(chance: ChanceEstimate) -> str:
    """Return a chance level: "0.325 = H(0.100)", "at most 0.693 = ln 2", "1.248 (weighted)"."""
    term, remarks = formula(chance)
    bound = "" if chance.known else "at most "
    how = f" = {term}" if term else f" ({remarks[0]})" if remarks else ""
    return f"{bound}{numbers.nats(chance.value)}{how}"


def level(value: float, chance: ChanceEstimate | None) -> str:
    """Return a level near chance: "0.693 = ln 2", or with its chance level where the two differ in print."""
    shown = numbers.nats(value)
    if chance is None:
        return shown
    positives = _positives(chance)
    if shown != numbers.nats(chance.value):
        reference = f"{numbers.nats(chance.value)} for {positives}" if positives else chance_value(chance)
        return f"{shown} (chance level: {reference})"
    if positives:
        return f"{shown} (the chance level of {positives})"
    if formula(chance).term:
        return f"{shown} = {formula(chance).term}"
    return f"its chance level {chance_value(chance)}" if chance.known else f"its highest chance level {shown}"


def loss_against_chance(diagnosis: Diagnosis) -> str:
    """Return where the loss ends: "the loss is 0.34, below its chance level of 0.349 (11% positives)"."""
    chance, final = diagnosis.chance, diagnosis.final_loss
    if chance is None or final is None:
        return clause(diagnosis.judgement.because)
    loss, reference = numbers.told_apart(final, chance.value)
    side = "at" if loss == reference else "below" if final < chance.value else "above"
    near = abs(final - chance.value) <= diagnosis.limits.chance_band * chance.value
    just = "just " if near and loss != reference else ""
    how = _how_known(chance)
    return f"the loss is {loss}, {just}{side} its chance level of {_bound(chance)}{reference}" + (
        f" ({how})" if how else ""
    )


def _how_known(chance: ChanceEstimate) -> str:
    """Return what makes a chance level what it is, in a word or two: "ln 2", "11% positives", "weighted"."""
    term, remarks = formula(chance)
    return _positives(chance) or term or (remarks[0] if remarks else "")


def _positives(chance: ChanceEstimate) -> str:
    """Return "11% positives" where the chance level is the entropy of that share alone, else ""."""
    share = chance.share
    if share.value is None or not formula(chance).term.startswith("H("):
        return ""
    return f"{_about(share)}{numbers.percent(share.value)} positives"


def _about(share: ShareEstimate) -> str:
    return "" if share.low == share.high else "about "


def since(diagnosis: Diagnosis, plateau: Plateau) -> str:
    """Return when a plateau began: "from the start", "since epoch 4"."""
    if plateau.start == 0:
        return "from the start"
    return f"since {step_word(diagnosis)} {numbers.count(plateau.start_step)}"


def explained_share(skill: SkillEstimate, chance: ChanceEstimate | None) -> str:
    """Return the share of the labels a model explains: "55%", "at most 4%", "0%" from chance upwards."""
    share = numbers.percent(max(skill.value, 0.0))
    return share if share == "0%" else f"{_bound(chance)}{share}"


def _bound(chance: ChanceEstimate | None) -> str:
    """Return "at most " where a skill is an upper bound, because its chance level is."""
    return "at most " if chance is not None and not chance.known else ""


def explained(diagnosis: Diagnosis) -> str:
    """Return how much the model explains, as the end of a sentence."""
    if diagnosis.skill is None:
        return "how much the model explains is not known"
    return f"the model explains {explained_share(diagnosis.skill, diagnosis.chance)} of the labels"


def training_share(diagnosis: Diagnosis) -> str | None:
    """Return the share of the training labels the model explains at its end, None when not known."""
    if "end_skill" not in diagnosis.evidence:
        return None
    return numbers.percent(max(diagnosis.evidence.number("end_skill"), 0.0))


# --- the numbers ---------------------------------------------------------------------


def final_loss(diagnosis: Diagnosis) -> str:
    """Return the loss at the end: "0.325", "not a number, after 14.2", "not a number"."""
    ends_broken = diagnosis.findings is not None and diagnosis.findings.ends_non_finite
    if diagnosis.final_loss is None:
        return "not a number"
    value = numbers.nats(diagnosis.final_loss)
    return f"not a number, after {value}" if ends_broken else value


def skill(diagnosis: Diagnosis) -> str:
    """Return the skill as a share: "1.3%", "at most 4%", "-6%", "below -100%"; "" without one."""
    return "" if diagnosis.skill is None else _signed(diagnosis.skill, diagnosis.chance)


def validation_skill(diagnosis: Diagnosis) -> str:
    """Return the skill on the held-back twin like :func:`skill`."""
    held_back = diagnosis.validation_skill
    return "" if held_back is None else _signed(held_back, diagnosis.validation_chance)


def _signed(estimate: SkillEstimate, chance: ChanceEstimate | None) -> str:
    if estimate.value < _LOWEST_SKILL:
        return f"below {numbers.percent(_LOWEST_SKILL)}"
    return f"{_bound(chance)}{numbers.percent(estimate.value)}"


def skill_in_short(value: float) -> str:
    """Return a skill for a narrow column: "1.3%", "-6%", "< -100%"."""
    return f"< {numbers.percent(_LOWEST_SKILL)}" if value < _LOWEST_SKILL else numbers.percent(value)


def judges_validation(diagnosis: Diagnosis) -> bool:
    """Whether the numbers of the diagnosis are those of the held-back twin."""
    twin = diagnosis.curves.validation_loss
    return twin is not None and twin.name == diagnosis.metric


def skill_sentences(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what the skill means, for the judged metric and its held-back twin; () without skill."""
    if diagnosis.final_loss is not None and diagnosis.final_loss < 0.0:
        return ("A loss below zero is no cross-entropy, so there is no skill to tell.",)
    estimate, chance = diagnosis.skill, diagnosis.chance
    if estimate is None or chance is None:
        return ()
    of = "validation " if judges_validation(diagnosis) else ""
    said = [_skill_sentence(estimate, chance, of, diagnosis.limits.chance_band)]
    if not chance.known:
        said.append("If one class is rarer than the other, chance level and skill are lower.")
    elif numbers.percent(estimate.low) != numbers.percent(estimate.high):
        low, high = sorted((estimate.low, estimate.high))
        said.append(
            "The share of positives is not exact: "
            f"the skill lies between {numbers.percent(low)} and {numbers.percent(high)}."
        )
    held_back = diagnosis.validation_skill
    if held_back is not None and not judges_validation(diagnosis):
        share = explained_share(held_back, diagnosis.validation_chance)
        said.append(f"Of the validation labels it explains {share}.")
    if _contradicted(diagnosis, estimate):
        said.append("That is what the loss says; the predictions say otherwise.")
    return tuple(said)


def _contradicted(diagnosis: Diagnosis, estimate: SkillEstimate) -> bool:
    """Whether the verdict goes by the predictions, against the loss."""
    learned = diagnosis.verdict in (Verdict.LEARNING, Verdict.ESCAPED)
    return diagnosis.verdict is Verdict.INCONSISTENT or (learned and estimate.value <= 0.0)


def _skill_sentence(estimate: SkillEstimate, chance: ChanceEstimate, of: str, chance_band: float) -> str:
    if estimate.value < -chance_band:
        above = "at least " if not chance.known else ""
        return f"The {of}loss is {above}{_excess(-estimate.value)} that of the best constant prediction."
    share = numbers.percent(max(estimate.value, 0.0))
    if share == "0%":
        return f"The model explains 0% of the {of}labels: the best constant prediction does as well."
    known = f"{_bound(chance)}{share} of what there is to know about the {of}labels"
    return f"The model explains {known} (100% is a loss of 0)."


def _excess(share: float) -> str:
    """Return how far a loss lies above another: "23% above", "14 times"."""
    return f"{numbers.percent(share)} above" if share < 1.0 else f"{numbers.ratio(1.0 + share)} times"


def chance_sentence(diagnosis: Diagnosis) -> str:
    """Return how the chance level was obtained and how sure it is; "" when there is none."""
    chance = diagnosis.chance
    if chance is None:
        return ""
    share = chance.share
    source = clause(share.source).removeprefix("not known: ")
    because = f" ({source})" if source else ""
    if not chance.known:
        return (
            f"The chance level is {chance_value(chance)}, the highest that any share of positives gives: "
            f"the share is not known{because}."
        )
    said = f"The chance level is {chance_value(chance)}: the loss of the best constant prediction"
    if share.value is not None:
        said += f" for {_about(share)}{numbers.percent(share.value)} positives"
    said += because
    remarks = _remarks(chance)
    said += f"; {', '.join(remarks)}" if remarks else ""
    if numbers.nats(chance.low) != numbers.nats(chance.high):
        said += f". It lies between {numbers.nats(chance.low)} and {numbers.nats(chance.high)}"
    return f"{said}."


def _remarks(chance: ChanceEstimate) -> tuple[str, ...]:
    """Return what else enters a chance level than :func:`chance_value` shows, class weights in words."""
    term, remarks = formula(chance)
    given = dict(part.split("=", 1) for part in remarks if "=" in part)
    further = remarks if term else remarks[1:]
    if not {"w0", "w1"} <= given.keys():
        return further
    weights = f"class weights {given['w0']} for negatives and {given['w1']} for positives"
    return (weights, *(part for part in further if not part.startswith(("w0=", "w1=", "share "))))


def metric_sentence(diagnosis: Diagnosis) -> str:
    """Return which metric was judged and why it was taken for a binary cross-entropy; "" without one."""
    certainty, reason = diagnosis.curves.certainty, clause(diagnosis.curves.reason)
    if diagnosis.metric is None or certainty is None:
        return ""
    if certainty is LossCertainty.ASSUMED:
        return f"{metric_name(diagnosis)} is assumed to be a binary cross-entropy: only its name says so."
    said = "is" if certainty is LossCertainty.NAMED else "is taken for"
    return f"{metric_name(diagnosis)} {said} a binary cross-entropy" + (f" ({reason})." if reason else ".")


def split_word(split: Split) -> str:
    """Return the part of the data as a label."""
    return "training" if split is Split.TRAIN else "validation"


# --- the tags ------------------------------------------------------------------------


def tags(diagnosis: Diagnosis) -> dict[str, str]:
    """Return every ``bce.*`` tag but the fingerprint.

    What is not known has no tag: a run without a chance level has no
    ``bce.chance_level``, so that sorting and filtering never meet a placeholder.
    """
    values = {
        contract.TAG_VERDICT: diagnosis.verdict.value,
        contract.TAG_FLAGGED: contract.FLAGGED_YES if diagnosis.flagged else contract.FLAGGED_NO,
        contract.TAG_CAUSE: diagnosis.cause,
        contract.TAG_CONFIDENCE: numbers.tag_number(diagnosis.confidence, decimals=2),
        contract.TAG_SKILL: ""
        if diagnosis.skill is None
        else numbers.tag_number(diagnosis.skill.value, decimals=3),
        contract.TAG_CHANCE_LEVEL: (
            "" if diagnosis.chance is None else numbers.tag_number(diagnosis.chance.value, decimals=4)
        ),
        contract.TAG_METRIC: shortened(plain(diagnosis.metric or ""), _METRIC_LENGTH),
        contract.TAG_ADVICE: shortened(sentence(diagnosis.advice), _ADVICE_LENGTH),
        contract.TAG_TIER: diagnosis.tier.value,
        contract.TAG_VERSION: __version__,
    }
    return {name: value for name, value in values.items() if value}
