"""cause, settings, facts -> what to change: names of settings and their new values, the best change first.

Pure: nothing here trains, reads a store or writes. ``remedy.py`` says what a remedy is and knows the
names of the settings, ``case.py`` what is known of a run, ``values.py`` computes the new values from it,
``prescriptions.py`` holds one function a cause, ``jointly.py`` puts those of uncertain causes together, and
``known.py`` reads the settings that a run logged. The advice in words stands in ``rules/``; the words of a
remedy begin with it.
"""

from mlflow_bce_monitor.remedies.jointly import prescribe_jointly
from mlflow_bce_monitor.remedies.known import facts_of, known_settings
from mlflow_bce_monitor.remedies.prescriptions import beyond_settings, prescribe
from mlflow_bce_monitor.remedies.remedy import SETTINGS, Remedy, SettingValue

__all__ = [
    "SETTINGS",
    "Remedy",
    "SettingValue",
    "beyond_settings",
    "facts_of",
    "known_settings",
    "prescribe",
    "prescribe_jointly",
]
