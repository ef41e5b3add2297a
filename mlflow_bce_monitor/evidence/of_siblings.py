"""Facts from the runs that were made beside this one: where they ended, and what they did differently.

The same plateau under other seeds, rates and widths says that none of these is the cause. A
sibling that learned on the same data says that the data can be learned from, and its
settings say by what.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.evidence.fact import Fact
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import RunRecord, Sibling
from mlflow_bce_monitor.settings import Setting, Settings, read_settings

NOTHING_LOGGED: Final = "nothing that was logged"
SEVERAL: Final = "several settings"

_COMPARED: Final[tuple[str, ...]] = (
    "learning_rate",
    "optimizer",
    "schedule",
    "batch_size",
    "epochs",
    "hidden_units",
    "depth",
    "activation",
    "initializer",
    "l2",
    "dropout",
    "n_parameters",
)
"""Fields of :class:`Settings` that a user turns to make a run learn."""

_LEVELS: Final = ("loss_name", "class_weights", "label_smoothing", "focal_gamma", "n_classes")
"""Fields that move the chance level: losses under others cannot be compared."""

_DATA_WORDS: Final = re.compile(
    r"data|file|path|table|fold|feature|column|target|label|subset|split|task|scenario|variant", re.IGNORECASE
)
"""Params that, where they differ, may well say that the other run saw other data."""


_SIBLINGS_READ: Final = 500
"""Siblings whose settings are kept: those of a few dozen runs that lie side by side."""


@dataclass(frozen=True)
class _Compared:
    """One sibling next to the run: its skill by the run's chance level, and what it did differently."""

    skill: float
    is_same_level: bool
    changed: tuple[str, ...]


def siblings(
    record: RunRecord, train: LossView, validation: LossView | None, settings: Settings, limits: Limits
) -> Iterator[Fact]:
    """Yield what the siblings show; nothing when none of them can be compared.

    Parameters
    ----------
    record
        The run with its siblings.
    train, validation
        Its judged losses; the held-back one is compared where the sibling has it too.
    settings
        Of the run itself.
    """
    compared = [
        one
        for sibling in record.siblings
        if (one := _compare(sibling, record, validation or train, settings, limits)) is not None
    ]
    if not compared:
        return
    source = f"{len(compared)} runs of the same experiment"
    learned = [one for one in compared if one.skill > limits.clear_skill]
    stuck = [one for one in compared if one.is_same_level]
    yield Fact("siblings_compared", len(compared), source, Tier.RUN)
    yield Fact("siblings_learned", len(learned), source, Tier.RUN)
    yield Fact("siblings_at_same_level", len(stuck), source, Tier.RUN)
    if learned:
        nearest = min(learned, key=lambda one: len(one.changed))
        yield Fact("sibling_changed", _in_a_word(nearest.changed), source, Tier.RUN)
    varied = {name for one in stuck for name in one.changed}
    if varied:
        yield Fact("siblings_varied", ", ".join(sorted(varied)), source, Tier.RUN)


def _in_a_word(changed: tuple[str, ...]) -> str:
    if not changed:
        return NOTHING_LOGGED
    return changed[0] if len(changed) == 1 else SEVERAL


def _compare(
    sibling: Sibling, record: RunRecord, view: LossView, settings: Settings, limits: Limits
) -> _Compared | None:
    latest = sibling.latest.get(view.curve.name, math.nan)
    level = view.findings.end_level
    if not math.isfinite(latest) or level is None or not _same_data(sibling, record):
        return None
    theirs = _settings_of(sibling)
    if any(_value(theirs, name) != _value(settings, name) for name in _LEVELS if name != "loss_name"):
        return None
    chance = view.chance.value
    changed = tuple(name for name in _COMPARED if _differ(_value(theirs, name), _value(settings, name)))
    return _Compared(
        # Of an unknown share only a loss below this run's own is surely better.
        skill=1.0 - latest / (chance if view.chance.known else min(chance, level)),
        is_same_level=abs(latest - level) <= limits.chance_band * chance,
        changed=changed,
    )


@lru_cache(maxsize=_SIBLINGS_READ)
def _settings_of(sibling: Sibling) -> Settings:
    """Return a sibling's settings; the runs of a page share their siblings, which hash by identity."""
    return read_settings(RunRecord(sibling.run_id, params=sibling.params))


def _value(settings: Settings, name: str) -> object:
    setting: Setting[object] | None = getattr(settings, name)
    return None if setting is None else setting.value


def _differ(theirs: object, ours: object) -> bool:
    # A model summary is not read for siblings, so a fact that only one side has is no difference.
    return theirs is not None and ours is not None and theirs != ours


def _same_data(sibling: Sibling, record: RunRecord) -> bool:
    ours = {(data.context or "", data.digest) for data in record.datasets if data.digest}
    theirs = {(context, digest) for context, digest in sibling.datasets if digest}
    if ours and theirs:
        return bool(ours & theirs)
    return not any(_DATA_WORDS.search(key) for key in _differing_keys(sibling.params, record.params))


def _differing_keys(theirs: Mapping[str, str], ours: Mapping[str, str]) -> set[str]:
    return {key for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)}
