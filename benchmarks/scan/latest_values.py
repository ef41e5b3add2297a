"""What a verdict from latest values alone would hide: ``python -m benchmarks.scan.latest_values``.

On the blocks of the zoo that anything is fitted on. A run is in trouble when its whole histories say so.
See ``docs/decisions/0021-no-verdict-from-latest-values.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.zoo.blocks import FITTED_BLOCKS, FITTED_IN_WORDS
from benchmarks.zoo.traces import load
from mlflow_bce_monitor.chance import ChanceEstimate, chances_of
from mlflow_bce_monitor.contract import FLAGGED, Verdict
from mlflow_bce_monitor.curves import Curve, recognise
from mlflow_bce_monitor.limits import LIMITS
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.settings import read_settings

_FEWEST_POINTS: Final = 5


@dataclass(frozen=True)
class Latest:
    """What a search shows of a run, understood.

    Attributes
    ----------
    train, validation
        Skill of the latest loss; None without that loss.
    known
        Whether the share of positives is known for each loss.
    aucs
        The latest value of each AUC.
    """

    train: float
    validation: float | None
    known: bool
    aucs: tuple[float, ...]


Rule = Callable[[Latest], bool]


def _both(skill: float) -> Rule:
    return lambda run: skill < run.train <= 1.0 and run.validation is not None and run.validation > skill


RULES: Final[Mapping[str, Rule]] = {
    "skill of both splits > 0.3": _both(0.3),
    "skill of both splits > 0.3, share known": lambda run: run.known and _both(0.3)(run),
    "skill of both splits > 0.8, share known": lambda run: run.known and _both(0.8)(run),
    "every AUC > 0.9, skill > 0.1": lambda run: (
        bool(run.aucs) and min(run.aucs) > 0.9 and run.train > 0.1 and (run.validation or 1.0) > 0.1
    ),
    "AUC of both splits > 0.8, skill of both > 0.1": lambda run: (
        len(run.aucs) > 1 and min(run.aucs) > 0.8 and _both(0.1)(run)
    ),
}


def main() -> None:
    """Print, for each rule, what it answers and what it hides."""
    runs = [
        (latest_of(record), diagnose(record).verdict)
        for record, truth in load()
        if truth.plan.block in FITTED_BLOCKS
    ]
    healthy = sum(verdict in (Verdict.LEARNING, Verdict.ESCAPED) for _, verdict in runs)
    print(f"{len(runs)} trainings of the blocks {FITTED_IN_WORDS}, {healthy} of them learning or escaped")
    for name, rule in RULES.items():
        said = Counter(verdict for latest, verdict in runs if latest is not None and rule(latest))
        hidden = sum(said[verdict] for verdict in FLAGGED)
        print(f"{name}: {said.total()} answered, {hidden} hidden, {said[Verdict.ESCAPED]} escaped")


def latest_of(record: RunRecord) -> Latest | None:
    """Return what the latest values say, None without a loss or with too few points for any verdict."""
    if max(map(len, record.histories.values()), default=0) < _FEWEST_POINTS:
        return None
    histories = {name: _last(history) for name, history in record.histories.items() if len(history)}
    seen = replace(record, histories=histories)
    settings = read_settings(seen)
    curves = recognise(seen, settings, LIMITS, ())
    if curves.loss is None:
        return None
    skills = [_skill(*loss) for loss in chances_of(curves, settings, None, LIMITS)]
    return Latest(
        train=skills[0][0],
        validation=skills[1][0] if len(skills) > 1 else None,
        known=all(known for _, known in skills),
        aucs=tuple(float(one.values[0]) for name, one in histories.items() if "auc" in name.lower()),
    )


def _skill(loss: Curve, chance: ChanceEstimate) -> tuple[float, bool]:
    return 1.0 - float(loss.values[-1]) / chance.value, chance.known


def _last(history: MetricHistory) -> MetricHistory:
    last = np.lexsort((history.values, history.timestamps, history.steps))[-1:]
    return MetricHistory(history.name, history.steps[last], history.timestamps[last], history.values[last])


if __name__ == "__main__":
    main()
