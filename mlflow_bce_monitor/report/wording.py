"""The run in words: its verdict, its numbers, its tags; ``reasons`` and ``grounds`` say the rest.

Each function takes a :class:`~mlflow_bce_monitor.diagnosis.Diagnosis` and returns plain
text or small frozen tuples of it. Names that a run supplied are made printable here
(:func:`~mlflow_bce_monitor.report.plain_text.plain`); escaping for HTML, markdown or a
terminal is the renderers' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from mlflow_bce_monitor import __version__, contract
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
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

# --- the verdict ---------------------------------------------------------------------

_TITLES: Final[dict[Verdict, str]] = {
    Verdict.LEARNING: "Learning",
    Verdict.ESCAPED: "Escaped a plateau",
    Verdict.SLOW: "Slow",
    Verdict.STALLED: "Stalled at chance",
    Verdict.UNSTABLE: "Unstable",
    Verdict.DIVERGED: "Diverged",
    Verdict.OVERFITTING: "Overfitting",
    Verdict.INCONSISTENT: "Inconsistent",
    Verdict.BENIGN: "At chance, as expected here",
    Verdict.INCONCLUSIVE: "Inconclusive",
    Verdict.NOT_APPLICABLE: "Not applicable",
}

_NORMAL: Final = frozenset({Verdict.LEARNING, Verdict.ESCAPED, Verdict.BENIGN})
_OPEN: Final = frozenset({Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE})


def is_normal(diagnosis: Diagnosis) -> str:
    """Answer the question people ask most, "Is this normal?": "Yes", "No" or "Cannot tell"."""
    if diagnosis.verdict in _NORMAL:
        return "Yes"
    return "Cannot tell" if diagnosis.verdict in _OPEN else "No"


class Headline(NamedTuple):
    """The verdict in one sentence, in two parts so that a layout can weigh them."""

    title: str
    rest: str

    def __str__(self) -> str:
        return f"{self.title}: {self.rest}"


def headline(diagnosis: Diagnosis) -> str:
    """Return one plain sentence that says what the run does, with the numbers that show it."""
    return str(headline_parts(diagnosis))


def headline_parts(diagnosis: Diagnosis) -> Headline:
    """Return :func:`headline` as title and rest; the rest ends with a full stop."""
    title = "Too early to tell" if _too_short(diagnosis) else _TITLES[diagnosis.verdict]
    return Headline(title, f"{clause(_HEADLINES[diagnosis.verdict](diagnosis))}.")


def why(diagnosis: Diagnosis) -> str:
    """Return the judge's reason for the verdict as a sentence, "" when the headline says it already."""
    reason = clause(diagnosis.judgement.because)
    return "" if reason.lower() in headline(diagnosis).lower() else sentence(reason)


def _learning(diagnosis: Diagnosis) -> str:
    return f"{_loss_against_chance(diagnosis)}; {_explained(diagnosis)}"


def _escaped(diagnosis: Diagnosis) -> str:
    plateau, final = diagnosis.plateau, diagnosis.final_loss
    if plateau is None or final is None:
        return _learning(diagnosis)
    until = f"until {step_word(diagnosis)} {numbers.count(plateau.end_step)}"
    return (
        f"the loss stood at {_level(plateau.level, diagnosis.chance)} {until}, "
        f"then fell to {numbers.nats(final)}; {_explained(diagnosis)}"
    )


def _slow(diagnosis: Diagnosis) -> str:
    findings = diagnosis.findings
    gain = ""
    if findings is not None and findings.end_slope_per_run < 0:
        gain = f", by {numbers.nats(-findings.end_slope_per_run)} over the last half"
    return f"{_loss_against_chance(diagnosis)} and still falling{gain}; {_explained(diagnosis)}"


def _stalled(diagnosis: Diagnosis) -> str:
    plateau = diagnosis.plateau
    if plateau is None:
        return f"{_loss_against_chance(diagnosis)}; {_explained(diagnosis)}"
    level = _level(plateau.level, diagnosis.chance)
    return f"the loss has stood at {level} {_since(diagnosis, plateau)}; {_explained(diagnosis)}"


def _unstable(diagnosis: Diagnosis) -> str:
    findings, final = diagnosis.findings, diagnosis.final_loss
    if findings is None or final is None:
        return diagnosis.judgement.because
    return (
        f"the loss jumps by about {numbers.nats(findings.noise)} from point to point, "
        f"so its end at {numbers.nats(final)} says little"
    )


def _diverged(diagnosis: Diagnosis) -> str:
    findings, chance, final = diagnosis.findings, diagnosis.chance, diagnosis.final_loss
    if findings is not None and findings.ends_non_finite and findings.non_finite_from is not None:
        since = f"{step_word(diagnosis)} {numbers.count(findings.non_finite_from)}"
        return f"the loss is not a number from {since} on"
    if chance is None or final is None or chance.value <= 0:
        return diagnosis.judgement.because
    times = numbers.ratio(final / chance.value)
    return (
        f"the loss is stuck at {numbers.nats(final)}, {times} times its chance level "
        f"{numbers.nats(chance.value)}; knowing nothing would do better"
    )


def _overfitting(diagnosis: Diagnosis) -> str:
    training, held_back = training_share(diagnosis), diagnosis.validation_skill
    if held_back is None:
        return diagnosis.judgement.because
    learned = "something" if training is None else training
    return (
        f"the model explains {learned} of the training labels, "
        f"but {_share(held_back, diagnosis.validation_chance)} of the validation labels"
    )


def training_share(diagnosis: Diagnosis) -> str | None:
    """Return the share of the training labels the model explains at its end, None when not known."""
    if "end_skill" not in diagnosis.evidence:
        return None
    return numbers.percent(max(diagnosis.evidence.number("end_skill"), 0.0))


