"""curves + findings + settings -> evidence. Raw numbers only; rules compare, the report rounds."""

from __future__ import annotations

from mlflow_bce_monitor.curves.curve import CurveSet
from mlflow_bce_monitor.evidence import (
    of_course,
    of_curves,
    of_evaluation,
    of_monitor,
    of_predictions,
    of_training,
)
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.evidence.of_curves import plateau_fraction
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.settings import Settings

__all__ = ["LossView", "gather", "plateau_fraction"]


def gather(
    record: RunRecord,
    curves: CurveSet,
    train: LossView,
    validation: LossView | None,
    settings: Settings,
    limits: Limits,
    probed: tuple[Fact, ...] = (),
) -> Evidence:
    """Collect every fact the run offers.

    Parameters
    ----------
    record
        The run, for what was measured inside its training, and of its model afterwards.
    curves
        The recognised curves.
    train, validation
        The judged loss and its twin on held-back data.
    settings
        What the params say.
    probed
        What experiments on a copy of the model found; () without any.
    """
    facts = [
        *of_curves.shape(train, curves, limits),
        *(of_curves.twin(validation, limits) if validation is not None else ()),
        *of_course.course(train, curves, limits),
        *of_course.held_back_course(validation, curves, limits),
        *of_predictions.gains(train, validation, curves, settings),
        *of_curves.movement(validation or train),
        *of_curves.penalty(train, curves),
        *of_curves.common_excess(train, validation, limits),
        *of_predictions.predictions(train, curves, settings, limits),
        *of_predictions.constant_output(curves, limits),
        *of_predictions.chance_distance(train, validation),
        *of_predictions.fit_gap(train, validation),
        *of_predictions.ranking(validation, curves, limits),
        *of_predictions.held_back_labels(validation, curves),
        *of_predictions.log_probabilities(curves, train.curve.split),
        *of_training.training(train, curves, settings, of_predictions.train_rows(train, curves, settings)),
        *of_training.context(curves, train),
        *of_monitor.monitored(record, train.curve.name),
        *of_evaluation.evaluated(record, limits),
        *probed,
    ]
    return Evidence(tuple(facts))
