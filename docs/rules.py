"""Write docs/rules.md: what each rule recognises, and by what.

    python docs/rules.py

Everything on the page comes from the rules themselves; the prose around them stands in
docs/rules.md.jinja. Run it after every change of a rule: a test compares the two.
"""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import click
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mlflow_bce_monitor.calibration import LEAST_SHOWN
from mlflow_bce_monitor.contract import EXPLAINED, Tier
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.observations import QUESTIONS
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.pooling import POOLED
from mlflow_bce_monitor.ranking import consult
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.rules import BY_CODE, RULES, Example, NotAssessed, Rule, Supported
from mlflow_bce_monitor.scorecards import OF_CAUSES, Characteristic

HERE = Path(__file__).parent
PAGE = HERE / "rules.md"
COMMAND = "python docs/rules.py"

SOURCE = re.compile(r"^Source: (?P<source>.*)\Z", re.MULTILINE | re.DOTALL)
"""The last paragraph of a rule's docstring."""


@dataclass(frozen=True)
class Shown:
    """One example, with what the rule answers to it, as clauses in the rule's own words."""

    title: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class FactRow:
    """One fact of a rule's table."""

    name: str
    needed: bool
    tier: Tier
    meaning: str
    unit: str
    how_to_get: str


@dataclass(frozen=True)
class Told:
    """One fact of the scorecard of causes, and the causes that it tells most about, each with its nats."""

    fact: str
    meaning: str
    causes: tuple[tuple[str, str], ...]


N_TOLD: Final = 3
"""Causes named for a fact of the scorecard."""


@dataclass(frozen=True)
class Section:
    """One rule as the page tells of it."""

    rule: Rule
    tier: Tier
    speaks_for: tuple[Shown, ...]
    speaks_against: tuple[Shown, ...]
    facts: tuple[FactRow, ...]
    source: str

    @property
    def alike(self) -> tuple[Rule, ...]:
        """The rules of the causes it is confused with."""
        return tuple(BY_CODE[code] for code in self.rule.confused_with)


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=PAGE, show_default=True)
def main(output: Path) -> None:
    """Write the page."""
    output.write_text(page(), encoding="utf-8")
    click.echo(f"{output} written from {len(RULES)} rules")


