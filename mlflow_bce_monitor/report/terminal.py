"""What the terminal shows: a table of runs, the explanation of one run, the page of one rule.

Everything here returns rich renderables; printing is the caller's. All text is laid out
as :class:`rich.text.Text`, which knows no markup, so a run named ``[red]`` stays so named.
Without colour nothing is lost: weight and colour only repeat what words say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, JustifyMethod, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.contract import FLAGGED, NO_CAUSE, UNKNOWN
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.report import grounds, numbers, reasons, wording
from mlflow_bce_monitor.report.plain_text import cut_inside, plain, sentence
from mlflow_bce_monitor.rules.rule import Rule

_NARROW: Final = 100  # columns: below, the metric's name would squeeze the run's
_READABLE: Final = 100  # columns: longer lines of prose are hard to follow
_INDENT: Final = 2
_BAR: Final = 16  # cells for a probability of 1
_GAP: Final = 2  # cells between two columns
_SHORTEST_RUN: Final = 8  # cells: less of a name says nothing
_METRIC: Final = 24  # characters of a metric's name
_FEW: Final = 3  # things to measure next: the report lists them all

_FAILED: Final = "not evaluated"
_STANDING_OUT: Final = {_FAILED, *(verdict.value for verdict in FLAGGED)}
_PLAIN: Final = Style()
_STRONG: Final = Style(bold=True)
_FAINT: Final = Style(dim=True)
_TONES: Final = {
    "Yes": Style(color="green", bold=True),
    "No": Style(color="red", bold=True),
    "Cannot tell": Style(color="yellow", bold=True),
}

# --- the table of runs ---------------------------------------------------------------


class RunRow(NamedTuple):
    """One run of the table, in words; "" where there is nothing to say."""

    run: str
    verdict: str
    cause: str
    confidence: str
    skill: str
    metric: str
    error: str = ""


def row_from_answer(answer: Mapping[str, Any]) -> RunRow:
    """Return the row of a run, whether it was evaluated, skipped or failed.

    Parameters
    ----------
    answer
        The contract's JSON object, as :meth:`Diagnosis.as_contract` and ``failed_contract`` give it.
    """
    confidence, skill = answer.get("confidence"), answer.get("skill")
    return RunRow(
        run=plain(answer.get("run_name") or "") or str(answer["run_id"]),
        verdict=plain(answer.get("verdict") or ""),
        cause=_named(plain(answer.get("cause") or "")),
        confidence="" if confidence is None else numbers.probability(confidence),
        skill="" if skill is None else wording.skill_in_short(skill),
        metric=plain(answer.get("metric") or ""),
        error=sentence(answer.get("error") or ""),
    )


def runs_table(rows: Iterable[RunRow], width: int) -> RenderableType:
    """Return the table of runs, and below it why some of them could not be evaluated.

    Parameters
    ----------
    rows
        In the order they are shown.
    width
        Columns of the terminal. In fewer than 100 the metric is left out; a run's name
        is cut, in its middle, before anything else is.
    """
    shown = list(rows)
    columns = [
        _Column("verdict", [one.verdict or _FAILED for one in shown]),
        _Column("cause", [one.cause for one in shown]),
        _Column("confidence" if width >= _NARROW else "conf.", [one.confidence for one in shown], "right"),
        _Column("skill", [one.skill for one in shown], "right"),
    ]
    if width >= _NARROW:
        columns.append(_Column("metric", [cut_inside(one.metric, _METRIC) for one in shown]))
    room = max(width - sum(column.width + _GAP for column in columns) - _GAP, _SHORTEST_RUN)
    columns.insert(0, _Column("run", [cut_inside(one.run, room) for one in shown]))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style=_STRONG)
    for column in columns:
        table.add_column(column.title, justify=column.side, no_wrap=True)
    for at in range(len(shown)):
        table.add_row(*(Text(column.cells[at], style=_weight(column.cells[at])) for column in columns))
    return Group(table, *(Text(f"{one.run}: {one.error}") for one in shown if one.error))


class _Column(NamedTuple):
    title: str
    cells: list[str]
    side: JustifyMethod = "left"

    @property
    def width(self) -> int:
        """Cells that the widest entry takes."""
        return max(cell_len(text) for text in (self.title, *self.cells))


def _weight(cell: str) -> Style:
    """Return the weight of a cell: verdicts that ask a person to act stand out."""
    return _STRONG if cell in _STANDING_OUT else _PLAIN


def _named(cause: str) -> str:
    return "" if cause == NO_CAUSE else cause


# --- the explanation of one run ------------------------------------------------------


def explanation(diagnosis: Diagnosis) -> RenderableType:
    """Return what a colleague would say about one run.

    The verdict and its numbers, each candidate cause with the evidence for and against
    it, what was ruled out and why, what could not be assessed, the next measurement, and
    the change to make.
    """
    normal = wording.is_normal(diagnosis)
    parts: list[RenderableType] = [
        Text.assemble(
            (wording.run_title(diagnosis), _STRONG), ("  run ", _FAINT), (plain(diagnosis.run_id), _FAINT)
        ),
        Text(""),
        Text.assemble("Is this normal? ", (f"{normal}.", _TONES[normal])),
        Text(wording.headline(diagnosis), style=_STRONG),
        Text(""),
        *_paragraphs(_grounds(diagnosis)),
        *_section(_why_title(diagnosis), _causes(reasons.causes(diagnosis))),
        *_section("Less likely", _reasons(reasons.less_likely(diagnosis))),
        *_section("Ruled out", _reasons(reasons.ruled_out(diagnosis))),
        *_section("Could not be assessed", _reasons(reasons.not_assessed(diagnosis))),
        *_section("Measure next", _items(reasons.next_measurements(diagnosis))),
        *_section(_change_title(diagnosis), _change(diagnosis)),
    ]
    return Constrain(Group(*parts), _READABLE)


def _why_title(diagnosis: Diagnosis) -> str:
    return "Why" if reasons.is_settled(diagnosis) else "Why: not settled"


def _change_title(diagnosis: Diagnosis) -> str:
    if reasons.is_settled(diagnosis):
        return "Change"
    return f"Change, if it is: {reasons.cause_title(diagnosis.cause).lower()}"


def _grounds(diagnosis: Diagnosis) -> list[str]:
    sure = numbers.probability(diagnosis.judgement.confidence)
    verdict = (
        f"{wording.why(diagnosis)} The verdict '{diagnosis.verdict}' is right with a probability of {sure}; "
        f"it rests on {grounds.tier_words(diagnosis.tier)}."
    )
    skill = " ".join(wording.skill_sentences(diagnosis))
    return [verdict.strip(), skill, wording.chance_sentence(diagnosis), wording.metric_sentence(diagnosis)]


def _causes(causes: tuple[reasons.CauseText, ...]) -> list[RenderableType]:
    longest = max((cell_len(cause.title) for cause in causes), default=0)
    parts: list[RenderableType] = []
    for cause in causes:
        parts += [Text("")] if parts else []
        parts += [_cause(cause, longest)]
    return parts


def _cause(cause: reasons.CauseText, title_width: int) -> RenderableType:
    head = Table.grid(padding=(0, 1))
    head.add_column(width=title_width)
    head.add_column(width=_BAR)
    head.add_column()
    bar = ProgressBar(total=1.0, completed=cause.probability, width=_BAR)
    head.add_row(Text(cause.title, style=_STRONG), bar, Text(cause.percent))
    body = _pairs(
        (
            ("for", cause.evidence_for),
            ("against", cause.evidence_against),
            ("change", cause.advice),
        )
    )
    return Group(head, _indented(body))


def _reasons(dismissed: Iterable[reasons.Dismissed]) -> list[RenderableType]:
    pairs = tuple((one.title, one.reason) for one in dismissed)
    return [_pairs(pairs, label_style=_PLAIN)] if pairs else []


def _change(diagnosis: Diagnosis) -> list[RenderableType]:
    if not diagnosis.causes or diagnosis.cause == UNKNOWN:
        return []
    first = reasons.causes(diagnosis)[0]
    code = [Text(""), _code(first.remedy)] if first.remedy else []
    return [Text(first.advice), *code] if first.advice else code


# --- the page of one rule ------------------------------------------------------------


def rules_table(rules: Iterable[Rule]) -> Table:
    """Return the table of causes the rules know: word, title, what to change."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=_STRONG)
    table.add_column("cause", no_wrap=True)
    table.add_column("what it is")
    table.add_column("what to change")
    for rule in rules:
        table.add_row(Text(rule.code, style=_STRONG), Text(rule.title), Text(sentence(rule.advice)))
    return table


