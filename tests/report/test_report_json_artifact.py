"""The artifact diagnosis.json: the contract's object, and more, in strict JSON."""

from __future__ import annotations

import dataclasses
import json
import math

import handmade_diagnoses as handmade
import numpy as np
import pytest

from mlflow_bce_monitor.contract import Tier, Verdict
from mlflow_bce_monitor.diagnosis import Diagnosis
from mlflow_bce_monitor.evidence.fact import Evidence, Fact
from mlflow_bce_monitor.report.json_artifact import diagnosis_json
from mlflow_bce_monitor.rules.rule import Supported


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _read(diagnosis: Diagnosis) -> dict[str, object]:
    read = json.loads(diagnosis_json(diagnosis), parse_constant=_refuse)
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize("name", list(handmade.EVERY_VERDICT))
def test_the_contract_comes_first_and_unchanged(name: str) -> None:
    """All keys of the contract lead the object, with the very values of the contract."""
    diagnosis = handmade.EVERY_VERDICT[name]
    read = _read(diagnosis)
    contract = diagnosis.as_contract()
    assert list(read)[: len(contract)] == list(contract)
    assert {key: read[key] for key in contract} == contract


def test_everything_behind_the_verdict_is_there() -> None:
    """Chance level with its source, findings, facts, rule outcomes and limits are given."""
    read = _read(handmade.stalled())
    assert read["chance"]["share"]["source"] == "params['positive_share']"  # type: ignore[index]
    assert read["findings"]["plateaus"][0]["start_step"] == 2  # type: ignore[index]
    assert read["facts"][1] == {  # type: ignore[index]
        "name": "recall",
        "value": 0.0,
        "source": "metric 'recall', last value",
        "tier": "curve",
    }
    assert read["rules"]["dead_relu"] == {"outcome": "not_assessed", "missing": ["gradient_norm"]}  # type: ignore[index]
    assert read["rules"]["class_imbalance"]["outcome"] == "supported"  # type: ignore[index]
    assert read["rules"]["learning_rate_too_low"]["outcome"] == "ruled_out"  # type: ignore[index]
    assert read["limits"]["min_points"] == 5  # type: ignore[index]
    assert read["validation_skill"] is not None


def test_what_json_does_not_know_is_null() -> None:
    """NaN and infinities become null, wherever they are; numpy's numbers become plain ones."""
    odd = handmade.diagnosis(
        Verdict.DIVERGED,
        handmade.curve([0.7, math.inf]),
        evidence=Evidence(
            (
                Fact("peak_ratio", math.inf, "metric 'loss'", Tier.CURVE),
                Fact("n_points", np.int64(3), "metric 'loss'", Tier.CURVE),
                Fact("end_falling", np.bool_(1), "metric 'loss'", Tier.CURVE),
            )
        ),
        outcomes={"no_signal": Supported(-math.inf, "never")},
        skill=dataclasses.replace(handmade.slow().skill, low=-math.inf),  # type: ignore[type-var]
    )
    read = _read(odd)
    assert [fact["value"] for fact in read["facts"]] == [None, 3, True]  # type: ignore[attr-defined, union-attr]
    assert read["rules"]["no_signal"]["weight"] is None  # type: ignore[index]
    assert read["skill_bounds"]["low"] is None  # type: ignore[index]


def test_any_name_survives_the_way_through_json() -> None:
    """A name with quotes, markup and escape codes is read back exactly; a lone surrogate is replaced."""
    assert _read(handmade.hostile())["run_name"] == handmade.HOSTILE
    odd = dataclasses.replace(handmade.stalled(), run_name="\ud800")
    assert diagnosis_json(odd).encode("utf-8")
    assert _read(odd)["run_name"] == "?"
