"""The artifact ``diagnosis.json``: the contract's object and everything behind it, in strict JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np

from mlflow_bce_monitor import __version__
from mlflow_bce_monitor.chance.estimate import ChanceEstimate
from mlflow_bce_monitor.diagnosis import Diagnosis, SkillEstimate
from mlflow_bce_monitor.findings.finding import CurveFindings
from mlflow_bce_monitor.report import headlines
from mlflow_bce_monitor.rules.rule import NotAssessed, Outcome, RuledOut, Supported


def diagnosis_json(diagnosis: Diagnosis) -> str:
    """Return one JSON object: the keys of the contract first, then what they rest on.

    Numbers are raw, never rounded. NaN and infinities, which JSON does not know, are null.
    """
    return json.dumps(_strict(_whole(diagnosis)), indent=2, ensure_ascii=False, allow_nan=False)


def _whole(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        **diagnosis.as_contract(),
        "version": __version__,
        "headline": headlines.headline(diagnosis),
        "verdict_because": diagnosis.judgement.because,
        "verdict_confidence": diagnosis.judgement.confidence,
        "advice": diagnosis.advice,
        "plateau_fraction": diagnosis.plateau_fraction,
        "chance": _chance(diagnosis.chance),
        "validation_chance": _chance(diagnosis.validation_chance),
        "skill_bounds": _bounds(diagnosis.skill),
        "validation_skill": _bounds(diagnosis.validation_skill),
        "curves": _curves(diagnosis),
        "findings": _findings(diagnosis.findings),
        "validation_findings": _findings(diagnosis.validation_findings),
        "facts": [
            {"name": fact.name, "value": fact.value, "source": fact.source, "tier": fact.tier.value}
            for fact in diagnosis.evidence.facts()
        ],
        "rules": {code: _outcome(outcome) for code, outcome in diagnosis.outcomes.items()},
        "limits": dataclasses.asdict(diagnosis.limits),
    }


def _chance(chance: ChanceEstimate | None) -> dict[str, Any] | None:
    return None if chance is None else dataclasses.asdict(chance)


def _bounds(skill: SkillEstimate | None) -> dict[str, Any] | None:
    return None if skill is None else dataclasses.asdict(skill)


def _findings(findings: CurveFindings | None) -> dict[str, Any] | None:
    return None if findings is None else dataclasses.asdict(findings)


def _curves(diagnosis: Diagnosis) -> dict[str, Any]:
    curves = diagnosis.curves
    judged = [curve for curve in (curves.loss, curves.validation_loss) if curve is not None]
    return {
        "certainty": None if curves.certainty is None else curves.certainty.value,
        "reason": curves.reason,
        "judged": [
            {"name": c.name, "split": c.split.value, "n_points": len(c), "removed": list(c.removed)}
            for c in judged
        ],
        "companions": [
            {"name": curve.name, "role": role.value, "split": split.value}
            for (role, split), curve in curves.companions.items()
        ],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Supported):
        return {
            "outcome": "supported",
            "weight": outcome.weight,
            "because": outcome.because,
            "speaks_for": list(outcome.speaks_for),
            "speaks_against": list(outcome.speaks_against),
        }
    if isinstance(outcome, RuledOut):
        return {"outcome": "ruled_out", "because": outcome.because}
    assert isinstance(outcome, NotAssessed)  # noqa: S101 - the type is a closed union
    return {"outcome": "not_assessed", "missing": list(outcome.missing)}


def _strict(value: Any) -> Any:
    """Return ``value`` in JSON's own types: NaN and infinity as None, lone surrogates replaced."""
    if isinstance(value, dict):
        return {_strict(key): _strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, np.generic):
        return _strict(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