def rule_page(rule: Rule) -> RenderableType:
    """Return what is known of one cause: what it is, its evidence, its likes, the change, the source."""
    parts: list[RenderableType] = [
        Text.assemble((rule.title, _STRONG), ("  ", _FAINT), (rule.code, _FAINT)),
        Text(""),
        *_paragraphs([sentence(rule.explanation)]),
        *_section("Speaks for it", _items(sentence(example.title) for example in rule.fires)),
        *_section("Does not", _items(sentence(example.title) for example in rule.stays_quiet)),
        *_section("Must know", _meanings(rule.needs)),
        *_section("Looks at", _meanings(rule.uses)),
        *_section("Confused with", _confused(rule)),
        *_section("Change", [Text(sentence(rule.advice)), Text(""), _code(rule.remedy)]),
        *_section("Source", [Text(sentence(rule.source))]),
    ]
    return Constrain(Group(*parts), _READABLE)


def _meanings(names: Iterable[str]) -> list[RenderableType]:
    pairs = tuple(
        (grounds.fact_name(name), CATALOGUE[name].meaning if name in CATALOGUE else "") for name in names
    )
    return [_pairs(pairs, label_style=_PLAIN)] if pairs else []


def _confused(rule: Rule) -> list[RenderableType]:
    if not rule.confused_with:
        return []
    alike = ", ".join(reasons.cause_title(code) for code in rule.confused_with)
    return [Text(f"{alike}."), Text(f"Told apart by: {sentence(rule.separated_by)}")]


