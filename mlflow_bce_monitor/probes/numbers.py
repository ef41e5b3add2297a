"""Skills as the numbers of an experiment."""

from __future__ import annotations

import numpy as np

from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.scores import Skill


def finite(**numbers: float) -> dict[str, FactValue]:
    """Return the numbers, with a skill of minus infinity as the -100 that no learner can reach."""
    return {name: max(float(np.nan_to_num(value, nan=-100.0)), -100.0) for name, value in numbers.items()}


def with_error(name: str, skill: Skill) -> dict[str, FactValue]:
    """Return a skill and its standard error under two names."""
    return finite(**{f"{name}_skill": skill.value, f"{name}_error": skill.error})
