"""What an overview says: its groups, its cells and its headline, every string plain text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import FLAGGED, NO_CAUSE, VERDICT_MEANING, Verdict
from mlflow_bce_monitor.report import headlines, multiples, numbers, reasons, wording
from mlflow_bce_monitor.report.overview.answers import MOST_DRAWN, Answer, by_verdict, skill_of
from mlflow_bce_monitor.report.plain_text import plain, sentence

_FEW: Final = 8  # boxes that fit a screen when they are large
_SOME: Final = 60  # boxes of middle size that fit a few screens
_MOST_CAUSES: Final = 4  # named in the heading of a group
_MOST_FAILED: Final = 20  # runs whose error is told


class Cell(NamedTuple):
    """One run with its curve, ready to print; ``skill`` and ``order`` are numbers to sort by."""

    name: str
    run_id: str
    link: str
    skill: float
    skill_text: str
    confidence: float
    order: int
    cause: str
    percent: str
    said: str
    box: multiples.Box | None


@dataclass(frozen=True)
class Group:
    """The runs of one verdict.

    Attributes
    ----------
    verdict, title, meaning, tone
        Its word, its heading, what it means, and its colour: good, bad or open.
    number, percent
        How many runs have it, and which share of all that is.
    causes
        "learning rate too low 12, unknown 3": the most frequent first; "" where there are none.
    bars
        Histogram of the skills, a path; "" where none is known.
    cells
        The runs that are drawn.
    """

    verdict: str
    title: str
    meaning: str
    tone: str
    number: int
    percent: str
    share: float
    causes: str
    bars: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Content:
    """What the page says, in order.

    Attributes
    ----------
    title
        What the runs have in common: the experiment's name, the parent run's name.
    headline
        The answer in one sentence: how many of the runs need a person.
    size
        How large the boxes are, by how many there are: few, some or many.
    sampled
        Which runs are drawn, where not all are; "" otherwise.
    groups
        By verdict, those that ask a person to act first.
    failed
        Runs that could not be evaluated, each with its reason.
    """

    title: str
    tone: str
    headline: headlines.Headline
    sampled: str
    size: str
    groups: tuple[Group, ...]
    failed: tuple[tuple[str, str], ...]
    n_failed: int
    version: str


def content(
    title: str,
    answers: Sequence[Answer],
    drawn: Mapping[str, multiples.Box | None],
    links: Mapping[str, str],
) -> Content:
    """Return what the page says; parameters as for :func:`render`."""
    order = {str(answer["run_id"]): place for place, answer in enumerate(answers)}
    judged = by_verdict(answers)
    n_judged = sum(map(len, judged.values()))
    groups = tuple(
        _group(
            verdict,
            of_verdict,
            n_judged,
            [_cell(one, order, drawn, links) for one in of_verdict if one["run_id"] in drawn],
        )
        for verdict, of_verdict in judged.items()
    )
    failed = [answer for answer in answers if answer["verdict"] is None]
    n_flagged = sum(group.number for group in groups if group.verdict in FLAGGED)
    return Content(
        title=plain(title),
        tone="bad" if n_flagged else "good" if n_judged else "open",
        headline=_headline(n_flagged, n_judged, judged),
        sampled=_sampled(groups),
        size=_size(sum(len(group.cells) for group in groups)),
        groups=groups,
        failed=tuple((_name(one), sentence(str(one["error"] or ""))) for one in failed[:_MOST_FAILED]),
        n_failed=len(failed),
        version=__version__,
    )


def _group(verdict: Verdict, answers: Sequence[Answer], n_all: int, cells: Sequence[Cell]) -> Group:
    skills = [float(answer["skill"]) for answer in answers if answer["skill"] is not None]
    share = len(answers) / n_all
    return Group(
        verdict=verdict.value,
        title=headlines.title(verdict),
        meaning=VERDICT_MEANING[verdict],
        tone=headlines.tone(verdict),
        number=len(answers),
        percent=numbers.percent(share),
        share=share,
        causes=_causes(answers),
        bars=multiples.histogram(skills) if skills else "",
        cells=tuple(cells),
    )


def _causes(answers: Iterable[Answer]) -> str:
    """Return the most frequent causes with their numbers, in words."""
    found = Counter(str(answer["cause"]) for answer in answers if answer["cause"] not in (None, NO_CAUSE))
    first = found.most_common(_MOST_CAUSES)
    more = sum(found.values()) - sum(number for _, number in first)
    named = [f"{_lower(reasons.cause_title(cause))} ({numbers.count(number)})" for cause, number in first]
    return ", ".join([*named, *([f"others ({numbers.count(more)})"] if more else [])])


def _lower(title: str) -> str:
    """Return a heading as it stands inside a sentence; a word of capitals stays."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _cell(
    answer: Answer,
    order: Mapping[str, int],
    drawn: Mapping[str, multiples.Box | None],
    links: Mapping[str, str],
) -> Cell:
    run_id, confidence, cause = str(answer["run_id"]), answer["confidence"], answer["cause"]
    named = cause not in (None, NO_CAUSE)
    skill = answer["skill"]
    return Cell(
        name=_name(answer),
        run_id=run_id,
        link=links.get(run_id, ""),
        skill=skill_of(answer) if skill is not None else -1e9,
        skill_text="" if skill is None else wording.skill_in_short(skill),
        confidence=float(confidence or 0.0),
        order=order[run_id],
        cause=reasons.cause_title(str(cause)) if named else "",
        percent=numbers.probability(confidence) if named and confidence is not None else "",
        said=_said(answer),
        box=drawn[run_id],
    )


def _said(answer: Answer) -> str:
    """Return the curve in words, for whoever cannot see it."""
    loss, chance = answer["final_loss"], answer["chance_level"]
    if chance is None:
        return "No curve."
    ends = "" if loss is None else f"The loss ends at {numbers.nats(loss)}; its chance level is "
    return f"{ends or 'Its chance level is '}{numbers.nats(chance)}."


def _name(answer: Answer) -> str:
    return plain(str(answer["run_name"] or "")) or str(answer["run_id"])


def _headline(
    n_flagged: int, n_judged: int, judged: Mapping[Verdict, Sequence[Answer]]
) -> headlines.Headline:
    runs = "1 run" if n_judged == 1 else f"{numbers.count(n_judged)} runs"
    if not n_judged:
        return headlines.Headline("No run was evaluated", "")
    if not n_flagged:
        return headlines.Headline("No run is in trouble", f"{runs}, and none of them asks for a change.")
    parts = [
        f"{numbers.count(len(of_verdict))} {verdict.value}"
        for verdict, of_verdict in judged.items()
        if verdict in FLAGGED
    ]
    flagged = [answer for verdict in judged if verdict in FLAGGED for answer in judged[verdict]]
    causes = _causes(flagged)
    return headlines.Headline(
        f"{numbers.count(n_flagged)} of {runs} {'needs' if n_flagged == 1 else 'need'} a change",
        f"{', '.join(parts)}." + (f" Causes: {causes}." if causes else ""),
    )


def _size(n_cells: int) -> str:
    return "few" if n_cells <= _FEW else "some" if n_cells <= _SOME else "many"


def _sampled(groups: Iterable[Group]) -> str:
    cut = [group for group in groups if len(group.cells) < group.number]
    if not cut:
        return ""
    n_drawn = sum(len(group.cells) for group in groups)
    n_all = sum(group.number for group in groups)
    return (
        f"{numbers.count(n_drawn)} of {numbers.count(n_all)} curves are drawn: of each verdict at most "
        f"{MOST_DRAWN}, spread evenly from its lowest skill to its highest. All runs are counted."
    )
