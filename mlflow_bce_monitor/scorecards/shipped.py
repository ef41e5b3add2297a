"""The scorecards that the package was shipped with: see ``verdicts.json`` and ``causes.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mlflow_bce_monitor.scorecards.scorecard import Scorecard, read_scorecard

VERDICTS_FILE: Final = "verdicts.json"
CAUSES_FILE: Final = "causes.json"


OF_OTHER_KINDS: Final = ("adversarial", "preference_loss", "boosted_trees")
"""Kinds of runs, as facts, of which a scorecard has seen a handful or none."""


def _shipped(name: str) -> Scorecard:
    return read_scorecard(Path(__file__).with_name(name).read_text(encoding="utf-8"))


OF_VERDICTS: Final = _shipped(VERDICTS_FILE)
"""As ``python -m benchmarks.scorecard --write`` fitted it."""

OF_CAUSES: Final = _shipped(CAUSES_FILE)
"""As ``python -m benchmarks.calibration --write`` fitted it; ``unknown`` is among its answers."""
