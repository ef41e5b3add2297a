"""What the terminal says about one run: as a colleague would, the answer first and the fine print last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.contract import UNKNOWN, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.ranking import SETTLED
from mlflow_bce_monitor.report import grounds, headlines, numbers, reasons, wording
from mlflow_bce_monitor.report.layout import (
    FAINT,
    PLAIN,
    READABLE,
    STRONG,
    code,
    indented,
    items,
    pairs,
    paragraphs,
    section,
    toned,
)
from mlflow_bce_monitor.report.plain_text import plain

_BAR: Final = 16  # cells for a probability of 1
_FEW: Final = 3  # further things to measure: the report lists them all


def explanation(diagnosis: Diagnosis) -> RenderableType:
    """Return what a colleague would say about one run.

    The verdict, each candidate cause with the evidence for and against it, the change to
    make and the next measurement; then what is less likely, what was ruled out and why,
    what could not be checked, and the numbers all of it rests on. While no cause is
    settled the measurement stands before the change.
    """
    normal = headlines.is_normal(diagnosis.verdict)
    measure, change = _measure(diagnosis), _change(diagnosis)
    parts: list[RenderableType] = [
        Text.assemble(
            (wording.run_title(diagnosis), STRONG), ("  run ", FAINT), (plain(diagnosis.run_id), FAINT)
        ),
        Text(""),
        Text.assemble("Is this normal? ", (f"{normal}.", toned(diagnosis.verdict) + STRONG)),
        Text(headlines.headline(diagnosis), style=STRONG),
        Text(""),
        *paragraphs([" ".join(headlines.caveats(diagnosis))]),
        *section(_why_title(diagnosis), _causes(diagnosis)),
        *(change + measure if reasons.is_settled(diagnosis) else measure + change),
        *section("Less likely", _reasons(reasons.less_likely(diagnosis))),
        *section("Ruled out, or under 1%", _dismissed(diagnosis)),
        *section("Could not be checked", _reasons(reasons.not_assessed(diagnosis))),
        *section("What this rests on", _grounds(diagnosis)),
    ]
    return Constrain(Group(*parts), READABLE)


def _why_title(diagnosis: Diagnosis) -> str:
    return "Why" if reasons.is_settled(diagnosis) else "Why: not settled"


def _causes(diagnosis: Diagnosis) -> list[RenderableType]:
    causes = reasons.causes(diagnosis)
    longest = max((cell_len(cause.title) for cause in causes), default=0)
    parts: list[RenderableType] = []
    for place, cause in enumerate(causes):
        parts += [Text("")] if parts else []
        # What the first one asks to be changed has a section of its own.
        parts += [_cause(cause, longest, "" if place == 0 else cause.advice)]
    alike = reasons.look_alikes(diagnosis)
    return [*parts, *([Text(""), Text(alike)] if alike else [])]


def _cause(cause: reasons.CauseText, title_width: int, advice: str) -> RenderableType:
    head = Table.grid(padding=(0, 1))
    head.add_column(width=title_width)
    head.add_column(width=_BAR)
    head.add_column()
    bar = ProgressBar(total=1.0, completed=cause.probability, width=_BAR)
    head.add_row(Text(cause.title, style=STRONG), bar, Text(cause.percent))
    body = pairs(
        (
            ("means" if cause.code == UNKNOWN else "for", cause.evidence_for),
            ("against", cause.evidence_against),
            ("if so", advice),
        ),
        label_width=len("against"),
    )
    return Group(head, *(indented(part) for part in body))


def _change(diagnosis: Diagnosis) -> list[RenderableType]:
    if not diagnosis.causes:
        return []
    if diagnosis.cause == UNKNOWN:
        return section("Change", [Text(f"Nothing yet: {_no_better_than_guessing(diagnosis)}")])
    first = reasons.causes(diagnosis)[0]
    if diagnosis.verdict is Verdict.BENIGN:
        return section("What to do", [Text(first.advice)])
    lead = ""
    if not reasons.is_settled(diagnosis):
        lead = f"Not settled. If it is '{first.title}' ({first.percent}): "
    return section("Change", [Text(f"{lead}{first.advice}"), *_snippets(first)])


def _snippets(cause: reasons.CauseText) -> list[RenderableType]:
    """Return the change as lines to paste."""
    return [
        part
        for one in cause.snippets
        for part in (Text(""), Text(f"{one.label}:", style=FAINT), code(one.source))
    ]


def _no_better_than_guessing(diagnosis: Diagnosis) -> str:
    guess = reasons.best_guess(diagnosis)
    if guess is None:
        return "no cause stands out, so any change would be a guess."
    return f"any change would be a guess. The best one is '{guess.title}' ({guess.percent}), see above."


def _measure(diagnosis: Diagnosis) -> list[RenderableType]:
    """Return the one measurement to make next and, while there is doubt, what would help after it."""
    measurements = reasons.next_measurements(diagnosis)
    if not measurements or diagnosis.verdict is Verdict.BENIGN:
        return []
    first = Text(measurements[0], style=STRONG)
    if diagnosis.causes and diagnosis.confidence >= SETTLED and diagnosis.cause != UNKNOWN:
        return section("To be surer still, measure", [first])
    further = measurements[1:]
    more = len(further) - _FEW
    rest = [*items(further[:_FEW]), *([Text(f"  and {more} more", style=FAINT)] if more > 0 else [])]
    return section("Measure next", [first, *([Text("Then:"), *rest] if rest else [])])


def _reasons(dismissed: Sequence[reasons.Dismissed]) -> list[RenderableType]:
    return pairs(((one.title, one.reason) for one in dismissed), label_style=PLAIN)


def _dismissed(diagnosis: Diagnosis) -> list[RenderableType]:
    excluded = (*reasons.ruled_out(diagnosis), *reasons.next_to_impossible(diagnosis))
    rows = [(one.title, one.reason) for one in excluded]
    return pairs(
        [*rows, ("Not this kind of training", reasons.other_trainings(diagnosis))], label_style=PLAIN
    )


def _grounds(diagnosis: Diagnosis) -> list[RenderableType]:
    sure = numbers.probability(diagnosis.judgement.confidence)
    return pairs(
        (
            ("verdict", f"'{diagnosis.verdict}', right with a probability of {sure}."),
            ("skill", " ".join(wording.skill_sentences(diagnosis))),
            ("chance level", wording.chance_sentence(diagnosis)),
            ("loss", wording.metric_sentence(diagnosis)),
            ("training", grounds.settings(diagnosis)),
            ("read from", f"{grounds.tier_words(diagnosis.tier)}."),
        )
    )
