"""From logged metrics through the real diagnosis to every form of the report."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from rich.console import Console

from mlflow_bce_monitor.contract import CAUSES, Verdict
from mlflow_bce_monitor.pipeline import diagnose
from mlflow_bce_monitor.records import MetricHistory, RunRecord
from mlflow_bce_monitor.report import description, figure, headlines, page, wording
from mlflow_bce_monitor.report.explanation import explanation
from mlflow_bce_monitor.report.json_artifact import diagnosis_json

_KERAS = {"epochs": "10", "batch_size": "32", "opt_name": "adam", "positive_share": "0.1"}
_AT_ENTROPY = [0.412, 0.338, 0.3262, 0.3249, 0.3255, 0.3246, 0.3253, 0.3248, 0.3251, 0.3250]


def _run(metrics: Mapping[str, Sequence[float]], params: Mapping[str, str]) -> RunRecord:
    histories = {
        name: MetricHistory(
            name, np.arange(len(values)), np.arange(len(values)), np.array(values, dtype=np.float64)
        )
        for name, values in metrics.items()
    }
    return RunRecord("3f0c8e1d2b7a", "a run", "7", params=params, histories=histories)


_LEARNING = [0.1 + 0.59 * math.exp(-epoch / 3) for epoch in range(10)]
_RUNS = {
    "stalled": (
        _run({"loss": _AT_ENTROPY, "recall": [0.0] * 10, "accuracy": [0.9] * 10}, _KERAS),
        Verdict.STALLED,
    ),
    "learning": (
        _run({"loss": _LEARNING, "val_loss": _LEARNING}, {"positive_share": "0.5"}),
        Verdict.LEARNING,
    ),
    "diverged": (_run({"loss": [0.7, 0.9, 3.0, math.nan, math.nan, math.nan]}, _KERAS), Verdict.DIVERGED),
    "too short": (_run({"loss": [0.7, 0.69], "accuracy": [0.5, 0.5]}, _KERAS), Verdict.INCONCLUSIVE),
    "regression": (_run({"rmse": [1.0, 0.9, 0.8]}, {}), Verdict.NOT_APPLICABLE),
    "all NaN": (_run({"loss": [math.nan] * 8}, {}), Verdict.DIVERGED),
}


@pytest.mark.parametrize("name", list(_RUNS))
def test_a_diagnosed_run_is_reported_in_every_form(name: str) -> None:
    """Page, picture, description, JSON, tags and terminal all tell the verdict of the same diagnosis."""
    record, verdict = _RUNS[name]
    diagnosis = diagnose(record)
    headline = headlines.headline(diagnosis)
    assert diagnosis.verdict is verdict
    assert headlines.headline_parts(diagnosis).title in page.render(diagnosis)
    assert figure.draw(diagnosis).startswith(b"\x89PNG")
    assert description.block(diagnosis, record.run_id).startswith(description.escaped(headline))
    assert json.loads(diagnosis_json(diagnosis))["headline"] == headline
    tags = wording.tags(diagnosis)
    assert tags["bce.verdict"] == verdict
    assert tags["bce.cause"] in CAUSES
    console = Console(file=io.StringIO(), width=200)
    console.print(explanation(diagnosis))
    assert headline.split(":", 1)[0] in console.file.getvalue()  # type: ignore[attr-defined]


def test_an_imbalanced_run_reads_as_stalled_at_the_entropy_of_its_labels() -> None:
    """The level is called that of 10% positives, never ln 2, and the steps are epochs."""
    diagnosis = diagnose(_RUNS["stalled"][0])
    assert headlines.headline(diagnosis) == (
        "Stalled at chance: the loss has stood at 0.325 (the chance level of 10% positives) since epoch 2; "
        "the model explains 0% of the labels."
    )
    assert wording.tags(diagnosis)["bce.chance_level"] == "0.3251"
