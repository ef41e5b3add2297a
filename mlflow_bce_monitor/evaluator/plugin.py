"""The class that MLflow finds, and when it is active."""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any, Final

from mlflow.models.evaluation.base import EvaluationResult, ModelEvaluator

NAME: Final = "bce_monitor"
"""Of the evaluator, and of the ``model_type`` that asks for it."""

_EVALUATING: Final = "_evaluate"
"""MLflow's function that evaluates with the evaluators it has resolved."""


class BCEMonitorEvaluator(ModelEvaluator):
    """Says whether a binary classifier is at chance on some rows, and writes the answer to the run.

    Active when it is named (``evaluators="bce_monitor"``, or in a list) or with
    ``model_type="bce_monitor"``, and never when MLflow tries all evaluators by itself.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str | None, evaluator_config: Any, **kwargs: Any) -> bool:  # noqa: ARG003 - MLflow's interface
        """Return whether the caller asked for this evaluator.

        MLflow asks with the same arguments whether a caller named the evaluator or not. Those
        that nobody named it asks once more, and first, while it chooses among all that are
        installed. "No" at that moment keeps this one out; when it is asked right before
        evaluating, somebody has named it.
        """
        return model_type == NAME or _is_evaluating(inspect.currentframe())

    def evaluate(  # type: ignore[override,unused-ignore] # MLflow passes by keyword; further ones are kept for later versions
        self,
        *,
        dataset: Any,
        run_id: str,
        evaluator_config: dict[str, Any] | None,
        model: Any = None,
        predictions: str | None = None,
        model_id: str | None = None,
        **kwargs: Any,  # noqa: ARG002 - MLflow's interface
    ) -> EvaluationResult:
        """Measure the model's predictions, diagnose the run with them, and write both to it.

        Parameters
        ----------
        dataset
            MLflow's evaluation data set, with targets of two values.
        run_id
            The run that MLflow evaluates in.
        evaluator_config
            See :class:`~mlflow_bce_monitor.evaluator.config.Config`.
        model
            A pyfunc model, None to take the data set's predictions.
        predictions
            The column of the model's output that holds the probabilities.
        model_id
            Of the logged model, for the metrics.

        Raises
        ------
        UsageError
            Targets or predictions that no binary cross-entropy can be computed from, or an unknown
            configuration key; the message names what was received.
        """
        from mlflow_bce_monitor.evaluator.answer import Evaluation, answer  # noqa: PLC0415 - loads matplotlib
        from mlflow_bce_monitor.evaluator.config import config_of  # noqa: PLC0415 - as above

        evaluation = Evaluation(dataset, run_id, config_of(evaluator_config), model, predictions, model_id)
        return answer(evaluation)


def _is_evaluating(frame: FrameType | None) -> bool:
    """Whether the function that asked is the one that evaluates, and not the one that chooses."""
    caller = frame.f_back if frame is not None else None
    return caller is not None and caller.f_code.co_name == _EVALUATING
