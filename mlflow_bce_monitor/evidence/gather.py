"""curves + findings + settings -> evidence. Raw numbers only; rules compare, the report rounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mlflow_bce_monitor.curves.curve import CurveSet, Role, Split
from mlflow_bce_monitor.evaluated import EVALUATED, evaluated_fact
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
from mlflow_bce_monitor.evidence.on_demand import EvidenceOnDemand, Finder, Finders
from mlflow_bce_monitor.evidence.view import LossView
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.settings import Settings

__all__ = ["FINDERS", "LossView", "gather", "plateau_fraction"]


class Look(NamedTuple):
    """All there is to look at: see :func:`gather`."""

    record: RunRecord
    curves: CurveSet
    train: LossView
    validation: LossView | None
    settings: Settings
    limits: Limits


def _ranking_inside(at: Look) -> Iterable[Fact]:
    """Return what the callback says of the ranking of held-back rows, where the run logged no AUC of them."""
    logged = at.curves.companion(Role.AUC, Split.VALIDATION)
    if logged is not None and logged.finite.size:
        return ()
    return of_monitor.held_back_ranking(at.record, at.train.curve.name, at.limits)


FINDERS: Final[Finders[Look]] = Finders(
    (
        Finder(of_curves.SHAPE, lambda at: of_curves.shape(at.train, at.curves, at.limits)),
        Finder(of_curves.TWIN, lambda at: of_curves.twin(at.validation, at.limits)),
        Finder(
            ("left_plateau_fraction", "final_skill", "end_noise", "stand_skill"),
            lambda at: of_course.course(at.train, at.limits),
        ),
        Finder(
            ("accuracies_at_end_level",),
            lambda at: of_course.accuracies_at_the_level(at.train, at.curves, at.limits),
        ),
        Finder(
            ("validation_one_class_gain",),
            lambda at: of_course.held_back_course(at.validation, at.curves, at.limits),
        ),
        Finder(
            ("n_train", "training_gain"),
            lambda at: of_predictions.training_gain(at.train, at.curves, at.settings),
        ),
        Finder(
            ("n_validation", "validation_gain"),
            lambda at: of_predictions.held_back_gain(at.validation, at.curves),
        ),
        Finder(
            ("last_leap", "last_skill", "movement", "start_off_untrained"),
            lambda at: of_curves.movement(at.validation or at.train),
        ),
        Finder(("held_skill",), lambda at: of_curves.held_skill(at.train, at.limits)),
        Finder(("fall_gain",), lambda at: of_curves.fall_gain(at.train, at.limits)),
        Finder(("penalty",), lambda at: of_curves.penalty(at.train, at.curves)),
        Finder(("common_excess",), lambda at: of_curves.common_excess(at.train, at.validation, at.limits)),
        Finder(
            ("positive_share", "minority_share", "effective_minority_share"),
            lambda at: of_predictions.shares(at.train, at.settings),
        ),
        Finder(
            ("accuracy_constant",),
            lambda at: of_predictions.accuracy_constant(at.train, at.curves, at.limits),
        ),
        Finder(
            ("one_class_accuracy_gap",),
            lambda at: of_predictions.one_class_gap(at.train, at.curves, at.limits),
        ),
        Finder(
            ("error_rate", "accuracy_gain"),
            lambda at: of_predictions.errors(at.train, at.curves, at.limits),
        ),
        Finder(
            ("recall", "auc", "validation_auc", "reward_margin", "reward_accuracy"),
            lambda at: of_predictions.other_metrics(at.train, at.curves, at.limits),
        ),
        Finder(
            ("constant_output", "output_went_constant"),
            lambda at: of_predictions.constant_output(at.curves, at.limits),
        ),
        Finder(("chance_distance",), lambda at: of_predictions.chance_distance(at.train, at.validation)),
        Finder(("fit_gap",), lambda at: of_predictions.fit_gap(at.train, at.validation)),
        Finder(("ranking",), lambda at: of_predictions.ranking(at.validation, at.curves, at.limits)),
        Finder(("ranking_rise",), lambda at: of_predictions.ranking_rise(at.curves, at.limits)),
        Finder(
            ("base_rate_headroom", "validation_auc_error"),
            lambda at: of_predictions.held_back_labels(at.validation, at.curves),
        ),
        Finder(("logps_zero",), lambda at: of_predictions.log_probabilities(at.curves, at.train.curve.split)),
        Finder(
            of_training.TRAINING,
            lambda at: of_training.training(
                at.train,
                at.curves,
                at.settings,
                of_predictions.train_rows(at.train, at.curves, at.settings),
            ),
        ),
        Finder(
            ("adversarial", "preference_loss", "boosted_trees", "pretrained"),
            lambda at: of_training.context(at.curves, at.train, at.settings),
        ),
        Finder(of_monitor.INSIDE_FACTS, lambda at: of_monitor.monitored(at.record, at.train.curve.name)),
        Finder(("ranking",), _ranking_inside),
        Finder(
            (*map(evaluated_fact, EVALUATED), "constant_output", "ranking"),
            lambda at: of_evaluation.evaluated(at.record, at.limits),
        ),
    )
)
"""What finds every fact that a run by itself offers, in the order in which the facts stand."""


def gather(
    record: RunRecord,
    curves: CurveSet,
    train: LossView,
    validation: LossView | None,
    settings: Settings,
    limits: Limits,
    probed: tuple[Fact, ...] = (),
) -> Evidence:
    """Return every fact the run offers, each of which is looked for when it is asked for.

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
    evidence = EvidenceOnDemand(FINDERS, Look(record, curves, train, validation, settings, limits))
    return evidence.and_facts(probed) if probed else evidence
