"""curves -> findings: facts about the shape of a loss curve."""

from mlflow_bce_monitor.findings.examine import examine, examine_all
from mlflow_bce_monitor.findings.finding import CurveFindings, CurveNumbers, Examined, Plateau, Spike

__all__ = ["CurveFindings", "CurveNumbers", "Examined", "Plateau", "Spike", "examine", "examine_all"]
