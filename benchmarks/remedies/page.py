"""docs/remedies.md, from the rules, the prescriptions and the trainings that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.diagnosis.page import markdown_environment
from benchmarks.diagnosis.shares import Share, share
from benchmarks.diagnosis.table import Table, count_of, decimal, interval, percent
from benchmarks.remedies import apart
from benchmarks.remedies.arms import FIRST, PRESCRIBED, RATE_BY_10, RATE_TIMES_10
from benchmarks.remedies.cases import LONGEST, SEED, read_cases
from benchmarks.remedies.effects import AT_CHANCE
from benchmarks.remedies.table import (
    GOAL,
    Tried,
    beyond,
    by_cause,
    missing_arms,
    of_remedy,
    repairable,
    tried,
    works,
)
from benchmarks.remedies.trials import read_trials
from benchmarks.zoo.blocks import TEST
from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.remedies import SETTINGS, Remedy, beyond_settings, prescribe
from mlflow_bce_monitor.remedies.jointly import COVERED, SETTLED
from mlflow_bce_monitor.rules import RULES, Rule

HERE: Final = Path(__file__).parent
COMMAND: Final = "python -m benchmarks.remedies"

EXAMPLE_SETTINGS: Final[dict[str, dict[str, float]]] = {
    "learning_rate": {"learning_rate_too_high": 1.0, "learning_rate_too_low": 1e-7},
    "hidden_units": {"insufficient_capacity": 2},
}
"""What a run has whose remedy is shown, where the new value follows from the old one."""


@dataclass(frozen=True)
class Measured:
    """Everything that is shown.

    Attributes
    ----------
    every
        The cases of the block whose trainings are complete.
    left_out
        What is missing, a sentence for each case.
    repetitions
        Trainings of every arm.
    """

    every: tuple[Tried, ...]
    left_out: tuple[str, ...]
    repetitions: int


@dataclass(frozen=True)
class Section:
    """One cause as the page tells of it."""

    rule: Rule
    remedies: tuple[Remedy, ...]
    beyond: str
    given: Share
    gain: float
    due: Share


def measured(block: str) -> Measured:
    """Read the files."""
    cases, trials = [case for case in read_cases() if case.block == block], read_trials()
    absent = {case.plan_id: missing_arms(case, trials) for case in cases}
    complete = [case for case in cases if not absent[case.plan_id]]
    left_out = tuple(
        f"{plan_id} is left out: not trained yet are {', '.join(arms)}"
        for plan_id, arms in absent.items()
        if arms
    )
    numbers = [trial.repetition for trial in trials if trial.plan_id in {case.plan_id for case in complete}]
    return Measured(tuple(tried(complete, trials)), left_out, max(numbers, default=-1) + 1)


def tables(found: Measured) -> tuple[Table, ...]:
    """Return every table in the order it is shown."""
    return by_cause(found.every), beyond(found.every)


def page(found: Measured) -> str:
    """Return the page as Markdown, the same for the same files."""
    counted = repairable(found.every)
    stalled = [one for one in counted if one.case.verdict == Verdict.STALLED.value]
    environment = markdown_environment(HERE)
    environment.filters.update(
        percent=percent, decimal=decimal, count=count_of, interval=interval, said=_said
    )
    return environment.get_template("remedies.md.jinja").render(
        found=found,
        n_counted=len(counted),
        overall=works(counted, PRESCRIBED),
        stalled=works(stalled, PRESCRIBED),
        stalled_alone=works(stalled, FIRST),
        stalled_times_10=works(stalled, RATE_TIMES_10),
        stalled_by_10=works(stalled, RATE_BY_10),
        named_rightly=works([one for one in counted if one.case.is_named_rightly], PRESCRIBED),
        unnamed=share(counted, lambda one: not one.case.jointly),
        first_alone=works(counted, FIRST),
        settled=SETTLED,
        covered=COVERED,
        times_10=works(counted, RATE_TIMES_10),
        by_10=works(counted, RATE_BY_10),
        tables=tables(found),
        sections=[section(rule, found) for rule in RULES],
        settings=SETTINGS,
        goal=GOAL,
        longest=LONGEST,
        seed=SEED,
        at_chance=AT_CHANCE,
        apart=apart.summarise([one for one in apart.read_told() if one.block == TEST]),
        apart_fitted=apart.summarise([one for one in apart.read_told() if one.block != TEST]),
        apart_goal=apart.GOAL,
        ambiguous=apart.AMBIGUOUS,
        block=TEST,
        command=COMMAND,
    )


def section(rule: Rule, found: Measured) -> Section:
    """Return what the page tells of one cause."""
    settings: dict[str, Any] = {
        name: values[rule.code] for name, values in EXAMPLE_SETTINGS.items() if rule.code in values
    }
    if "learning_rate" in settings:
        settings["optimizer"] = "adam"
    given, gain, due = of_remedy(found.every, rule.code)
    return Section(rule, prescribe(rule.code, settings, {}), beyond_settings(rule.code), given, gain, due)


def _said(remedy: Remedy) -> str:
    """Return a remedy's changes with their values, without the advice before them."""
    return remedy.words.rpartition(" Here: ")[2]
