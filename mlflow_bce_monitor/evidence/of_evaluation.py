"""Facts about the model itself, from the ``bce/evaluated_...`` metrics of an evaluation (tier ``model``).

The evaluation counts and so does what the curves tell. Where both speak of the same thing,
which predictions differ at all and how well held-back rows are ranked, the evaluated model
knows better than its curves: every row was looked at, after the last step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlflow_bce_monitor.contract import Tier
from mlflow_bce_monitor.evaluated import EVALUATED, evaluated_fact, evaluated_metric
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.evidence.of_predictions import ABOVE_CHANCE, AT_CHANCE, UNCLEAR
from mlflow_bce_monitor.limits import Limits
from mlflow_bce_monitor.records import RunRecord

_STORED_INFINITY: Final = 1e308
"""SQL stores give infinities back as 1.797e308; comparing with NaN is false as well."""


def evaluated(record: RunRecord, limits: Limits) -> tuple[Fact, ...]:
    """Return what the last evaluation of the run's model measured; () for a run without one.

    Parameters
    ----------
    record
        The run.
    limits
        Thresholds of what counts as one prediction for all rows, and as a ranking.
    """
    measured = Evidence(tuple(_last_values(record)))
    if not measured:
        return ()
    return (*measured.facts(), *_derived(measured, limits))


def _last_values(record: RunRecord) -> Iterator[Fact]:
    whole = _last(record, evaluated_metric("rows"))
    if whole is None:
        return
    for name in EVALUATED:
        metric = evaluated_metric(name)
        value = _last(record, metric)
        # What an earlier evaluation measured and the last one could not, is not known any more.
        if value is not None and value[0] == whole[0]:
            yield Fact(evaluated_fact(name), value[1], f"metric {metric!r}, last value", Tier.MODEL)


def _last(record: RunRecord, metric: str) -> tuple[int, float] | None:
    """Return (timestamp, value) of the last point, None without one."""
    history = record.histories.get(metric)
    if history is None or not len(history):
        return None
    at = int(history.timestamps.argmax())
    value = float(history.values[at])
    return (int(history.timestamps[at]), value) if abs(value) < _STORED_INFINITY else None


def _derived(measured: Evidence, limits: Limits) -> Iterator[Fact]:
    """Yield what rules ask for by a name that the curves' facts have as well."""
    if "evaluated_output_sd" in measured:
        source = measured.fact("evaluated_output_sd").source
        same = measured.number("evaluated_output_sd") < limits.same_prediction
        yield Fact("constant_output", same, source, Tier.MODEL)
    if "evaluated_roc_auc" in measured:
        yield Fact(
            "ranking", _ranking(measured, limits), measured.fact("evaluated_roc_auc").source, Tier.MODEL
        )


def _ranking(measured: Evidence, limits: Limits) -> str:
    above = measured.number("evaluated_roc_auc") - 0.5
    error = measured.number("evaluated_roc_auc_error")
    if above >= limits.error_sigmas * error:
        return ABOVE_CHANCE
    return UNCLEAR if above >= limits.auc_errors * error else AT_CHANCE
