"""What the terminal says about the rules: the table of all causes, and the page of one."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from mlflow_bce_monitor.report import grounds, reasons
from mlflow_bce_monitor.report.layout import (
    FAINT,
    PLAIN,
    READABLE,
    STRONG,
    code,
    items,
    pairs,
    paragraphs,
    section,
)
from mlflow_bce_monitor.report.plain_text import sentence
from mlflow_bce_monitor.rules.rule import Rule


def rules_table(rules: Iterable[Rule]) -> Table:
    """Return the table of causes the rules know: word, title, what to change."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=STRONG)
    table.add_column("cause", no_wrap=True)
    table.add_column("what it is")
    table.add_column("what to change")
    for rule in rules:
        table.add_row(Text(rule.code, style=STRONG), Text(rule.title), Text(sentence(rule.advice)))
    return table


def rule_page(rule: Rule) -> RenderableType:
    """Return what is known of one cause: what it is, its evidence, its likes, change, source and facts."""
    parts: list[RenderableType] = [
        Text.assemble((rule.title, STRONG), ("  ", FAINT), (rule.code, FAINT)),
        Text(""),
        *paragraphs([sentence(rule.explanation)]),
        *section("Speaks for it, for example", items(sentence(example.title) for example in rule.fires)),
        *section("Does not", items(sentence(example.title) for example in rule.stays_quiet)),
        *section("Confused with", _confused(rule)),
        *section("Change", [Text(sentence(rule.advice)), Text(""), code(rule.remedy)]),
        *section("Source", [Text(sentence(rule.source))]),
        *section("Must know", _meanings(rule.needs)),
        *section("Looks at, where it is there", _meanings(rule.uses)),
    ]
    return Constrain(Group(*parts), READABLE)


def _meanings(names: Iterable[str]) -> list[RenderableType]:
    return pairs(((grounds.fact_name(name), grounds.meaning(name)) for name in names), label_style=PLAIN)


def _confused(rule: Rule) -> list[RenderableType]:
    if not rule.confused_with:
        return []
    alike = ", ".join(reasons.cause_title(cause) for cause in rule.confused_with)
    return [Text(f"{alike}."), Text(f"Told apart by: {sentence(rule.separated_by)}")]
