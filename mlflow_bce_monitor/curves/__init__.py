"""run -> curves: recognise which logged metrics are which curves, and put them in clean order."""

from mlflow_bce_monitor.curves.curve import Curve, CurveSet, LossCertainty, PreferenceLoss, Role, Split
from mlflow_bce_monitor.curves.recognition import recognise

__all__ = ["Curve", "CurveSet", "LossCertainty", "PreferenceLoss", "Role", "Split", "recognise"]
