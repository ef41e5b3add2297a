"""Why, in words: candidate causes, what was ruled out, what to do next."""

from __future__ import annotations

from typing import Final, NamedTuple

from mlflow_bce_monitor.contract import UNKNOWN
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.grounds import FactText, fact, fact_name, how_to_get
from mlflow_bce_monitor.report.plain_text import plain, sentence
from mlflow_bce_monitor.report.wording import Headline
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import NotAssessed, Rule, RuledOut, Supported

_MORE_THAN_ALL_OTHERS: Final = 0.5  # probability
_WORTH_A_PARAGRAPH: Final = 0.1  # probability: nobody starts with a cause of one in ten or less
_RULES: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}


class CauseText(NamedTuple):
    """One candidate cause, ready to print.

    ``evidence_for`` and ``evidence_against`` are sentences, "" when there is none;
    ``unseen`` names facts its rule would use and the run did not offer.
    """

    code: str
    title: str
    probability: float
    percent: str
    evidence_for: str
    evidence_against: str
    advice: str
    remedy: str
    facts: tuple[FactText, ...]
    unseen: tuple[str, ...]


class Dismissed(NamedTuple):
    """A cause that is unlikely, ruled out or not assessed, with the reason in sentences."""

    code: str
    title: str
    reason: str


def cause_title(code: str) -> str:
    """Return a cause as a heading; its word with spaces when no rule tells of it."""
    if code == UNKNOWN:
        return "Unknown cause"
    rule = _RULES.get(code)
    return plain(rule.title) if rule is not None else code.replace("_", " ").capitalize()


def causes(diagnosis: Diagnosis) -> tuple[CauseText, ...]:
    """Return the candidate causes worth a paragraph, most probable first; () when the verdict asks for none.

    The first is always among them, the others from a probability of 10% on.
    """
    return tuple(_cause(diagnosis, ranked) for ranked in diagnosis.causes if _leads(diagnosis, ranked))


def less_likely(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the other candidates, most probable first, each with its probability and its evidence."""
    return tuple(
        Dismissed(
            ranked.cause,
            cause_title(ranked.cause),
            f"{_capital(numbers.probability(ranked.probability))}. {sentence(ranked.because)}",
        )
        for ranked in diagnosis.causes
        if not _leads(diagnosis, ranked)
    )


def _leads(diagnosis: Diagnosis, ranked: RankedCause) -> bool:
    return ranked is diagnosis.causes[0] or ranked.probability >= _WORTH_A_PARAGRAPH


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cause(diagnosis: Diagnosis, ranked: RankedCause) -> CauseText:
    rule = _RULES.get(ranked.cause)
    outcome = diagnosis.outcomes.get(ranked.cause)
    speaks_against = isinstance(outcome, Supported) and outcome.weight < 0
    because = sentence(ranked.because)
    asked = () if rule is None else (*rule.needs, *rule.uses)
    known = tuple(fact(diagnosis, name) for name in asked if name in diagnosis.evidence)
    return CauseText(
        code=ranked.cause,
        title=cause_title(ranked.cause),
        probability=ranked.probability,
        percent=numbers.probability(ranked.probability),
        evidence_for="" if speaks_against else because,
        evidence_against=because if speaks_against else "",
        advice=sentence(ranked.advice),
        remedy="" if rule is None else rule.remedy.strip("\n"),
        facts=known,
        unseen=tuple(fact_name(name) for name in asked if name not in diagnosis.evidence),
    )


def ruled_out(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the causes that the evidence excludes, in the order of the rules."""
    return tuple(
        Dismissed(code, cause_title(code), sentence(outcome.because))
        for code, outcome in diagnosis.outcomes.items()
        if isinstance(outcome, RuledOut)
    )


def not_assessed(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the causes nothing can be said about, with the facts that are missing."""
    return tuple(
        Dismissed(
            code, cause_title(code), f"Not known: {', '.join(how_to_get(name) for name in outcome.missing)}."
        )
        for code, outcome in diagnosis.outcomes.items()
        if isinstance(outcome, NotAssessed)
    )


def next_measurements(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what to log or look at next, most useful first, as sentences."""
    said = (sentence(missing) for missing in diagnosis.missing)
    return tuple(dict.fromkeys(text for text in said if text))


def advice(diagnosis: Diagnosis) -> str:
    """Return what to change first as a sentence; "" when nothing needs changing."""
    return sentence(diagnosis.advice)


def is_settled(diagnosis: Diagnosis) -> bool:
    """Return whether one named cause is more probable than all others together."""
    return (
        bool(diagnosis.causes) and diagnosis.cause != UNKNOWN and diagnosis.confidence > _MORE_THAN_ALL_OTHERS
    )


def action(diagnosis: Diagnosis) -> Headline | None:
    """Return what to do first: the change or, while no cause is settled, a measurement; None for nothing."""
    measurements = next_measurements(diagnosis)
    if diagnosis.causes and not is_settled(diagnosis) and measurements:
        return Headline("What to measure next", measurements[0])
    return Headline("What to change", advice(diagnosis)) if advice(diagnosis) else None
