"""curves + settings -> chance levels and skill."""

from mlflow_bce_monitor.chance.assess import chances_of
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate

__all__ = ["ChanceEstimate", "ShareEstimate", "chances_of"]
