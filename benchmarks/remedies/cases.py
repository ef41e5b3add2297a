"""Which runs of the zoo are put right, and what is prescribed to each from its log alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.remedies.changed import knows
from benchmarks.remedies.trials import CASES
from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.remedies import facts_of, known_settings, prescribe, prescribe_jointly
from mlflow_bce_monitor.settings import read_settings

if TYPE_CHECKING:
    from benchmarks.zoo.plan import TrainingPlan
    from benchmarks.zoo.truth import Truth
    from mlflow_bce_monitor.diagnosis import Diagnosis

LONGEST: Final = 20.0
"""Seconds that the zoo's own training of a run may have taken: each is repeated a dozen times."""

SEED: Final = 20_261_126
"""Of the sample."""

WITHOUT_ROWS: Final = frozenset({"zeros", "one_row"})
"""Damage to inputs that leaves nothing of the rows."""

CONVOLVED: Final = ("cnn", "conv")
"""Networks with convolutions are left out: compiled for one processor, each takes minutes."""

NO_SIGNAL: Final = "no_signal"
TOO_FEW_ROWS: Final = "too_few_rows"

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One run in trouble whose cause is established.

    Attributes
    ----------
    plan_id, block
        Which.
    cause
        The true cause that it stands for in the table: the injected one where that is true.
    causes
        All causes that are not wrong.
    verdict
        The true verdict.
    repairable
        Whether some setting can help at all: not where labels are noise or all inputs the same.
    learning_rate
        The rate it was trained with.
    named, probability
        The first cause of the diagnosis, and what was stated for it.
    jointly
        The change prescribed for all probable causes together; {} where none is.
    prescribed
        The changes prescribed for ``named`` alone, the best first.
    if_known
        Those prescribed for ``cause``.
    """

    plan_id: str
    block: str
    cause: str
    causes: tuple[str, ...]
    verdict: str
    repairable: bool
    learning_rate: float
    named: str
    probability: float
    jointly: Changes
    prescribed: tuple[Changes, ...]
    if_known: tuple[Changes, ...]

    @property
    def is_named_rightly(self) -> bool:
        """Whether the first cause is a true one."""
        return self.named in self.causes


def sample(
    pairs: Iterable[tuple[RunRecord, Truth]], block: str, per_cause: int
) -> list[tuple[RunRecord, Truth]]:
    """Return up to so many runs in trouble of every true cause, drawn by the seed.

    Runs of networks on labels, whose cause is established, and whose training took no longer than
    :data:`LONGEST`. Of every cause the stalled runs come first, then those that did not learn in another
    way; runs that overfit are drawn where the cause is too few rows, which has no others.
    """
    of_cause: dict[str, list[tuple[RunRecord, Truth]]] = {}
    for record, truth in sorted(pairs, key=lambda pair: pair[1].plan.plan_id):
        if truth.plan.block == block and is_eligible(record, truth):
            of_cause.setdefault(cause_of(truth), []).append((record, truth))
    rng = np.random.default_rng(SEED)
    chosen: list[tuple[RunRecord, Truth]] = []
    for cause in sorted(of_cause):
        drawn = [of_cause[cause][place] for place in rng.permutation(len(of_cause[cause]))]
        drawn.sort(key=lambda pair: pair[1].verdict is not Verdict.STALLED)
        chosen += drawn[:per_cause]
    return chosen


def is_eligible(record: RunRecord, truth: Truth) -> bool:
    """Whether a run is in trouble of an established cause, and is trained again quickly."""
    if truth.plan.family != "labels" or truth.verdict not in FLAGGED or not truth.causes:
        return False
    if any(word in truth.plan.network.architecture for word in CONVOLVED):
        return False
    if truth.verdict is Verdict.OVERFITTING and cause_of(truth) != TOO_FEW_ROWS:
        return False
    start, end = record.start_time, record.end_time
    return start is not None and end is not None and (end - start) / 1000 <= LONGEST


def cause_of(truth: Truth) -> str:
    """Return the true cause that a run stands for: the injected one where that is true."""
    return truth.plan.fault if truth.plan.fault in truth.causes else min(truth.causes)


def case_of(record: RunRecord, truth: Truth) -> Case:
    """Return a run with what its log alone is diagnosed as, and what is prescribed for that."""
    diagnosis = diagnose(record)
    settings, facts = known_settings(read_settings(record)), facts_of(diagnosis)
    cause = cause_of(truth)
    plan: TrainingPlan = truth.plan
    return Case(
        plan_id=plan.plan_id,
        block=plan.block,
        cause=cause,
        causes=tuple(sorted(truth.causes)),
        verdict=truth.verdict.value,
        repairable=cause != NO_SIGNAL and plan.data.inputs not in WITHOUT_ROWS,
        learning_rate=plan.optimiser.learning_rate,
        named=diagnosis.cause,
        probability=round(diagnosis.confidence, 4),
        jointly=_jointly(diagnosis, settings, facts),
        prescribed=_changes(diagnosis.cause, settings, facts),
        if_known=_changes(cause, settings, facts),
    )


def _changes(cause: str, settings: Mapping[str, object], facts: Mapping[str, object]) -> tuple[Changes, ...]:
    # Through JSON, as they are kept: a tuple comes back as a list.
    return tuple(json.loads(json.dumps(dict(remedy.changes))) for remedy in prescribe(cause, settings, facts))


def _jointly(
    diagnosis: Diagnosis, settings: Mapping[str, object], facts: Mapping[str, object]
) -> dict[str, Any]:
    remedy = prescribe_jointly([(one.cause, one.probability) for one in diagnosis.causes], settings, facts)
    made = {} if remedy is None else remedy.changes
    # What no training of the zoo has, none of it can lack.
    return {name: value for name, value in json.loads(json.dumps(dict(made))).items() if knows(name)}


def read_cases(path: Path = CASES) -> list[Case]:
    """Return every case of the file; [] without one."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Case(**_with_tuples(row)) for row in rows]


def _with_tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    lists = {"causes", "prescribed", "if_known"}
    return {name: tuple(value) if name in lists else value for name, value in row.items()}


def write_cases(cases: Sequence[Case], path: Path = CASES) -> None:
    """Write the file anew."""
    path.write_text("".join(json.dumps(asdict(case)) + "\n" for case in cases), encoding="utf-8")
