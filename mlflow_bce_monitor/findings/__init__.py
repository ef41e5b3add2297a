"""curves -> findings: facts about the shape of a loss curve."""

from mlflow_bce_monitor.findings.examine import examine
from mlflow_bce_monitor.findings.finding import CurveFindings, Plateau, Spike

__all__ = ["CurveFindings", "Plateau", "Spike", "examine"]
