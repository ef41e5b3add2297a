"""The verdict in words: the answer to "is this normal?", one sentence with its numbers, and its caveats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.curves.curve import LossCertainty
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import numbers, wording
from mlflow_bce_monitor.report.plain_text import clause, sentence

_DOUBTFUL: Final = 0.7  # probability: a verdict less sure is told to be so at once

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
_TONES: Final = {"Yes": "good", "No": "bad", "Cannot tell": "open"}


def is_normal(verdict: Verdict) -> str:
    """Answer the question people ask most, "Is this normal?": "Yes", "No" or "Cannot tell"."""
    if verdict in _NORMAL:
        return "Yes"
    return "Cannot tell" if verdict in _OPEN else "No"


def tone(verdict: Verdict) -> str:
    """Return the colour that a page tells a verdict in, by its class in ``base.css``: good, bad or open."""
    return _TONES[is_normal(verdict)]


def title(verdict: Verdict) -> str:
    """Return a verdict as a heading."""
    return _TITLES[verdict]


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
    heading = "Too early to tell" if _too_short(diagnosis) else title(diagnosis.verdict)
    return Headline(heading, f"{clause(_HEADLINES[diagnosis.verdict](diagnosis))}.")


def why(diagnosis: Diagnosis) -> str:
    """Return the judge's reason for the verdict as a sentence, "" when the headline says it already."""
    reason = clause(diagnosis.judgement.because)
    told = reason.lower() in headline(diagnosis).lower()
    if not diagnosis.judgement.is_contested:
        told = told or _tells_by_numbers(diagnosis)
    return "" if told else sentence(reason)


def _tells_by_numbers(diagnosis: Diagnosis) -> bool:
    """Whether the numbers of the headline are the judge's reason, so that it would only repeat them."""
    known = diagnosis.chance is not None and diagnosis.chance.known
    if diagnosis.verdict is Verdict.STALLED:
        return diagnosis.plateau is not None
    if diagnosis.verdict in (Verdict.LEARNING, Verdict.ESCAPED):
        return known and diagnosis.skill is not None and diagnosis.skill.value > 0
    if diagnosis.verdict is Verdict.OVERFITTING:
        return known and diagnosis.validation_skill is not None
    if diagnosis.verdict is Verdict.DIVERGED:
        broken = diagnosis.findings is not None and diagnosis.findings.ends_non_finite
        return broken or _times_chance(diagnosis) >= diagnosis.limits.far_above
    if diagnosis.verdict is Verdict.UNSTABLE:
        return diagnosis.final_loss is not None and _jumps_itself(diagnosis)
    return diagnosis.verdict is Verdict.SLOW and diagnosis.final_loss is not None


