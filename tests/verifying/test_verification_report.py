"""Page, Markdown and picture of a verification, in worlds whose cause is known."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from worlds import World, causes, prescribe

from mlflow_bce_monitor.report.verification import draw, markdown, page
from mlflow_bce_monitor.report.verification.content import content
from mlflow_bce_monitor.report.verification.picture import mean_curve, skill_curve
from mlflow_bce_monitor.verifying.arm import Arm, Loss, Measured
from mlflow_bce_monitor.verifying.budget import Budget
from mlflow_bce_monitor.verifying.course import Course, Plan, Subject
from mlflow_bce_monitor.verifying.files import save
from mlflow_bce_monitor.verifying.result import VerificationReport

PNG = b"\x89PNG\r\n\x1a\n"


def report_of(truth: str, name: str = "a run", **broken: frozenset[str]) -> VerificationReport:
    """Return a report with experiments and trials."""
    prior = causes(learning_rate_too_high=0.4, insufficient_capacity=0.35, no_signal=0.2, unknown=0.05)
    subject = Subject(prior, prescribe, "f" * 32, name)
    return Course(subject, World(truth, **broken), Plan(seeds=3), Budget()).run()  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Keep the tag."""
        del attrs
        self.seen.append(tag)


@pytest.mark.parametrize("truth", ["learning_rate_too_high", "insufficient_capacity", "no_signal"])
def test_the_page_says_what_was_found(truth: str) -> None:
    """Result, trials, path and probabilities stand there, and nothing is loaded or run."""
    report = report_of(truth)
    html = page(report)
    tags = Tags()
    tags.feed(html)
    assert "script" not in tags.seen
    assert html.count("<table>") == 3
    assert "default-src &#39;none&#39;" in html
    said = content(report)
    assert len(said.trials) == len(report.trials) + 1
    assert len(said.path) == len(report.steps) + 1
    assert said.title in html


def test_names_of_a_run_are_no_markup() -> None:
    """Whatever a run is called is shown as it is."""
    report = report_of("no_signal", name="<script>alert(1)</script> | `x` ![p](u)")
    assert "<script>" not in page(report)
    text = markdown(report)
    assert "<script>" not in text
    assert "![p](u)" not in text
    assert draw(report).startswith(PNG)


def test_what_could_not_be_rerun_has_a_report_too() -> None:
    """Without any training there is a sentence and an empty picture."""
    report = report_of("no_signal", broken=frozenset({"baseline"}))
    assert "It could not be verified" in page(report)
    assert "no such file" in markdown(report)
    assert draw(report).startswith(PNG)


def test_the_report_as_files(tmp_path: Path) -> None:
    """Four files, in a folder that is made if need be."""
    paths = save(report_of("learning_rate_too_high"), tmp_path / "new")
    assert [path.name for path in paths] == [f"verification.{end}" for end in ("html", "md", "json", "png")]
    assert all(path.stat().st_size for path in paths)


def test_curves_are_drawn_against_their_own_chance() -> None:
    """At its chance level a loss is drawn at 0, whatever the class weights; means go over common steps."""
    one = Measured(Arm("a"), 0, 0.5, chance=0.7, curve=Loss((0, 1, 2), (0.7, 0.35, 0.0)))
    other = replace(one, chance=1.4, curve=Loss((0, 2), (1.4, 1.4)))
    assert skill_curve(one) == ([0, 1, 2], [0.0, 0.5, 1.0])
    assert mean_curve([one, other]) == ([0, 2], [0.0, 0.5])
    assert mean_curve([replace(one, chance=None)]) == ([], [])
