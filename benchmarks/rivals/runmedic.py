"""runmedic from PyPI as it is, on a SQLite store of MLflow.

    pip install runmedic

Answers are read from its own objects, by the three calls of its command `runmedic diagnose mlflow.db`; a
test holds them to that command's JSON.

Of its checks those on the training loss, the validation loss and the gradient norm speak of the learning;
the others (step times, memory, idle devices, lines of a log) do not, and `val_below_train` says
itself that it is usually harmless. It alarms by a warning or a critical finding of the former,
the level its own option `--fail-on warning` takes; a note (`info`) finds a stall but is no false alarm.

Its findings list likely causes in prose, "ordered by how well the data supports them". ``CAUSES`` maps
every phrase that says something like one of our words, in the rival's favour where it is vague.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from benchmarks.rivals.answer import RivalAnswer, no_answer, quiet

NAME: Final = "runmedic"

FEWEST_POINTS: Final = 20
"""Points of the training loss below which its checks of the training loss are silent."""

ON_LEARNING: Final = frozenset(
    {
        "non_finite",
        "divergence",
        "no_learning",
        "overfitting",
        "loss_spikes",
        "grad_spikes",
        "constant_lr_plateau",
    }
)
"""Its checks that speak of the learning."""

ALARMS: Final = frozenset({"critical", "warning"})
"""Its severities that are alarms."""

CAUSES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        # no_learning
        "the learning rate is zero for the whole run": ("learning_rate_too_low",),
        # Collapsed outputs: any cause of a constant output counts.
        "the model outputs the same prediction for every input": ("dead_relu",),
        "weights are not updated": ("frozen_parameters",),
        "learning rate far too low": ("learning_rate_too_low",),
        "labels are misaligned with inputs": ("no_signal",),
        # non_finite
        "the lr schedule never stops increasing": ("learning_rate_too_high",),
        "nan from the very first steps points to a bug": ("unscaled_inputs", "output_loss_mismatch"),
        "exploding gradients: the learning rate is too high": ("learning_rate_too_high",),
        # divergence, loss_spikes, grad_spikes
        "learning rate too high": ("learning_rate_too_high",),
        "missing warmup": ("learning_rate_too_high",),
        "extreme outliers": ("unscaled_inputs",),
        "outlier batches": ("unscaled_inputs",),
        # overfitting: too few rows, or nothing but noise to memorise.
        "the model memorizes the training set": ("too_few_rows", "no_signal"),
    }
)
"""Phrase of a likely cause, in lower case, to our words."""


@dataclass(frozen=True)
class Answers:
    """What runmedic says of all runs of a store.

    Attributes
    ----------
    by_run
        Run id to answer.
    seconds
        Time its checks took, without importing it and without reading the store.
    """

    by_run: Mapping[str, RivalAnswer]
    seconds: float


def answers(database: Path) -> Answers:
    """Return what it says of every run of a store that has a metric.

    Raises
    ------
    ModuleNotFoundError
        When runmedic is not installed.
    """
    # An optional dependency of this benchmark alone.
    from runmedic import checks, loaders, roles  # noqa: PLC0415

    runs = loaders.load(str(database))
    start = time.perf_counter()
    detected = [roles.detect(run) for run in runs]
    found = [checks.run_checks(run, names) for run, names in zip(runs, detected, strict=True)]
    seconds = time.perf_counter() - start
    by_run = {
        run_id_of(run.path): answer_of(
            [finding.to_dict() for finding in findings],
            n_points=max((len(run.series[name]) for name in names.get("train_loss", ())), default=0),
        )
        for run, names, findings in zip(runs, detected, found, strict=True)
    }
    return Answers(by_run, seconds)


def run_id_of(path: str) -> str:
    """Return the run id in the path of one of its reports, ``FILE#RUN_ID``."""
    return path.rpartition("#")[2]


def answer_of(findings: list[dict[str, Any]], n_points: int) -> RivalAnswer:
    """Return the answer that the findings on one run amount to.

    Parameters
    ----------
    findings
        In its order, each as in its JSON: "check", "severity", "title" and "likely_causes" are read.
    n_points
        Points of what it took for the training loss.
    """
    told = [finding for finding in findings if finding["check"] in ON_LEARNING]
    if not told and n_points < FEWEST_POINTS:
        return no_answer(f"{n_points} points of a training loss, {FEWEST_POINTS} are needed")
    if not told:
        return quiet("no finding on the learning")
    flagged = any(finding["severity"] in ALARMS for finding in told)
    return RivalAnswer(
        flagged=flagged,
        causes=tuple(dict.fromkeys(cause for finding in told for cause in causes_of(finding))),
        why="; ".join(finding["title"] for finding in told),
        hinted=not flagged,
    )


def causes_of(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the causes that one finding names, in our words and in its order."""
    named = [
        cause
        for text in finding["likely_causes"]
        for phrase, causes in CAUSES.items()
        if phrase in text.lower()
        for cause in causes
    ]
    return tuple(dict.fromkeys(named))
