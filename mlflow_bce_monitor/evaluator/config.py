"""What a caller may say in ``evaluator_config``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from mlflow_bce_monitor.errors import UsageError
from mlflow_bce_monitor.evaluator.plugin import NAME
from mlflow_bce_monitor.tracking.writing.reports import Reports, parse_reports

_OF_MLFLOW: Final = frozenset({"col_mapping"})
"""Keys that MLflow itself looks for in the same place."""


@dataclass(frozen=True)
class Config:
    """How to evaluate.

    Attributes
    ----------
    pos_label
        The label that counts as positive; None for the larger of the two.
    reports
        Which verdicts get a report: "flagged", "all" or "none".
    probe
        Whether to make experiments on copies of a Keras model.
    budget
        Seconds for these.
    seed
        Of these.
    """

    pos_label: Any = None
    reports: Reports = Reports.FLAGGED
    probe: bool = False
    budget: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kinds, wanted in (
            ("probe", (bool,), "True or False"),
            ("budget", (int, float), "a number of seconds above 0"),
            ("seed", (int,), "a whole number, 0 or more"),
        ):
            value = getattr(self, name)
            if not isinstance(value, kinds) or (bool not in kinds and (isinstance(value, bool) or value < 0)):
                raise UsageError(f"evaluator_config: {name}={value!r} is not {wanted}.")
        if not self.budget > 0:
            raise UsageError(f"evaluator_config: budget={self.budget!r} is not a number of seconds above 0.")


KEYS: Final = tuple(field.name for field in fields(Config))


def config_of(given: Mapping[str, Any] | None) -> Config:
    """Return the configuration in ``evaluator_config``.

    MLflow hands a single evaluator the whole dictionary, so its keys may stand there at once
    or under the evaluator's name.

    Raises
    ------
    UsageError
        A key is not known, or a value is none that the key may have.
    """
    given = given or {}
    inner = given.get(NAME, {})
    if not isinstance(inner, Mapping):
        raise UsageError(f"evaluator_config[{NAME!r}] must be a dictionary, got {inner!r}.")
    said = {**{key: value for key, value in given.items() if key != NAME}, **inner}
    unknown = [key for key in said if key not in KEYS and key not in _OF_MLFLOW]
    if unknown:
        raise UsageError(
            f"The evaluator {NAME!r} does not know {', '.join(map(repr, unknown))} in its evaluator_config; "
            f"it knows {', '.join(map(repr, KEYS))}."
        )
    values = {key: value for key, value in said.items() if key in KEYS}
    if "reports" in values:
        values["reports"] = parse_reports(values["reports"])
    return Config(**values)
