"""What is timed: our detector and diagnosis, runmedic's checks, and ruptures' Pelt, on the same curves.

Each contender gets everything in memory in the form it reads, so none pays for reading or for
converting. No curve of ours is kept from one round to the next; what names and params say is, as it
is from page to page of a store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.core.bounds import Hits, hits, together
from benchmarks.core.made import MadeRun, inner_bounds
from mlflow_bce_monitor.chance.estimate import ChanceEstimate, ShareEstimate
from mlflow_bce_monitor.chance.level import LN_2
from mlflow_bce_monitor.curves.curve import Curve, Role, Split
from mlflow_bce_monitor.findings import examine, examine_all
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.findings.noise import point_noise
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import diagnose, diagnose_many
from mlflow_bce_monitor.records import RunRecord

LOSSES: Final = ("loss", "val_loss")
"""Metrics of a made run that have plateaus."""

PENALTIES: Final = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Factors of sigma^2 ln n that Pelt is given: the one with the highest F1 counts, in its favour."""

_BALANCED: Final = ChanceEstimate(
    LN_2, LN_2, LN_2, ShareEstimate(0.5, 0.5, 0.5, "made so"), known=True, formula="ln 2"
)


Judged = list[tuple[Curve, ChanceEstimate]]
"""Curves with their chance levels."""


@dataclass(frozen=True)
class Timed:
    """One contender's round: processor seconds, and the plateau bounds it found where it looks for them."""

    seconds: float
    bounds: Hits | None = None


PAGE: Final = 100
"""Runs that are diagnosed together, as many as a store is asked for at once."""


def our_diagnosis(records: Sequence[RunRecord]) -> Timed:
    """Time the whole diagnosis of every run, page by page."""
    pages = [records[first : first + PAGE] for first in range(0, len(records), PAGE)]
    return _timed(lambda: [diagnose_many(page) for page in pages])[0]


def our_diagnosis_alone(records: Sequence[RunRecord]) -> Timed:
    """Time the whole diagnosis of every run by itself."""
    return _timed(lambda: [diagnose(record) for record in records])[0]


def our_detector(runs: Sequence[MadeRun]) -> Timed:
    """Time the detector on both losses of every run, all of them together."""
    return _detected(runs, lambda curves: [one.findings for one in examine_all(curves, LIMITS)])


def our_detector_alone(runs: Sequence[MadeRun]) -> Timed:
    """Time the detector on both losses of every run, curve by curve."""
    return _detected(runs, lambda curves: [examine(*one, LIMITS) for one in curves])


def _detected(runs: Sequence[MadeRun], detect: Callable[[Judged], list[CurveFindings]]) -> Timed:
    cases = [(run, _curve(run, name)) for run in runs for name in LOSSES]
    curves = [(curve, _BALANCED) for _, curve in cases]
    timed, found = _timed(lambda: detect(curves))
    scored = [hits(run.bounds, bounds_of(findings)) for (run, _), findings in zip(cases, found, strict=True)]
    return Timed(timed.seconds, together(scored))


def bounds_of(findings: CurveFindings) -> tuple[int, ...]:
    """Return the inner bounds of the plateaus that were found."""
    return inner_bounds([(plateau.start, plateau.end) for plateau in findings.plateaus], findings.n_points)


def pelt(runs: Sequence[MadeRun], factor: float) -> Timed:
    """Time Pelt with the cost l2 and its other settings as they come, on both losses of every run.

    Parameters
    ----------
    factor
        Of sigma^2 ln n, the penalty of one more change point; sigma is estimated outside of the time.

    Raises
    ------
    ModuleNotFoundError
        When ruptures is not installed.
    """
    # An optional dependency of this benchmark alone.
    from ruptures import Pelt  # noqa: PLC0415

    cases = [(run, run.record.histories[name].values) for run in runs for name in LOSSES]
    penalties = [factor * point_noise(values) ** 2 * float(np.log(values.size)) for _, values in cases]
    timed, found = _timed(
        lambda: [
            Pelt(model="l2").fit(values).predict(pen=penalty)
            for (_, values), penalty in zip(cases, penalties, strict=True)
        ]
    )
    scored = [hits(run.bounds, ends[:-1]) for (run, _), ends in zip(cases, found, strict=True)]
    return Timed(timed.seconds, together(scored))


def runmedic(records: Sequence[RunRecord]) -> Timed:
    """Time runmedic's recognition of metrics and its checks, by the calls of its own command.

    Raises
    ------
    ModuleNotFoundError
        When runmedic is not installed.
    """
    # An optional dependency of this benchmark alone.
    from runmedic import checks, roles  # noqa: PLC0415

    runs = [_as_its_own(record) for record in records]
    return _timed(lambda: [checks.run_checks(run, roles.detect(run)) for run in runs])[0]


def _as_its_own(record: RunRecord) -> Any:
    from runmedic.model import Run  # noqa: PLC0415

    run = Run(name=record.run_name, source="mlflow", path=f"memory#{record.run_id}")
    for name, history in record.histories.items():
        series = run.get(name)
        for step, value in zip(history.steps.tolist(), history.values.tolist(), strict=True):
            series.add(float(step), value)
    return run.finalize()


def _curve(run: MadeRun, name: str) -> Curve:
    history = run.record.histories[name]
    return Curve(name, Role.LOSS, Split.TRAIN, history.steps, history.values)


def _timed(work: Callable[[], list[Any]]) -> tuple[Timed, list[Any]]:
    start = time.process_time()
    done = work()
    return Timed(time.process_time() - start), done
