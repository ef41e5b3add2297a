"""What all facts say taken together: of verdicts in doubt, and of causes beside the rules."""

from mlflow_bce_monitor.scorecards.scorecard import Characteristic, Scorecard, Scored, read_scorecard
from mlflow_bce_monitor.scorecards.shipped import OF_CAUSES, OF_OTHER_KINDS, OF_VERDICTS

__all__ = [
    "OF_CAUSES",
    "OF_OTHER_KINDS",
    "OF_VERDICTS",
    "Characteristic",
    "Scorecard",
    "Scored",
    "read_scorecard",
]