def page() -> str:
    """Return the page as Markdown, the same for the same rules."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown, and every word in it is ours
    )
    environment.filters.update(cell=cell, sentence=sentence, anchor=anchor)
    template = environment.get_template("rules.md.jinja")
    return template.render(
        sections=[section(rule) for rule in RULES],
        questions=QUESTIONS,
        power=POOLED,
        together=[told(one) for one in OF_CAUSES.characteristics],
        explained=sorted(verdict.value for verdict in EXPLAINED),
        command=COMMAND,
    )


def section(rule: Rule) -> Section:
    """Return what the page tells of one rule."""
    return Section(
        rule=rule,
        tier=tier(rule),
        speaks_for=tuple(shown(rule, example) for example in rule.fires),
        speaks_against=tuple(shown(rule, example) for example in rule.stays_quiet),
        facts=tuple(
            FactRow(name, name in rule.needs, tier_of_fact(name), kind.meaning, kind.unit, kind.how_to_get)
            for name in (*rule.needs, *rule.uses)
            for kind in (CATALOGUE[name],)
        ),
        source=source(rule),
    )


def told(one: Characteristic) -> Told:
    """Return what the page tells of one fact of the scorecard of causes."""
    by_cause = zip(OF_CAUSES.answers, zip(*one.bins, strict=True), strict=True)
    spans = sorted(((max(points) - min(points), cause) for cause, points in by_cause), reverse=True)
    causes = tuple((cause, f"{span:.1f}") for span, cause in spans[:N_TOLD] if span >= LEAST_SHOWN)
    return Told(one.fact, CATALOGUE[one.fact].meaning, causes)


def shown(rule: Rule, example: Example) -> Shown:
    """Return an example with the rule's answer to it: the reasons are the rule's own words."""
    facts = tuple(Fact(name, value, "example", Tier.CURVE) for name, value in example.facts.items())
    outcome = consult(Evidence(facts), [rule], LIMITS)[rule.code]
    if isinstance(outcome, NotAssessed):
        raise click.ClickException(f"{rule.code}: the example {example.title!r} lacks {outcome.missing}")
    said: tuple[str, ...] = (outcome.because,)
    if isinstance(outcome, Supported):
        telling = outcome.speaks_for if outcome.weight > 0 else outcome.speaks_against
        said = tuple(clause for clause in telling if clause) or said
    return Shown(example.title, said)


def source(rule: Rule) -> str:
    """Return where a rule comes from: the last paragraph of its file's docstring, as Markdown.

    Raises
    ------
    click.ClickException
        When the docstring has no such paragraph.
    """
    docstring = inspect.cleandoc(
        importlib.import_module(f"mlflow_bce_monitor.rules.{rule.code}").__doc__ or ""
    )
    found = SOURCE.search(docstring)
    if found is None:
        raise click.ClickException(f"rules/{rule.code}.py: its docstring has no paragraph 'Source: ...'")
    text = " ".join(found["source"].split()).replace("``", "`")
    text = re.sub(r"\b(arXiv:)(\d{4}\.\d{4,5})\b", r"[\1\2](https://arxiv.org/abs/\2)", text)
    text = re.sub(r"\bdoi:(10\.\d+/[\w.-]*\w(?:\(\w+\)\w+)?)", r"[doi:\1](https://doi.org/\1)", text)
    text = re.sub(r"(?<![\w/.])(keras\.io|huggingface\.co)(/[\w/]+\w)", r"[\1\2](https://\1\2)", text)
    return text.replace("(docs/article.md)", "([docs/article.md](article.md))")


# --- in which tier -------------------------------------------------------------------


def tier(rule: Rule) -> Tier:
    """Return from where on a rule can be assessed: the curves alone, or only with what else the run holds.

    Found out by asking it about runs that logged every metric and not one param.
    """
    return Tier.CURVE if any(not set(rule.needs) - facts for facts in _known_from_curves()) else Tier.RUN


def tier_of_fact(name: str) -> Tier:
    """Return the shallowest tier in which a fact can be known."""
    return Tier.CURVE if any(name in facts for facts in _known_from_curves()) else Tier.RUN


@cache
def _known_from_curves() -> tuple[frozenset[str], ...]:
    """Return the facts that the curves tell of a classifier, a preference training and a GAN."""
    return tuple(
        frozenset(diagnose(record).evidence)
        for record in (_record(_CLASSIFIER), _record(_PREFERENCE), _record(_ADVERSARIAL))
    )


def _record(metrics: dict[str, Sequence[float]]) -> RunRecord:
    histories = {
        name: MetricHistory(
            name, np.arange(len(values)), np.arange(len(values)), np.array(values, dtype=float)
        )
        for name, values in metrics.items()
    }
    return RunRecord("a run without params", histories=histories)


_WOBBLE = [0.002 * math.sin(3.0 * epoch) for epoch in range(20)]
_HITS = [round(56 + 7 * math.sin(2.0 * epoch)) for epoch in range(20)]
_CLASSIFIER: dict[str, Sequence[float]] = {
    "loss": [math.log(2) + 0.1 + wobble for wobble in _WOBBLE],
    "val_loss": [math.log(2) + 0.1 - wobble for wobble in _WOBBLE],
    "binary_crossentropy": [math.log(2) + wobble for wobble in _WOBBLE],
    **{f"{split}accuracy": [hits / 113 for hits in _HITS] for split in ("", "val_")},
    **{f"{split}precision": [hits / (hits + 57) for hits in _HITS] for split in ("", "val_")},
    **{f"{split}recall": [hits / 113 for hits in _HITS[::-1]] for split in ("", "val_")},
    **{f"{split}auc": [0.51 + wobble for wobble in _WOBBLE] for split in ("", "val_")},
    "learning_rate": [0.001] * 20,
    "grad_norm": [0.1] * 20,
}
_PREFERENCE: dict[str, Sequence[float]] = {
    "loss": [math.log(2) + wobble for wobble in _WOBBLE],
    "eval_loss": [math.log(2) - wobble for wobble in _WOBBLE],
    "rewards/margins": _WOBBLE,
    "rewards/accuracies": [0.5] * 20,
    "logps/chosen": [-40.0 + wobble for wobble in _WOBBLE],
    "logps/rejected": [-41.0 + wobble for wobble in _WOBBLE],
    "grad_norm": [0.1] * 20,
}
_ADVERSARIAL: dict[str, Sequence[float]] = {
    "d_loss": [math.log(2) + wobble for wobble in _WOBBLE],
    "g_loss": [math.log(2) - wobble for wobble in _WOBBLE],
}

# --- Markdown ------------------------------------------------------------------------


def cell(text: str) -> str:
    """Return text for a cell of a table."""
    return text.replace("|", "\\|")


def sentence(text: str) -> str:
    """Return text with a capital at its start and a full stop at its end."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def anchor(title: str) -> str:
    """Return the link target that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    main()
