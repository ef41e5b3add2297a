"""docs/benchmark.md and its picture, from the report."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.calibration import N_BINS
from benchmarks.diagnosis.cause_scores import SURE
from benchmarks.diagnosis.comparison import standings, words
from benchmarks.diagnosis.goals import GOALS
from benchmarks.diagnosis.reliability import diagram, draw
from benchmarks.diagnosis.report import Report
from benchmarks.diagnosis.scores import FEW_POINTS
from benchmarks.diagnosis.table import as_markdown, decimal, percent

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parents[1] / "docs"
PAGE: Final = Path("benchmark.md")
PICTURE: Final = Path("images", "reliability.svg")


def markdown_environment(folder: Path) -> Environment:
    """Return what renders Markdown from a folder's templates; the filter ``markdown`` is for tables."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown, and every word in it is ours
    )
    environment.filters["markdown"] = as_markdown
    return environment


def page(report: Report, command: str) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    report
        All numbers.
    command
        The command that gives them.
    """
    environment = markdown_environment(HERE)
    environment.filters.update(words=words, percent=percent, decimal=decimal)
    return environment.get_template("benchmark.md.jinja").render(
        report=report,
        scores=report.scores,
        tables=tables,
        standings=standings(report.contenders),
        missed=[goal.title for goal in GOALS if not goal.is_reached(report.scores)],
        n_bins=N_BINS,
        few_points=FEW_POINTS,
        sure=SURE,
        command=command,
        picture=PICTURE.as_posix(),
    )


def write(report: Report, command: str, docs: Path = DOCS) -> tuple[Path, Path]:
    """Write the page and its picture into a folder; return their paths."""
    written, picture = docs / PAGE, docs / PICTURE
    picture.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(page(report, command), encoding="utf-8")
    picture.write_text(draw(diagram(report.scores.causes.first_named)), encoding="utf-8")
    return written, picture
