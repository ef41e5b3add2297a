"""Read this file first: the whole diagnosis, all stages in order, of one run or of many.

    run -> settings, curves -> chance levels -> findings -> evidence -> verdict, causes

Each arrow is a pure function between frozen dataclasses. Nothing here reads a
store, draws, or writes; MLflow, the terminal and the files stand at the edges
(``tracking/``, ``cli/``, ``report/``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from mlflow_bce_monitor.calibration import FITTED
from mlflow_bce_monitor.chance import ChanceEstimate, chances_of
from mlflow_bce_monitor.collecting import without_collecting
from mlflow_bce_monitor.contract import EXPLAINED, FLAGGED, Tier, Verdict
from mlflow_bce_monitor.curves import Curve, CurveSet, recognise
from mlflow_bce_monitor.diagnosis import Diagnosis, Judgement, SkillEstimate
from mlflow_bce_monitor.errors import RunError
from mlflow_bce_monitor.evaluated_alone import diagnose_evaluation, tells_enough
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.evidence.gather import LossView, gather, plateau_fraction
from mlflow_bce_monitor.evidence.of_evaluation import evaluated
from mlflow_bce_monitor.evidence.of_siblings import siblings
from mlflow_bce_monitor.findings import CurveFindings, Examined, Plateau, examine_all
from mlflow_bce_monitor.limits import LIMITS, Limits
from mlflow_bce_monitor.measurements import advised, next_measurements
from mlflow_bce_monitor.observations import QUESTIONS, observe
from mlflow_bce_monitor.pooling import is_fitted_on, pooled
from mlflow_bce_monitor.ranking import consult, rank
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.rules import RULES
from mlflow_bce_monitor.rules.no_number import BROKEN_INPUTS, never_a_number
from mlflow_bce_monitor.rules.rule import Outcome
from mlflow_bce_monitor.scorecards import OF_CAUSES
from mlflow_bce_monitor.settings import Setting, Settings, read_settings
from mlflow_bce_monitor.verdicts import CLEAR, judge


@dataclass(frozen=True)
class Question:
    """What the caller says about the runs beyond what they logged.

    Attributes
    ----------
    metrics
        Names of the metrics to judge as binary cross-entropies; () to recognise them.
    base_rate
        The share of positives in (0, 1), None to find it out from the run.
    """

    metrics: tuple[str, ...] = ()
    base_rate: float | None = None

    def __post_init__(self) -> None:
        if self.base_rate is not None and not 0.0 < self.base_rate < 1.0:
            raise ValueError(f"the base rate is a share of positives in (0, 1), got {self.base_rate!r}")


_NO_QUESTION = Question()

SHARE_MISSING = (
    "the share of positives: chance level and skill are upper bounds without it; "
    "log the param positive_share, or pass --base-rate"
)

NAN_MISSING = (
    "whether any input or label is NaN or infinite, which no log of a loss tells: np.isfinite(x).all(), "
    "or train with the callback BCEMonitor, which counts them"
)


def diagnose(
    record: RunRecord,
    question: Question = _NO_QUESTION,
    limits: Limits = LIMITS,
    probed: tuple[Fact, ...] = (),
) -> Diagnosis:
    """Diagnose one run.

    Parameters
    ----------
    record
        What the store holds of the run.
    question
        What the caller knows or wants; nothing by default.
    limits
        Thresholds; the diagnosis keeps them.
    probed
        What experiments on a copy of the model found; () without any.

    Raises
    ------
    RunError
        When ``question.metrics`` names no metric of the run.
    """
    answer = diagnose_many((record,), question, limits, probed)[0]
    if isinstance(answer, RunError):
        raise answer
    return answer


def diagnose_many(
    records: Iterable[RunRecord],
    question: Question = _NO_QUESTION,
    limits: Limits = LIMITS,
    probed: tuple[Fact, ...] = (),
) -> list[Diagnosis | RunError]:
    """Diagnose runs together, which takes a fraction of the time that one after the other takes.

    The answers are the same: curves are only measured together (``findings/examine.py``).

    Parameters
    ----------
    records
        Any runs; all are held in memory until the last one is diagnosed.
    question, limits, probed
        As for :func:`diagnose`, of all runs.

    Returns
    -------
    list
        One answer a run, in their order: the error of a run that has none of ``question.metrics``.
    """
    with without_collecting():
        found = [_understood(record, question, limits, probed) for record in records]
        judged = [loss for one in found if isinstance(one, _Understood) for loss in one.losses]
        examined = iter(examine_all(judged, limits))
        return [_concluded(one, examined, limits) if isinstance(one, _Understood) else one for one in found]


class _Understood(NamedTuple):
    """A run with what is known of it before its curves are looked at.

    ``losses`` holds the judged loss and, where there is one, its twin on held-back data, each with its
    chance level.
    """

    record: RunRecord
    settings: Settings
    curves: CurveSet
    losses: tuple[tuple[Curve, ChanceEstimate], ...]
    probed: tuple[Fact, ...]


def _understood(
    record: RunRecord, question: Question, limits: Limits, probed: tuple[Fact, ...]
) -> _Understood | Diagnosis | RunError:
    """Return what a run is about, or its diagnosis where no curve has anything to say."""
    settings = _with_probed_share(read_settings(record), probed)
    try:
        curves = recognise(record, settings, limits, question.metrics)
    except RunError as error:
        return error
    measured = () if question.metrics or tells_enough(curves.loss, limits) else evaluated(record, limits)
    if measured:
        return diagnose_evaluation(record, measured, probed, limits)
    if curves.loss is None:
        return _not_applicable(record, curves, limits)
    losses = chances_of(curves, settings, question.base_rate, limits)
    return _Understood(record, settings, curves, losses, probed)


def _concluded(run: _Understood, examined: Iterator[Examined], limits: Limits) -> Diagnosis:
    """Return the diagnosis of a run whose losses are the next that were examined."""
    record, settings, curves = run.record, run.settings, run.curves
    views = [LossView(*loss, *next(examined)) for loss in run.losses]
    train, validation = views[0], views[1] if len(views) > 1 else None
    evidence = gather(record, curves, train, validation, settings, limits, run.probed)
    judgement = judge(evidence, limits)
    if judgement.verdict in EXPLAINED:
        evidence = evidence.and_facts(siblings(record, train, validation, settings, limits))
    outcomes: dict[str, Outcome] = {}
    if judgement.verdict in EXPLAINED:
        outcomes = _explained(evidence, judgement.verdict, limits)
    is_open = _is_one_flat_curve(record, judgement, evidence) or _is_assumed(evidence, limits)
    most = limits.one_curve_cause if is_open else 1.0
    causes = rank(judgement.verdict, outcomes, RULES, most=most) if outcomes else ()
    missing = next_measurements(causes, evidence, outcomes, RULES) if outcomes else ()
    causes = advised(causes, missing)
    if never_a_number(evidence):
        missing = missing if BROKEN_INPUTS in evidence else (NAN_MISSING, *missing)
    elif not train.chance.known:
        missing = (SHARE_MISSING, *missing)
    # Overfitting is a statement about the held-back data, so its numbers are theirs.
    shown = validation if judgement.verdict is Verdict.OVERFITTING and validation is not None else train
    return Diagnosis(
        run_id=record.run_id,
        run_name=record.run_name,
        experiment_id=record.experiment_id,
        judgement=judgement,
        causes=causes,
        metric=shown.curve.name,
        chance=shown.chance,
        train_chance=train.chance,
        validation_chance=validation.chance if validation else None,
        final_loss=shown.findings.final_loss,
        skill=_skill(shown),
        validation_skill=_skill(validation) if validation else None,
        plateau=_plateau(judgement.verdict, train.findings),
        plateau_fraction=plateau_fraction(shown.findings),
        tier=_tier(evidence, outcomes),
        missing=tuple(dict.fromkeys((*missing, *settings.unreadable))),
        curves=curves,
        findings=train.findings,
        validation_findings=validation.findings if validation else None,
        evidence=evidence,
        outcomes=outcomes,
        limits=limits,
    )


def _explained(evidence: Evidence, verdict: Verdict, limits: Limits) -> dict[str, Outcome]:
    """Return what speaks for and against each cause: what the rules say, and all facts taken together."""
    said = consult(evidence, RULES, limits)
    if verdict not in FLAGGED:
        # What was fitted on runs in trouble says nothing of a normal state.
        return FITTED.weighed(said, verdict)
    seen = observe(evidence, QUESTIONS, limits)
    weighed = FITTED.weighed(said, verdict, seen)
    if not is_fitted_on(evidence):
        return weighed
    return pooled(weighed, OF_CAUSES.score(evidence), evidence, seen, RULES)


def _is_one_flat_curve(record: RunRecord, judgement: Judgement, evidence: Evidence) -> bool:
    """Whether a loss at chance is all there is: a picture that most causes paint alike."""
    stalled = judgement.verdict is Verdict.STALLED and len(record.histories) == 1
    return stalled and all(fact.tier is Tier.CURVE for fact in evidence.facts())


def _is_assumed(evidence: Evidence, limits: Limits) -> bool:
    """Whether nothing but its name says that the loss is a cross-entropy, not even the model's own."""
    if evidence["loss_certainty"] != "assumed" or evidence.get("probe_output_fault", False):
        return False
    return not abs(evidence.number_or("probe_compiled_gap", math.inf)) <= limits.same_loss


