"""evidence -> observations that belong to no single cause: how the run looks, whatever is wrong with it."""

from mlflow_bce_monitor.observations.question import Answer, Question, Seen, observe
from mlflow_bce_monitor.observations.questions import QUESTIONS

__all__ = ["QUESTIONS", "Answer", "Question", "Seen", "observe"]
