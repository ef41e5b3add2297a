"""The report artifact: one HTML page with everything inline, for a sandboxed frame or a file.

``content`` gathers what the page says; the template only lays it out. The page loads
nothing, and every text is escaped (``document``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.contract import VERDICT_MEANING
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import document, grounds, headlines, numbers, reasons, wording
from mlflow_bce_monitor.report.picture import Picture, Series, picture
from mlflow_bce_monitor.report.svg import SvgPlot, place

_TABLE_COLUMNS: Final = 40  # buckets of the table of values: so many rows can still be listened to


@dataclass(frozen=True)
class TableRow:
    """One row of the table of values: step, loss of each series ("" where it has no point)."""

    step: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """What the page says, in order; every string is plain text.

    Attributes
    ----------
    normal, tone
        The answer to "Is this normal?" and the colour it is said in: good, bad or open.
    headline, why, verdict, meaning
        The verdict: one sentence with numbers, the judge's reason, its word, and what the word means.
    sure
        The probability that the verdict is right.
    settled
        Whether one named cause is more probable than all others together.
    ruled_out, other_trainings
        Causes that are excluded or below 1%; in one line those of another kind of training.
    action
        What to do first, None when there is nothing to do.
    numbers
        (label, value) pairs under the plot.
    hover
        JSON-ready values for the page's script.
    """

    run: str
    run_id: str
    experiment_id: str
    normal: str
    tone: str
    headline: headlines.Headline
    why: str
    verdict: str
    meaning: str
    sure: str
    settled: bool
    causes: tuple[reasons.CauseText, ...]
    action: headlines.Headline | None
    numbers: tuple[tuple[str, str], ...]
    explanations: tuple[str, ...]
    next_measurements: tuple[str, ...]
    less_likely: tuple[reasons.Dismissed, ...]
    ruled_out: tuple[reasons.Dismissed, ...]
    other_trainings: str
    not_assessed: tuple[reasons.Dismissed, ...]
    facts: tuple[grounds.FactText, ...]
    limits: tuple[tuple[str, str], ...]
    cleaning: tuple[str, ...]
    rests_on: str
    picture: Picture
    whole: SvgPlot
    close_up: SvgPlot | None
    description: str
    table: tuple[TableRow, ...]
    hover: dict[str, Any]
    version: str


def render(diagnosis: Diagnosis) -> str:
    """Return the report page of one run as HTML."""
    return document.render("report.html", ["report.css"], ["report.js"], page=content(diagnosis))


def content(diagnosis: Diagnosis) -> Content:
    """Return what the page of a diagnosis says."""
    shown = picture(diagnosis)
    return Content(
        run=wording.run_title(diagnosis),
        run_id=diagnosis.run_id,
        experiment_id=diagnosis.experiment_id,
        normal=headlines.is_normal(diagnosis.verdict),
        tone=headlines.tone(diagnosis.verdict),
        headline=headlines.headline_parts(diagnosis),
        why=headlines.why(diagnosis),
        verdict=diagnosis.verdict.value,
        meaning=VERDICT_MEANING[diagnosis.verdict],
        sure=numbers.probability(diagnosis.judgement.confidence),
        settled=reasons.is_settled(diagnosis),
        causes=reasons.causes(diagnosis),
        action=reasons.action(diagnosis),
        numbers=_numbers(diagnosis),
        explanations=tuple(
            text
            for text in (
                *wording.skill_sentences(diagnosis),
                wording.chance_sentence(diagnosis),
                wording.metric_sentence(diagnosis),
            )
            if text
        ),
        next_measurements=reasons.next_measurements(diagnosis),
        less_likely=reasons.less_likely(diagnosis),
        ruled_out=(*reasons.ruled_out(diagnosis), *reasons.next_to_impossible(diagnosis)),
        other_trainings=reasons.other_trainings(diagnosis),
        not_assessed=reasons.not_assessed(diagnosis),
        facts=grounds.facts(diagnosis),
        limits=grounds.limits(diagnosis),
        cleaning=grounds.cleaning(diagnosis),
        rests_on=grounds.tier_words(diagnosis.tier),
        picture=shown,
        whole=place(shown),
        close_up=place(shown, close_up=True) if shown.close_up is not None else None,
        description=_description(shown, diagnosis),
        table=_table(picture(diagnosis, _TABLE_COLUMNS)),
        hover=_hover(shown),
        version=__version__,
    )


def _numbers(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Return what there is of loss, chance level and the skills, with labels that say of which split."""
    if diagnosis.metric is None:
        return ()
    held_back = wording.judges_validation(diagnosis)
    training = wording.training_share(diagnosis) if held_back else wording.skill(diagnosis)
    pairs = (
        ("Validation loss at the end" if held_back else "Loss at the end", wording.final_loss(diagnosis)),
        ("Chance level", "" if diagnosis.chance is None else wording.chance_value(diagnosis.chance)),
        ("Training skill" if held_back else "Skill", training),
        ("Validation skill", wording.validation_skill(diagnosis)),
    )
    return tuple((label, value) for label, value in pairs if value)


def _description(shown: Picture, diagnosis: Diagnosis) -> str:
    """Return the plot in words, for whoever cannot see it."""
    if not shown.series:
        return "No curve was logged."
    lines = [
        f"{wording.split_word(one.split)} loss '{one.name}' over {numbers.count(one.n_points)} points"
        for one in shown.series
    ]
    against = "".join(f", against {chance.label}" for chance in shown.chances)
    return f"Line plot of the {' and the '.join(lines)}{against}. {headlines.headline(diagnosis)}"


def _table(shown: Picture) -> tuple[TableRow, ...]:
    columns = [dict(zip(series.steps, _values(series), strict=True)) for series in shown.series]
    steps = sorted({step for column in columns for step in column})
    return tuple(
        TableRow(numbers.count(step), tuple(column.get(step, "") for column in columns)) for step in steps
    )


def _values(series: Series) -> list[str]:
    """Return each value in words, with the lowest and the highest it stands for."""
    values = ["not a number" if value is None else numbers.nats(value) for value in series.values]
    if not series.thinned:
        return values
    return [
        value if extent is None else f"{value} [{numbers.nats(extent.low)} to {numbers.nats(extent.high)}]"
        for value, extent in zip(values, series.extents, strict=True)
    ]


def _hover(shown: Picture) -> dict[str, Any]:
    """Return what the script shows at each point, already worded."""
    return {
        "low": shown.x.low,
        "high": shown.x.high,
        "step": shown.step_word,
        "series": [_hover_series(series, shown) for series in shown.series],
    }


def _hover_series(series: Series, shown: Picture) -> dict[str, Any]:
    only_one = len(shown.chances) == 1
    levels = [
        chance.level for chance in shown.chances if chance.known and (only_one or chance.of == series.name)
    ]
    level = levels[0] if levels else 0.0
    return {
        "name": series.name,
        "steps": series.steps,
        "values": _values(series),
        "skills": (
            ["" if value is None else numbers.percent(1 - value / level) for value in series.values]
            if level > 0
            else []
        ),
    }
