"""What the evaluation found, in sentences."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.contract import Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis, Judgement
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.report import headlines, numbers
from mlflow_bce_monitor.report.plain_text import clause, sentence
from mlflow_bce_monitor.verdicts import judge_evaluation

_CANNOT_TELL_WHY = (
    "One evaluation cannot tell why, nor whether the training was still improving: labels without signal, "
    "a dead network and a training that was too short look alike"
)

_SUBJECTS: Final = {
    Verdict.LEARNING: "the model has learned something: ",
    Verdict.STALLED: "the model is ",
}
"""What a judge's reason goes on from."""


def statement(diagnosis: Diagnosis, labels: str, source: str | None) -> str:
    """Return what was found: the labels, the numbers, the model, and the run where its curves count.

    Parameters
    ----------
    diagnosis
        Of the run, with the facts of the evaluation.
    labels
        Which label counts as positive.
    source
        The run that the curves come from, where it is another one.
    """
    evidence = diagnosis.evidence
    judgement = judge_evaluation(evidence, diagnosis.limits)
    said = [labels, _numbers(evidence), _of_the_model(judgement)]
    alone = "end_skill" not in evidence
    if judgement.verdict is Verdict.STALLED and alone and not _probed(evidence):
        said.append(_CANNOT_TELL_WHY)
    if judgement.verdict is Verdict.STALLED and _constant(diagnosis):
        share = numbers.percent(evidence.number("evaluated_constant_features"))
        said.append(f"{share} of the features are the same for every row")
    if not alone:
        whose = f"The training, run {source}" if source else "The training"
        said.append(f"{whose}: {headlines.headline(diagnosis)}")
    if diagnosis.causes and (not alone or _probed(evidence)):
        first = diagnosis.causes[0]
        said.append(f"most probable cause: {first.cause} ({numbers.probability(first.probability)})")
    return " ".join(sentence(clause(part)[:1].upper() + clause(part)[1:]) for part in said if part)


def _of_the_model(judgement: Judgement) -> str:
    return f"{_SUBJECTS.get(judgement.verdict, '')}{judgement.because}"


def _numbers(evidence: Evidence) -> str:
    rows = numbers.count(evidence.number("evaluated_rows"))
    share = numbers.percent(evidence.number("evaluated_positive_share"))
    chance = numbers.nats(evidence.number("evaluated_chance_level"))
    if "evaluated_cross_entropy" in evidence:
        cost = numbers.nats(evidence.number("evaluated_cross_entropy"))
        value = numbers.percent(evidence.number("evaluated_skill"))
        error = numbers.percent(evidence.number("evaluated_skill_error"))
        area = evidence.number("evaluated_roc_auc")
        return (
            f"{rows} rows, {share} positive: cross-entropy {cost}, chance level {chance}, "
            f"skill {value} (standard error {error}), AUC {area:.2f}"
        )
    if "evaluated_balanced_accuracy" in evidence:
        accuracy = evidence.number("evaluated_balanced_accuracy")
        return f"{rows} rows, {share} positive: balanced accuracy {accuracy:.2f}"
    return f"{rows} rows, {share} positive: chance level {chance}"


def _constant(diagnosis: Diagnosis) -> bool:
    share = diagnosis.evidence.number_or("evaluated_constant_features", 0.0)
    return share >= diagnosis.limits.most_features


def _probed(evidence: Evidence) -> bool:
    return any(name.startswith("probe_") for name in evidence)