def caveats(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what has to be said right after the headline: its reason and its doubts; () mostly."""
    reason, sure = why(diagnosis), diagnosis.judgement.confidence
    said = [reason]
    if diagnosis.curves.certainty is LossCertainty.ASSUMED and not reason:
        said.append(wording.metric_sentence(diagnosis))
    if sure < _DOUBTFUL:
        holds = " The causes below hold only if it is." if diagnosis.causes else ""
        said.append(f"This verdict is right with a probability of {numbers.probability(sure)} only.{holds}")
    return tuple(text for text in said if text)


def _learning(diagnosis: Diagnosis) -> str:
    if diagnosis.skill is not None and diagnosis.skill.value <= 0:
        return diagnosis.judgement.because  # the predictions say so, not the loss
    return f"{wording.loss_against_chance(diagnosis)}; {wording.explained(diagnosis)}"


def _escaped(diagnosis: Diagnosis) -> str:
    plateau, final = diagnosis.plateau, diagnosis.final_loss
    if plateau is None or final is None:
        return _learning(diagnosis)
    until = f"until {wording.step_word(diagnosis)} {numbers.count(plateau.end_step)}"
    return (
        f"the loss stood at {wording.level(plateau.level, diagnosis.chance)} {until}, "
        f"then fell to {numbers.nats(final)}; {wording.explained(diagnosis)}"
    )


def _slow(diagnosis: Diagnosis) -> str:
    findings, final = diagnosis.findings, diagnosis.final_loss
    gain = ""
    if findings is not None and final is not None and findings.end_slope_per_run < 0:
        gain = f", by {_fall(-findings.end_slope_per_run, final)} over the last half"
    falls = f"{wording.loss_against_chance(diagnosis)}, and still falling{gain}"
    return f"{falls}; {wording.explained(diagnosis)}"


def _fall(fall: float, level: float) -> str:
    """Return a fall as a share of the level it began at: "1.2%", "under 0.1%"."""
    share = numbers.percent(fall / (level + fall))
    return "under 0.1%" if share == "0%" else share


def _stalled(diagnosis: Diagnosis) -> str:
    plateau = diagnosis.plateau
    if plateau is None:
        return f"{wording.loss_against_chance(diagnosis)}; {wording.explained(diagnosis)}"
    level, since = wording.level(plateau.level, diagnosis.chance), wording.since(diagnosis, plateau)
    return f"the loss has stood at {level} {since}; {wording.explained(diagnosis)}"


def _unstable(diagnosis: Diagnosis) -> str:
    findings, final = diagnosis.findings, diagnosis.final_loss
    if findings is None or final is None or not _jumps_itself(diagnosis):
        return diagnosis.judgement.because
    return (
        f"the loss jumps by about {numbers.nats(findings.noise)} from point to point, "
        f"so its end at {numbers.nats(final)} says little"
    )


def _jumps_itself(diagnosis: Diagnosis) -> bool:
    """Whether it is the training loss that jumps, not its held-back twin alone."""
    return diagnosis.evidence.number_or("end_noise", 1.0) > diagnosis.limits.jumpy_noise


def _diverged(diagnosis: Diagnosis) -> str:
    findings, chance, final = diagnosis.findings, diagnosis.chance, diagnosis.final_loss
    if findings is not None and findings.ends_non_finite and findings.non_finite_from is not None:
        since = f"{wording.step_word(diagnosis)} {numbers.count(findings.non_finite_from)}"
        return f"the loss is not a number from {since} on"
    if chance is None or final is None:
        return diagnosis.judgement.because
    times = _times_chance(diagnosis)
    if times < diagnosis.limits.far_above:
        return diagnosis.judgement.because  # it is the held-back loss that has diverged
    return (
        f"the loss is stuck at {numbers.nats(final)}, {numbers.ratio(times)} times its chance level "
        f"{numbers.nats(chance.value)}; knowing nothing would do better"
    )


def _times_chance(diagnosis: Diagnosis) -> float:
    """Return the final loss over its chance level, 0 where there is no such number."""
    chance, final = diagnosis.chance, diagnosis.final_loss
    return final / chance.value if chance is not None and final is not None and chance.value > 0 else 0.0


def _overfitting(diagnosis: Diagnosis) -> str:
    training, held_back = wording.training_share(diagnosis), diagnosis.validation_skill
    if held_back is None:
        return diagnosis.judgement.because
    learned = "something" if training is None else training
    return (
        f"the model explains {learned} of the training labels, "
        f"but {wording.explained_share(held_back, diagnosis.validation_chance)} of the validation labels"
    )


def _inconsistent(diagnosis: Diagnosis) -> str:
    return diagnosis.judgement.because


def _benign(diagnosis: Diagnosis) -> str:
    chance, final = diagnosis.chance, diagnosis.final_loss
    if chance is None or final is None:
        return diagnosis.judgement.because
    return f"the loss is at {wording.level(final, chance)}; {clause(diagnosis.judgement.because)}"


def _inconclusive(diagnosis: Diagnosis) -> str:
    findings = diagnosis.findings
    if findings is None or not _too_short(diagnosis):
        return diagnosis.judgement.because
    points = "1 usable point" if findings.n_finite == 1 else f"{findings.n_finite} usable points"
    return (
        f"{wording.metric_name(diagnosis)} has {points}, "
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