# --- layout --------------------------------------------------------------------------


def _section(title: str, content: list[RenderableType]) -> list[RenderableType]:
    """Return a titled, indented block, nothing when there is no content."""
    if not content:
        return []
    return [Text(title, style=_STRONG), _indented(Group(*content)), Text("")]


def _indented(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 0, 0, _INDENT), expand=False)


def _paragraphs(texts: Iterable[str]) -> list[RenderableType]:
    return [part for text in texts if text for part in (Text(text), Text(""))]


def _items(texts: Iterable[str]) -> list[RenderableType]:
    listed = list(texts)
    grid = Table.grid(padding=(0, 1))
    for text in listed[:_FEW]:
        grid.add_row(Text("-"), Text(text))
    if len(listed) > _FEW:
        grid.add_row(Text(""), Text(f"and {len(listed) - _FEW} more", style=_FAINT))
    return [grid] if listed else []


def _pairs(pairs: Iterable[tuple[str, str]], label_style: Style = _FAINT) -> Table:
    """Return labels and texts in two columns; pairs without text are left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(max_width=28)
    grid.add_column(overflow="fold")
    for label, text in pairs:
        if text:
            grid.add_row(Text(label, style=label_style), Text(text))
    return grid


def _code(source: str) -> RenderableType:
    """Return lines to paste; a line longer than the terminal is folded, never cut."""
    lines = (Text(line, overflow="fold") for line in source.strip("\n").splitlines())
    return _indented(Group(*lines))
