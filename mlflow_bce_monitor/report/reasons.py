"""Why, in words: candidate causes, what was ruled out, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mlflow_bce_monitor.contract import UNKNOWN, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis, RankedCause
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.grounds import FactText, fact, fact_name, how_to_get, meaning
from mlflow_bce_monitor.report.headlines import Headline
from mlflow_bce_monitor.report.plain_text import clause, plain, sentence
from mlflow_bce_monitor.report.remedies import Snippet, snippets
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import NotAssessed, Outcome, Rule, RuledOut, Supported

_MORE_THAN_ALL_OTHERS: Final = 0.5  # probability
_WORTH_A_PARAGRAPH: Final = 0.1  # probability: nobody starts with a cause of one in ten or less
_WORTH_A_THOUGHT: Final = 0.01  # probability: below, a cause is as good as ruled out
KINDS_OF_TRAINING: Final = ("preference_loss", "adversarial")
"""Facts that say what kind of training it is; a rule that needs one is about that kind alone."""

_RULES: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}

_MOST_CLAUSES: Final = 5  # of each side, for causes that lead
_FEW_CLAUSES: Final = 2  # of each side, for causes that do not lead

_FIT_BETTER: Final = "other causes fit far better"
_NOTHING_SEEN: Final = "nothing seen speaks for or against it: the number only says how common it is"
_UNEXPLAINED: Final = "something that no rule here covers"


class CauseText(NamedTuple):
    """One candidate cause, ready to print.

    ``strongest`` is the evidence in a line; it, ``evidence_for`` and ``evidence_against`` are
    sentences, "" when there is none. ``snippets`` is the change as lines to paste; ``unseen``
    names facts its rule would use and the run did not offer.
    """

    code: str
    title: str
    probability: float
    percent: str
    strongest: str
    evidence_for: str
    evidence_against: str
    advice: str
    snippets: tuple[Snippet, ...]
    facts: tuple[FactText, ...]
    unseen: tuple[str, ...]


class Dismissed(NamedTuple):
    """A cause that is unlikely, ruled out or not assessed, with the reason in sentences."""

    code: str
    title: str
    reason: str


class _Evidence(NamedTuple):
    """What speaks for and against one cause, as clauses, the strongest first."""

    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]

    def strongest(self) -> _Evidence:
        """Return only what fits a line."""
        return _Evidence(self.speaks_for[:_FEW_CLAUSES], self.speaks_against[:_FEW_CLAUSES])


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
    """Return the candidates between 1% and 10%, most probable first, with probability and evidence."""
    return tuple(
        Dismissed(
            ranked.cause,
            cause_title(ranked.cause),
            f"{numbers.probability(ranked.probability)}. {_in_short(_evidence(diagnosis, ranked))}",
        )
        for ranked in diagnosis.causes
        if not _leads(diagnosis, ranked) and ranked.probability >= _WORTH_A_THOUGHT
    )


def _leads(diagnosis: Diagnosis, ranked: RankedCause) -> bool:
    return ranked is diagnosis.causes[0] or ranked.probability >= _WORTH_A_PARAGRAPH


def _cause(diagnosis: Diagnosis, ranked: RankedCause) -> CauseText:
    rule = _RULES.get(ranked.cause)
    evidence = _evidence(diagnosis, ranked)
    asked = () if rule is None else (*rule.needs, *rule.uses)
    known = tuple(fact(diagnosis, name) for name in asked if name in diagnosis.evidence)
    return CauseText(
        code=ranked.cause,
        title=cause_title(ranked.cause),
        probability=ranked.probability,
        percent=numbers.probability(ranked.probability),
        strongest=sentence(_joined(evidence.strongest().speaks_for or evidence.strongest().speaks_against)),
        evidence_for=sentence(_joined(_strongest(evidence.speaks_for))),
        evidence_against=sentence(_joined(_strongest(evidence.speaks_against))),
        advice="" if ranked.cause == UNKNOWN else sentence(ranked.advice),
        snippets=snippets(diagnosis, ranked.cause),
        facts=known,
        unseen=tuple(fact_name(name) for name in asked if name not in diagnosis.evidence),
    )


def _evidence(diagnosis: Diagnosis, ranked: RankedCause) -> _Evidence:
    if ranked.cause == UNKNOWN:
        return _Evidence((_unknown(diagnosis),), ())
    outcome = diagnosis.outcomes.get(ranked.cause)
    if not isinstance(outcome, Supported):
        return _Evidence((ranked.because,), ())
    speaks_for, speaks_against = _worded(outcome.speaks_for), _worded(outcome.speaks_against)
    if speaks_for or speaks_against:
        return _Evidence(speaks_for, speaks_against)
    if outcome.weight == 0 or outcome.pieces:  # what is left has no words: the verdict says a little
        return _Evidence((_NOTHING_SEEN,), ())
    return _Evidence((outcome.because,), ()) if outcome.weight > 0 else _Evidence((), (outcome.because,))


def _worded(clauses: Sequence[str]) -> tuple[str, ...]:
    """Return the clauses that say something: an observation too weak to mention has no words."""
    return tuple(text for text in clauses if text)


def _strongest(clauses: Sequence[str]) -> tuple[str, ...]:
    """Return the clauses that a reader takes in, and how many weaker ones stand in ``diagnosis.json``."""
    more = len(clauses) - _MOST_CLAUSES
    if more <= 1:
        return tuple(clauses)  # naming the last one is no longer than counting it
    return (*clauses[:_MOST_CLAUSES], f"{more} weaker signs")


def _joined(clauses: Sequence[str]) -> str:
    return "; ".join(clause(text) for text in clauses)


def _in_short(evidence: _Evidence) -> str:
    """Return the strongest evidence for and against a cause in running text."""
    speaks_for, speaks_against = (_joined(side) for side in evidence.strongest())
    if not speaks_for:
        return sentence(speaks_against)
    return " ".join(
        [sentence(speaks_for), *([sentence(f"against it: {speaks_against}")] if speaks_against else [])]
    )


def _unknown(diagnosis: Diagnosis) -> str:
    """Return why some of the probability goes to no cause."""
    unchecked = [cause_title(code) for code, outcome in _asked(diagnosis) if _unassessed(outcome)]
    covered = f", or a cause that could not be checked ({', '.join(unchecked)})" if unchecked else ""
    return f"{_UNEXPLAINED}{covered}"


def _unassessed(outcome: Outcome) -> bool:
    return isinstance(outcome, NotAssessed)


def _asked(diagnosis: Diagnosis) -> list[tuple[str, Outcome]]:
    """Return the outcomes that enter the answer: of a normal state only those that can be its cause."""
    benign = diagnosis.verdict is Verdict.BENIGN
    return [
        (code, outcome)
        for code, outcome in diagnosis.outcomes.items()
        if not benign or (code in _RULES and _RULES[code].normal)
    ]


def ruled_out(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the causes that the evidence excludes, in the order of the rules."""
    return tuple(
        Dismissed(code, cause_title(code), sentence(outcome.because))
        for code, outcome in _asked(diagnosis)
        if isinstance(outcome, RuledOut) and not _is_elsewhere(diagnosis, code)
    )


