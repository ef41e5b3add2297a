"""The change to make, as lines to paste: in the run's own params, and in the framework's code."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.report import numbers
from mlflow_bce_monitor.report.plain_text import plain
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.rule import Change, Rule

_RULES: Final[dict[str, Rule]] = {rule.code: rule for rule in RULES}
_PARAM: Final = re.compile(r"params\['(.+)'\]")
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
    rule = _RULES.get(cause)
    lines = (_assignment(diagnosis, change) for change in (() if rule is None else rule.changes))
    return "\n".join(line for line in lines if line)


def _assignment(diagnosis: Diagnosis, change: Change) -> str:
    if change.fact not in diagnosis.evidence:
        return ""
    logged = _PARAM.fullmatch(diagnosis.evidence.fact(change.fact).source)
    new = change.to(diagnosis.evidence) if logged is not None else None
    if logged is None or new is None:
        return ""  # not a param of this run, or no trouble
    old = diagnosis.evidence.number(change.fact)
    return f"{plain(logged[1])} = {numbers.setting(new)}  # was {numbers.setting(old)}"
