"""The overview: what it counts, whose curves it draws, and that names stay names."""

from __future__ import annotations

import math
import re
from typing import Any

import handmade_diagnoses as handmade
import pytest

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import overview
from mlflow_bce_monitor.report.multiples import CHANCE_Y, HEIGHT, WIDTH, box_of, histogram
from mlflow_bce_monitor.report.overview.content import Content, content


def _answer(run_id: str, verdict: str | None, skill: float | None = 0.0, **more: Any) -> dict[str, Any]:
    """Return the contract's object of one run, as far as the overview reads it."""
    answer = {
        "run_id": run_id,
        "run_name": f"run {run_id}",
        "experiment_id": "7",
        "verdict": verdict,
        "cause": "none",
        "confidence": 0.9,
        "skill": skill,
        "chance_level": 0.693,
        "final_loss": 0.69,
        "error": None,
    }
    return answer | more


def _content(*answers: dict[str, Any]) -> Content:
    return content("mine", answers, dict.fromkeys(overview.sample(answers)), {})


def test_the_headline_counts_the_runs_that_need_a_change() -> None:
    """Learning and inconclusive runs count as runs, not as trouble; causes come the most frequent first."""
    said = _content(
        _answer("a", "stalled", cause="no_signal"),
        _answer("b", "stalled", cause="dead_relu"),
        _answer("c", "slow", cause="dead_relu"),
        _answer("d", "learning", 0.6),
        _answer("e", "inconclusive", None),
    ).headline
    assert said.title == "3 of 5 runs need a change"
    assert said.rest == "2 stalled, 1 slow. Causes: dead ReLU units (2), labels carry no signal (1)."


@pytest.mark.parametrize(
    ("answers", "title", "tone"),
    [
        ([_answer("a", "learning", 0.5)], "No run is in trouble", "good"),
        ([_answer("a", None, None, error="gone")], "No run was evaluated", "open"),
        ([_answer("a", "diverged", -3.0)], "1 of 1 run needs a change", "bad"),
        ([], "No run was evaluated", "open"),
    ],
)
def test_headlines_of_small_experiments(answers: list[dict[str, Any]], title: str, tone: str) -> None:
    """One run, no run, and no trouble at all read as sentences."""
    said = _content(*answers)
    assert said.headline.title == title
    assert said.tone == tone


def test_groups_come_the_most_urgent_first() -> None:
    """Verdicts that ask a person to act stand before the others; verdicts of no run are left out."""
    verdicts = ["learning", "slow", "benign", "stalled", "not_applicable"]
    groups = _content(*(_answer(verdict, verdict) for verdict in verdicts)).groups
    assert [group.verdict for group in groups] == ["stalled", "slow", "learning", "benign", "not_applicable"]
    assert sum(group.share for group in groups) == pytest.approx(1.0)


def test_a_sample_spreads_over_the_skills() -> None:
    """Of many runs of one verdict the lowest, the highest and evenly spaced skills are drawn."""
    answers = [_answer(str(n), "learning", n / 1000) for n in range(1000)]
    drawn = [int(run_id) for run_id in overview.sample(answers, most=5)]
    assert drawn == [0, 250, 500, 749, 999]


def test_a_sample_is_taken_of_each_verdict() -> None:
    """A rare verdict is drawn in full beside a frequent one, and the page says what is missing."""
    answers = [_answer(str(n), "learning", n / 100) for n in range(100)] + [_answer("rare", "stalled")]
    said = _content(*answers)
    assert [(group.number, len(group.cells)) for group in said.groups] == [(1, 1), (100, 24)]
    assert said.sampled.startswith("25 of 101 curves are drawn")
    assert _content(*answers[:24]).sampled == ""


def test_runs_that_could_not_be_evaluated_are_told() -> None:
    """An error is shown with the run's name; the run is in no group."""
    said = _content(_answer("a", "learning", 0.4), _answer("b", None, None, error="no such metric"))
    assert said.failed == (("run b", "No such metric."),)
    assert [group.number for group in said.groups] == [1]


def test_a_hostile_name_is_text() -> None:
    """A run that is named like an attack adds no element, no attribute and no link to the page."""
    answer = _answer("a", "stalled", run_name=handmade.HOSTILE, cause="no_signal")
    source = overview.render(handmade.HOSTILE, [answer], {"a": box_of(handmade.stalled())})
    assert "<img" not in source
    assert "&lt;img src=x onerror=alert(1)&gt;" in source
    assert source.count("<script>") == source.count("</script>") == 1
    assert 'href="' not in source


@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_every_verdict_can_be_drawn(name: str) -> None:
    """A box has finite coordinates near its frame, and the page with it loads nothing."""
    diagnosis: Diagnosis = handmade.EVERY_VERDICT[name]
    box = box_of(diagnosis)
    if diagnosis.verdict is Verdict.NOT_APPLICABLE:
        assert box is None
    else:
        assert box is not None
        numbers = [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", box.train + box.validation)]
        assert all(-0.2 * HEIGHT <= number <= 1.2 * WIDTH for number in numbers)
    answer = diagnosis.as_contract()
    source = overview.render("mine", [answer], {answer["run_id"]: box})
    assert "url(" not in source
    assert not re.search(r"(src|href)=", source)


def test_chance_lies_at_the_same_height_in_every_box() -> None:
    """A loss at chance is drawn on the line, whatever its level; NaN at the end is told by its place."""
    flat = box_of(
        handmade.diagnosis(
            Verdict.STALLED, handmade.curve([0.325] * 5), level=handmade.chance(0.325, "H(0.1)", 0.1)
        )
    )
    assert flat is not None
    assert {float(y) for y in re.findall(r" (-?[\d.]+)", flat.train)} == {CHANCE_Y}
    broken = box_of(handmade.diagnosis(Verdict.DIVERGED, handmade.curve([0.7, 0.6, math.nan, math.nan])))
    assert broken is not None
    assert broken.broken == pytest.approx(2 / 3 * WIDTH)


def test_a_histogram_counts_worse_than_chance_as_nothing() -> None:
    """Skills below 0 share the first bar, 1 lies in the last, and the tallest fills the box."""
    assert histogram([-5.0, 0.0, 0.01, 1.0]) == "M0 20v-20h2v20zM98 20v-6.67h2v6.67z"
    assert histogram([]) == ""
