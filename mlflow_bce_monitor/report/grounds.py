"""What a diagnosis rests on, in words: facts with their sources, limits, and how the curves were cleaned."""

from __future__ import annotations

import dataclasses
from typing import Final, NamedTuple

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.catalogue import CATALOGUE
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.plain_text import clause, plain


class FactText(NamedTuple):
    """One known fact, ready to print."""

    name: str
    value: str
    meaning: str
    source: str
    tier: str


_TIERS: Final[dict[Tier, str]] = {
    Tier.CURVE: "the logged curves",
    Tier.RUN: "the logged curves and the run's params, tags and data sets",
    Tier.MONITOR: "what the training callback measured",
    Tier.MODEL: "the model itself, probed on data",
    Tier.RERUN: "an intervention that was carried out",
}


_ABBREVIATIONS: Final = {"auc": "AUC", "l2": "L2"}


def tier_words(tier: Tier) -> str:
    """Return what a diagnosis of that tier rests on."""
    return _TIERS[tier]


def fact_name(name: str) -> str:
    """Return a fact's name, or a limit's, as words."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in plain(name).split("_"))


def meaning(name: str) -> str:
    """Return what a fact says, in one clause; its name as words when the catalogue has no such fact."""
    kind = CATALOGUE.get(name)
    return fact_name(name) if kind is None else kind.meaning


def how_to_get(name: str) -> str:
    """Return what to log so that a fact is known, "" when nothing helps."""
    kind = CATALOGUE.get(name)
    return "" if kind is None else kind.how_to_get


# What people call the settings of a training, in the order in which they say them.
_SETTINGS: Final = (
    ("optimizer", "{}"),
    ("learning_rate", "learning rate {}"),
    ("n_epochs", "{} epochs"),
    ("n_updates", "{} optimizer steps"),
    ("n_train", "{} training rows"),
    ("n_features", "{} features"),
    ("depth", "{} layers with weights"),
    ("narrowest_layer", "narrowest hidden layer {}"),
    ("n_parameters", "{} weights"),
)


def settings(diagnosis: Diagnosis) -> str:
    """Return how the run was trained as far as it is known: "adam, learning rate 0.001, 20 epochs"; or ""."""
    return ", ".join(
        words.format(fact(diagnosis, name).value) for name, words in _SETTINGS if name in diagnosis.evidence
    )


def facts(diagnosis: Diagnosis) -> tuple[FactText, ...]:
    """Return every known fact with its source, in the order they were gathered."""
    return tuple(fact(diagnosis, name) for name in diagnosis.evidence)


def fact(diagnosis: Diagnosis, name: str) -> FactText:
    """Return one known fact; KeyError when it is not known."""
    known, kind = diagnosis.evidence.fact(name), CATALOGUE.get(name)
    # An AUC is an area, quoted as a number of which 0.5 is chance, never in per cent.
    unit = "" if kind is None or name.endswith("auc") else kind.unit
    return FactText(
        name=fact_name(name),
        value=plain(numbers.fact_value(known.value, unit)),
        meaning="" if kind is None else kind.meaning,
        source=plain(known.source),
        tier=known.tier.value,
    )


def limits(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Return the limits the diagnosis was made with, as (name in words, value)."""
    return tuple(
        (fact_name(field.name), numbers.fact_value(getattr(diagnosis.limits, field.name)))
        for field in dataclasses.fields(diagnosis.limits)
    )


def cleaning(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return what was merged or taken out of the judged curves before they were read."""
    curves = (diagnosis.curves.loss, diagnosis.curves.validation_loss)
    return tuple(
        f"'{plain(curve.name)}': {clause(removed)}."
        for curve in curves
        if curve is not None
        for removed in curve.removed
    )