def _inconsistent(diagnosis: Diagnosis) -> str:
    return diagnosis.judgement.because


def _benign(diagnosis: Diagnosis) -> str:
    chance, final = diagnosis.chance, diagnosis.final_loss
    if chance is None or final is None:
        return diagnosis.judgement.because
    return f"the loss is at {_level(final, chance)}; {clause(diagnosis.judgement.because)}"


def _inconclusive(diagnosis: Diagnosis) -> str:
    findings = diagnosis.findings
    if findings is None or not _too_short(diagnosis):
        return diagnosis.judgement.because
    points = "1 usable point" if findings.n_finite == 1 else f"{findings.n_finite} usable points"
    return (
        f"{metric_name(diagnosis)} has {points}, "
        f"and it takes {diagnosis.limits.min_points} to see whether a curve is flat"
    )


def _too_short(diagnosis: Diagnosis) -> bool:
    findings = diagnosis.findings
    few = findings is not None and findings.n_finite < diagnosis.limits.min_points
    return few and diagnosis.verdict is Verdict.INCONCLUSIVE


def _not_applicable(diagnosis: Diagnosis) -> str:
    return clause(diagnosis.curves.reason or diagnosis.judgement.because)


_HEADLINES: Final[dict[Verdict, Callable[[Diagnosis], str]]] = {
    Verdict.LEARNING: _learning,
    Verdict.ESCAPED: _escaped,
    Verdict.SLOW: _slow,
    Verdict.STALLED: _stalled,
    Verdict.UNSTABLE: _unstable,
    Verdict.DIVERGED: _diverged,
    Verdict.OVERFITTING: _overfitting,
    Verdict.INCONSISTENT: _inconsistent,
    Verdict.BENIGN: _benign,
    Verdict.INCONCLUSIVE: _inconclusive,
    Verdict.NOT_APPLICABLE: _not_applicable,
}

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


def _level(value: float, chance: ChanceEstimate | None) -> str:
    """Return a level near chance: "0.693 = ln 2", or with its chance level where the two differ in print."""
    level = numbers.nats(value)
    if chance is None:
        return level
    if level != numbers.nats(chance.value):
        return f"{level} (chance level: {chance_value(chance)})"
    term = formula(chance).term
    if term:
        return f"{level} = {term}"
    return f"its chance level {chance_value(chance)}" if chance.known else f"its highest chance level {level}"


def _loss_against_chance(diagnosis: Diagnosis) -> str:
    chance, final = diagnosis.chance, diagnosis.final_loss
    if chance is None or final is None:
        return clause(diagnosis.judgement.because)
    loss, reference = numbers.told_apart(final, chance.value)
    side = "at" if loss == reference else "below" if final < chance.value else "above"
    bound = "" if chance.known else "at most "
    term = formula(chance).term
    return f"the loss is {loss}, {side} its chance level of {bound}{reference}" + (
        f" ({term})" if term else ""
    )


def _since(diagnosis: Diagnosis, plateau: Plateau) -> str:
    if plateau.start == 0:
        return "from the start"
    return f"since {step_word(diagnosis)} {numbers.count(plateau.start_step)}"


def _share(skill: SkillEstimate, chance: ChanceEstimate | None) -> str:
    """Return the share of the labels a model explains: "55%", "at most 4%", "0%" from chance upwards."""
    share = numbers.percent(max(skill.value, 0.0))
    return share if share == "0%" else f"{_bound(chance)}{share}"


def _bound(chance: ChanceEstimate | None) -> str:
    """Return "at most " where a skill is an upper bound, because its chance level is."""
    return "at most " if chance is not None and not chance.known else ""


def _explained(diagnosis: Diagnosis) -> str:
    if diagnosis.skill is None:
        return "how much the model explains is not known"
    return f"the model explains {_share(diagnosis.skill, diagnosis.chance)} of the labels"


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
    estimate, chance = diagnosis.skill, diagnosis.chance
    if estimate is None or chance is None:
        return ()
    labels = "validation labels" if judges_validation(diagnosis) else "labels"
    said = [_skill_sentence(estimate, chance, labels)]
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
        said.append(f"Of the validation labels it explains {_share(held_back, diagnosis.validation_chance)}.")
    return tuple(said)


def _skill_sentence(estimate: SkillEstimate, chance: ChanceEstimate, labels: str) -> str:
    share = numbers.percent(estimate.value)
    if share == "0%":
        return f"The model explains 0% of the {labels}: the best constant prediction does as well."
    if estimate.value < 0:
        return "The model is worse than chance: the best constant prediction has a lower loss."
    explained = f"{_bound(chance)}{share} of what there is to know about the {labels}"
    return f"The model explains {explained} (100% is a loss of 0)."


def chance_sentence(diagnosis: Diagnosis) -> str:
    """Return how the chance level was obtained and how sure it is; "" when there is none."""
    chance = diagnosis.chance
    if chance is None:
        return ""
    share, source = chance.share, clause(chance.share.source)
    because = f" ({source})" if source else ""
    if not chance.known:
        return (
            f"The chance level is {chance_value(chance)}, the highest that any share of positives gives: "
            f"the share is not known{because}."
        )
    said = f"The chance level is {chance_value(chance)}: the loss of the best constant prediction"
    if share.value is not None:
        said += f" for {'' if share.low == share.high else 'about '}{numbers.percent(share.value)} positives"
    said += because
    remarks = formula(chance).remarks
    said += f"; {', '.join(remarks)}" if remarks else ""
    if numbers.nats(chance.low) != numbers.nats(chance.high):
        said += f". It lies between {numbers.nats(chance.low)} and {numbers.nats(chance.high)}"
    return f"{said}."


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
