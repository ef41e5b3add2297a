"""docs/inside.md, from the measured scores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.diagnosis.cause_scores import SURE
from benchmarks.diagnosis.page import markdown_environment
from benchmarks.diagnosis.table import count_of
from benchmarks.tiers import table
from benchmarks.tiers.table import Measured
from benchmarks.zoo.generate_inside import BUDGET, EVERY_HEALTHY

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[1] / "docs" / "inside.md"


def page(found: Measured) -> str:
    """Return the page in Markdown."""
    environment = markdown_environment(HERE)
    goals = table.goals(found)
    return environment.get_template("inside.md.jinja").render(
        goals=goals,
        missed=[row[0] for row in goals.rows if row[-1] == "no"],
        clearly=table.below(found, clearly=True),
        unclear=table.below(found, clearly=False),
        on_probed=[f"{count_of(table.named(one))} ({name})" for name, one in found.same.items()],
        every=table.table(found.every, ""),
        same=table.table(found.same, ""),
        by_cause=table.by_cause(found),
        n=next(iter(found.every.values())).verdicts.n,
        n_probed=next(iter(found.same.values())).verdicts.n,
        n_groups=found.n_groups,
        budget=BUDGET,
        every_healthy=EVERY_HEALTHY,
        sure=SURE,
    )


def write(found: Measured, path: Path = PAGE) -> Path:
    """Write the page; return its path."""
    path.write_text(page(found), encoding="utf-8")
    return path
