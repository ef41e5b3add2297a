"""run -> settings: what the params, tags and data set inputs of a run say, under any common name.

Every setting is optional and remembers the key it came from. A param that should be a
number and is text becomes an entry of :attr:`Settings.unreadable`, never an error.
"""

from mlflow_bce_monitor.settings.reader import read_settings
from mlflow_bce_monitor.settings.setting import ClassWeights, SampleWeights, Setting, Settings
from mlflow_bce_monitor.settings.text import parse_class_weights, parse_number

__all__ = [
    "ClassWeights",
    "SampleWeights",
    "Setting",
    "Settings",
    "parse_class_weights",
    "parse_number",
    "read_settings",
]
