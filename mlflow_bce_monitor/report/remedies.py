"""The change to make, as lines to paste: in the run's own params, and in the framework's code.

The values are those that ``bce-monitor verify`` tries first: both come from ``remedies/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.remedies import SettingValue, facts_of, prescribe
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Rule

_RULES: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}
_PARAM: Final = re.compile(r"params\['(.+)'\]")
_FACTS: Final = {
    "learning_rate": "learning_rate",
    "optimizer": "optimizer",
    "epochs": "n_epochs",
    "l2": "l2",
    "dropout": "dropout",
}
"""Setting that a remedy may change, and the fact that knows its value and the param it was logged under."""

_CLASSES: Final = {
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}
"""Word of an optimizer and the name of its class, the same in Keras and in PyTorch."""

OWN_PARAMS: Final = "This run's params"


class Snippet(NamedTuple):
    """Lines to paste, and where: "This run's params", "Keras", "PyTorch" or "Python"."""

    label: str
    source: str


def snippets(diagnosis: Diagnosis, cause: str) -> tuple[Snippet, ...]:
    """Return the change that a cause asks for, the run's own params first; () for a cause without a rule."""
    rule = _RULES.get(cause)
    if rule is None:
        return ()
    ways = (
        Snippet(OWN_PARAMS, own_params(diagnosis, cause)),
        Snippet("Keras" if rule.remedy_torch else "Python", _with_values(rule.remedy, diagnosis, cause)),
        Snippet("PyTorch", _with_values(rule.remedy_torch, diagnosis, cause)),
    )
    return tuple(way for way in ways if way.source)


def own_params(diagnosis: Diagnosis, cause: str) -> str:
    """Return the params of the run to change, one assignment a line, "" where it logged none of them."""
    logged = _logged(diagnosis)
    return "\n".join(
        f"{plain(logged[setting][0])} = {_written(new)}  # was {_written(logged[setting][1])}"
        for setting, new in _changes(diagnosis, cause).items()
        if setting in logged
    )


def _logged(diagnosis: Diagnosis) -> dict[str, tuple[str, SettingValue]]:
    """Return setting to the name of its param and its value, of what the run logged."""
    evidence = diagnosis.evidence
    return {
        setting: (found[1], evidence[fact])
        for setting, fact in _FACTS.items()
        if fact in evidence and (found := _PARAM.fullmatch(evidence.fact(fact).source))
    }


def _changes(diagnosis: Diagnosis, cause: str) -> Mapping[str, SettingValue]:
    """Return the changes to try first, {} where no setting helps."""
    current = {setting: value for setting, (_, value) in _logged(diagnosis).items()}
    remedies = prescribe(cause, current, facts_of(diagnosis))
    return remedies[0].changes if remedies else {}


def _with_values(source: str, diagnosis: Diagnosis, cause: str) -> str:
    """Return a rule's lines with the optimizer and the rate that this run is to take, where they are known.

    Without it the code would say another rate than the params beside it.
    """
    source, changes = source.strip("\n"), _changes(diagnosis, cause)
    word = changes.get("optimizer", diagnosis.evidence.get("optimizer", ""))
    name, rate = _CLASSES.get(str(word).lower()), changes.get("learning_rate")
    if name is None or rate is None:
        return source
    keras, torch = "optimizers.{}({})", "optim.{}(model.parameters(), lr={})"
    for form in (keras, torch):
        source = source.replace(form.format("Adam", "1e-3"), form.format(name, _written(rate)))
    return source


def _written(value: SettingValue) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return numbers.setting(value)
    return plain(str(value))
