"""What a tracking store hands over for one run, before anything is understood.

This is the boundary between the edge that reads a store (``tracking/``) and the
pure core: a reader fills a :class:`RunRecord`, the core never sees MLflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MetricHistory:
    """All logged points of one metric, in the order the store returned them.

    Attributes
    ----------
    name
        The metric's name as logged.
    steps
        Shape (n_points,), as logged: may repeat, be negative or be all zero.
    timestamps
        Shape (n_points,), milliseconds since the epoch.
    values
        Shape (n_points,). NaN where NaN was logged; infinities as +-inf or, from
        SQL stores, as +-1.797e308.
    """

    name: str
    steps: IntArray
    timestamps: IntArray
    values: FloatArray

    def __post_init__(self) -> None:
        shapes = {self.steps.shape, self.timestamps.shape, self.values.shape}
        if len(shapes) != 1 or self.values.ndim != 1:
            raise ValueError(
                f"metric {self.name!r}: steps {self.steps.shape}, timestamps {self.timestamps.shape} and "
                f"values {self.values.shape} must be one-dimensional and of one length"
            )

    def __len__(self) -> int:
        return int(self.values.size)


@dataclass(frozen=True)
class DatasetInput:
    """One data set logged as an input of the run.

    Attributes
    ----------
    name, digest, source_type
        As MLflow stores them.
    context
        The value of the tag ``mlflow.data.context`` ("training", "eval", ...) or None.
    profile
        The parsed profile; {} when there is none or when it is not JSON.
    """

    name: str
    digest: str = ""
    source_type: str = ""
    context: str | None = None
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sibling:
    """Another run of the same experiment, as far as a search result shows it: no histories.

    Attributes
    ----------
    run_id
        Identity.
    params
        As stored.
    latest
        Metric name to its latest value, without the evaluator's own ``bce/*`` answers.
    datasets
        (context or "", digest) of each logged data set input, sorted.
    """

    run_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, float] = field(default_factory=dict)
    datasets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run as its store holds it.

    Attributes
    ----------
    run_id, run_name, experiment_id
        Identity; ``run_name`` is "" when the run has none.
    status
        MLflow's status word: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    start_time, end_time
        Milliseconds since the epoch, None when the store has none.
    params, tags
        As stored. ``tags`` holds no ``bce.*`` tag: the evaluator never reads its own answer.
    histories
        Metric name to history, without the evaluator's own ``bce/*`` answers.
    datasets
        Logged data set inputs.
    model_summary
        The text of the artifact ``model_summary.txt`` when it was read, else None.
    siblings
        Finished runs of the same experiment that were started near this one, itself left out;
        () when nobody looked.
    """

    run_id: str
    run_name: str = ""
    experiment_id: str = ""
    status: str = "FINISHED"
    start_time: int | None = None
    end_time: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    histories: Mapping[str, MetricHistory] = field(default_factory=dict)
    datasets: tuple[DatasetInput, ...] = ()
    model_summary: str | None = None
    siblings: tuple[Sibling, ...] = ()
