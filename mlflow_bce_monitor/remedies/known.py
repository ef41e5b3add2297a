"""What a run logged of the settings that a remedy may change, and what its diagnosis knows."""

from __future__ import annotations

from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import FactValue
from mlflow_bce_monitor.remedies.remedy import SettingValue
from mlflow_bce_monitor.settings import ClassWeights, Settings

_AS_THEY_ARE = (
    "learning_rate",
    "optimizer",
    "batch_size",
    "epochs",
    "l2",
    "dropout",
    "activation",
    "initializer",
    "beta",
)


def known_settings(settings: Settings) -> dict[str, SettingValue]:
    """Return canonical setting name to current value, for those that the run logged under any name."""
    known: dict[str, SettingValue] = {}
    for name in _AS_THEY_ARE:
        setting = getattr(settings, name)
        if setting is not None:
            known[name] = setting.value
    units = settings.hidden_units
    if units is not None:
        known["hidden_units"] = units.value if len(units.value) > 1 else units.value[0]
    if settings.class_weights is not None:
        known["class_weight"] = _weights(settings.class_weights.value)
    return known


def _weights(weights: ClassWeights) -> SettingValue:
    return "balanced" if weights.balanced else (weights.negative, weights.positive)


def facts_of(diagnosis: Diagnosis) -> dict[str, FactValue]:
    """Return what the diagnosis knows, as :func:`~mlflow_bce_monitor.remedies.prescribe` takes it."""
    return dict(diagnosis.evidence)
