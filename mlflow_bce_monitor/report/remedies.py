"""The change to make, as lines to paste: in the run's own params, and in the framework's code.

The values are those that ``bce-monitor verify`` tries first: both come from ``remedies/``.
"""

from __future__ import annotations

import re
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
    keras = rule.remedy.strip("\n")
    ways = (
        Snippet(OWN_PARAMS, own_params(diagnosis, cause)),
        Snippet("Keras" if rule.remedy_torch else "Python", keras),
        Snippet("PyTorch", rule.remedy_torch.strip("\n")),
    )
    return tuple(way for way in ways if way.source)


def own_params(diagnosis: Diagnosis, cause: str) -> str:
    """Return the params of the run to change, one assignment a line, "" where it logged none of them."""
    evidence = diagnosis.evidence
    logged = {
        setting: (found[1], evidence[fact])
        for setting, fact in _FACTS.items()
        if fact in evidence and (found := _PARAM.fullmatch(evidence.fact(fact).source))
    }
    current = {setting: value for setting, (_, value) in logged.items()}
    for remedy in prescribe(cause, current, facts_of(diagnosis))[:1]:
        return "\n".join(
            f"{plain(logged[setting][0])} = {_written(new)}  # was {_written(current[setting])}"
            for setting, new in remedy.changes.items()
            if setting in logged
        )
    return ""


def _written(value: SettingValue) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return numbers.setting(value)
    return plain(str(value))
