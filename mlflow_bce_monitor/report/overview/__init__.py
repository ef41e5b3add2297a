"""The overview: many runs on one page, as small multiples of their curves, grouped by verdict.

Two steps, because a store may hold thousands of runs: :func:`sample` says of which runs the
curves are to be drawn, and :func:`render` makes the page from all answers and those curves.
All runs are counted; only curves are sampled, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlflow_bce_monitor.report import document, multiples
from mlflow_bce_monitor.report.overview.answers import Answer, sample
from mlflow_bce_monitor.report.overview.content import content

__all__ = ["Answer", "render", "sample"]


def render(
    title: str,
    answers: Sequence[Answer],
    drawn: Mapping[str, multiples.Box | None],
    links: Mapping[str, str] | None = None,
) -> str:
    """Return the overview as one HTML page with everything inline.

    Parameters
    ----------
    title
        What the runs have in common.
    answers
        All runs, in the order they were scanned.
    drawn
        The small multiples of the runs in :func:`sample`, by run id.
    links
        Addresses of runs, by run id; {} where nothing serves them.
    """
    page = content(title, answers, drawn, links or {})
    shapes = {"width": multiples.WIDTH, "height": multiples.HEIGHT, "chance": multiples.CHANCE_Y}
    return document.render("overview.html", ["overview.css"], ["overview.js"], page=page, shapes=shapes)
