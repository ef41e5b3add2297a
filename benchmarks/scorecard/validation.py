"""What the scorecard changes on blocks of the zoo that it was not fitted on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.diagnosis.cases import Case, case_of
from benchmarks.scorecard.fit import fit
from mlflow_bce_monitor.evidence.fact import Evidence
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import RunRecord
from mlflow_bce_monitor.scorecards import Scorecard
from mlflow_bce_monitor.verdicts import judge

if TYPE_CHECKING:
    from benchmarks.zoo.truth import Truth


@dataclass(frozen=True, eq=False)
class Run:
    """One run with what the judges by themselves say of it.

    Attributes
    ----------
    case
        Truth and the judges' own verdict, without causes.
    evidence
        What was known; empty where the run has no loss to judge.
    block
        Of the zoo.
    """

    case: Case
    evidence: Evidence
    block: str

    def judged_with(self, scorecard: Scorecard) -> Case:
        """Return the run with the verdict that it gets after the scorecard was asked."""
        if not self.evidence:
            return self.case
        judgement = judge(self.evidence, LIMITS, scorecard)
        return replace(self.case, said=judgement.verdict, confidence=judgement.confidence)


@dataclass(frozen=True)
class OfBlock:
    """One block: the judges alone, and with a scorecard that was fitted on the other blocks.

    Attributes
    ----------
    block
        Its name.
    alone, with_scorecard
        Each run with the verdict that was given.
    """

    block: str
    alone: tuple[Case, ...]
    with_scorecard: tuple[Case, ...]

    @property
    def disputed(self) -> tuple[Case, ...]:
        """The runs whose verdict was left and made less sure."""
        return tuple(after for before, after in self._pairs if _less_sure(before, after))

    @property
    def overruled(self) -> tuple[tuple[Case, Case], ...]:
        """The runs that were given another verdict, before and after."""
        return tuple((before, after) for before, after in self._pairs if after.said is not before.said)

    @property
    def _pairs(self) -> Iterator[tuple[Case, Case]]:
        return zip(self.alone, self.with_scorecard, strict=True)


def _less_sure(before: Case, after: Case) -> bool:
    return after.said is before.said and after.confidence < before.confidence


def run_of(record: RunRecord, truth: Truth) -> Run:
    """Return a run of the zoo as its judges see it."""
    diagnosis = diagnose(record)
    case = replace(case_of(record, truth, diagnosis), stated=())
    if not diagnosis.evidence:
        return Run(case, diagnosis.evidence, truth.plan.block)
    alone = judge(diagnosis.evidence, LIMITS, scorecard=None)
    case = replace(case, said=alone.verdict, confidence=alone.confidence)
    return Run(case, diagnosis.evidence, truth.plan.block)


def fitted_on(runs: Sequence[Run]) -> Scorecard:
    """Return the scorecard of some runs."""
    return fit([run.evidence for run in runs], [run.case.verdict for run in runs])


def blocks_apart(runs: Sequence[Run]) -> tuple[OfBlock, ...]:
    """Return what the scorecard of the other blocks changes on each block."""
    return tuple(
        _of_block(
            block,
            [run for run in runs if run.block == block],
            fitted_on([run for run in runs if run.block != block]),
        )
        for block in sorted({run.block for run in runs})
    )


def _of_block(block: str, runs: Sequence[Run], scorecard: Scorecard) -> OfBlock:
    return OfBlock(block, tuple(run.case for run in runs), tuple(run.judged_with(scorecard) for run in runs))