def _with_probed_share(settings: Settings, probed: tuple[Fact, ...]) -> Settings:
    """Return the settings with the share of positives of the probed rows, where the run states none."""
    share = next((fact.value for fact in probed if fact.name == "probe_positive_share"), None)
    if not isinstance(share, float) or settings.train_positive_share or settings.positive_share:
        return settings
    return replace(settings, train_positive_share=Setting(share, "probe 'predictions'"))


def _skill(view: LossView) -> SkillEstimate | None:
    """Skill of the final loss, with the bounds that the chance level's bounds leave; None without one."""
    loss, chance = view.findings.final_loss, view.chance
    # Below zero it is no cross-entropy of labels from 0 to 1; a skill above 1 would sort as the best run.
    if loss is None or loss < 0.0:
        return None
    value = 1.0 - loss / chance.value
    if not chance.known:
        return SkillEstimate(value, float("-inf"), value)
    return SkillEstimate(
        value, 1.0 - loss / chance.low if chance.low > 0 else float("-inf"), 1.0 - loss / chance.high
    )


def _plateau(verdict: Verdict, findings: CurveFindings) -> Plateau | None:
    """Return the plateau the verdict is about."""
    if verdict is Verdict.ESCAPED:
        at_chance = [plateau for plateau in findings.plateaus if plateau.at_chance]
        at_chance += [findings.stand] if findings.stand is not None else []
        return max(at_chance, key=lambda plateau: plateau.length, default=None)
    if verdict in EXPLAINED or verdict is Verdict.INCONCLUSIVE:
        return findings.plateaus[-1] if findings.plateaus else None
    return None


def _tier(evidence: Evidence, outcomes: dict[str, Outcome]) -> Tier:
    """Return the deepest tier among the facts that were used: all of them when rules were asked."""
    if not outcomes:
        return evidence.fact("positive_share").tier if "positive_share" in evidence else Tier.CURVE
    return max((fact.tier for fact in evidence.facts()), key=list(Tier).index, default=Tier.CURVE)


def _not_applicable(record: RunRecord, curves: CurveSet, limits: Limits) -> Diagnosis:
    chance: ChanceEstimate | None = None
    return Diagnosis(
        run_id=record.run_id,
        run_name=record.run_name,
        experiment_id=record.experiment_id,
        judgement=Judgement(Verdict.NOT_APPLICABLE, CLEAR, curves.reason),
        causes=(),
        metric=None,
        chance=chance,
        train_chance=None,
        validation_chance=None,
        final_loss=None,
        skill=None,
        validation_skill=None,
        plateau=None,
        plateau_fraction=0.0,
        tier=Tier.CURVE,
        missing=(),
        curves=curves,
        findings=None,
        validation_findings=None,
        evidence=Evidence(),
        outcomes={},
        limits=limits,
    )