def other_trainings(diagnosis: Diagnosis) -> str:
    """Return in one line which causes belong to another kind of training, "" when none was excluded so.

    Nobody who trains a classifier asks why it is no equilibrium of a GAN.
    """
    titles = (
        cause_title(code)
        for code, outcome in _asked(diagnosis)
        if isinstance(outcome, RuledOut) and _is_elsewhere(diagnosis, code)
    )
    return sentence(", ".join(titles))


def _is_elsewhere(diagnosis: Diagnosis, code: str) -> bool:
    """Whether a cause belongs to a kind of training that this run is not."""
    rule = _RULES.get(code)
    kinds = () if rule is None else (name for name in rule.needs if name in KINDS_OF_TRAINING)
    return any(diagnosis.evidence.get(name) is False for name in kinds)


def next_to_impossible(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the named causes below 1%, most probable first, with what speaks against them."""
    return tuple(
        Dismissed(ranked.cause, cause_title(ranked.cause), f"Under 1%. {_why_not(diagnosis, ranked)}")
        for ranked in diagnosis.causes
        if not _leads(diagnosis, ranked) and ranked.cause != UNKNOWN and ranked.probability < _WORTH_A_THOUGHT
    )


def _why_not(diagnosis: Diagnosis, ranked: RankedCause) -> str:
    """Return what speaks against a cause, and where nothing does, that others explain more."""
    evidence = _evidence(diagnosis, ranked).strongest()
    if evidence.speaks_against:
        return sentence(_joined(evidence.speaks_against))
    if evidence.speaks_for == (_NOTHING_SEEN,):
        return f"Nothing seen speaks for it, and {_FIT_BETTER}."
    return sentence(f"{_joined(evidence.speaks_for)}, but {_FIT_BETTER}")


def not_assessed(diagnosis: Diagnosis) -> tuple[Dismissed, ...]:
    """Return the causes nothing can be said about, with what would have to be known."""
    return tuple(
        Dismissed(code, cause_title(code), _to_check(outcome.missing))
        for code, outcome in _asked(diagnosis)
        if isinstance(outcome, NotAssessed)
    )


def _to_check(missing: Sequence[str]) -> str:
    """Return what to log; where nothing would help, as after a loss of only NaN, which facts are missing."""
    ways = dict.fromkeys(how_to_get(name) for name in missing)
    wanted = [way for way in ways if way]
    if wanted:
        return sentence(f"to check it, {', and '.join(wanted)}")
    return f"Not known: {'; '.join(meaning(name) for name in missing)}."


def next_measurements(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what to log or look at next, most useful first, as sentences."""
    said = (sentence(missing) for missing in diagnosis.missing)
    return tuple(dict.fromkeys(text for text in said if text))


def best_guess(diagnosis: Diagnosis) -> CauseText | None:
    """Return the first candidate that has a name, None when none is worth a paragraph."""
    return next((cause for cause in causes(diagnosis) if cause.code != UNKNOWN), None)


def look_alikes(diagnosis: Diagnosis) -> str:
    """Return in a sentence which leading causes look alike, "" where the first has no double among them."""
    named = [cause for cause in causes(diagnosis) if cause.code in _RULES]
    alike = [cause.title for cause in named[1:] if _are_alike(named[0].code, cause.code)]
    if not alike:
        return ""
    titles = [f"'{title}'" for title in (named[0].title, *alike)]
    return f"{', '.join(titles[:-1])} and {titles[-1]} leave much the same marks on what was logged."


def _are_alike(one: str, other: str) -> bool:
    return other in _RULES[one].confused_with or one in _RULES[other].confused_with


def advice(diagnosis: Diagnosis) -> str:
    """Return what to change first as a sentence; "" when nothing needs changing."""
    return sentence(diagnosis.advice)


def is_settled(diagnosis: Diagnosis) -> bool:
    """Return whether one named cause is more probable than all others together."""
    return bool(diagnosis.causes) and settles(diagnosis.cause, diagnosis.confidence)


def settles(cause: str, probability: float) -> bool:
    """Return whether a cause is named and more probable than all others together."""
    return cause != UNKNOWN and probability > _MORE_THAN_ALL_OTHERS


def advice_for(cause: str, probability: float, change: str) -> str:
    """Return a change with the words "If so" before it, unless its cause, told beside it, is settled."""
    if not change or cause == UNKNOWN or settles(cause, probability):
        return change
    return f"If so: {change}"


def action(diagnosis: Diagnosis) -> Headline | None:
    """Return what to do first: the change or, while no cause is settled, a measurement; None for nothing."""
    measurements = next_measurements(diagnosis)
    if diagnosis.causes and not is_settled(diagnosis) and measurements:
        return Headline("What to measure next", measurements[0])
    return Headline("What to change", advice(diagnosis)) if advice(diagnosis) else None
