"""What was measured layer by layer, as one bounded JSON artifact."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

MOST_LAYERS: Final = 300
MOST_LOOKS: Final = 32
"""Epochs shown; of more, every second one is dropped."""

Numbers = Mapping[str, Mapping[str, float]]


class LayersReport:
    """Collects layer path to named numbers, epoch by epoch, and forgets what would be too much."""

    def __init__(self) -> None:
        self._start: dict[str, dict[str, float]] = {}
        self._looks: list[tuple[int, dict[str, dict[str, float]]]] = []
        self._noted: Numbers = {}

    def __bool__(self) -> bool:
        return bool(self._looks)

    def start(self, layers: Numbers) -> None:
        """Keep the numbers before the first step."""
        self._start = _first(layers)

    def note(self, layers: Numbers) -> None:
        """Keep numbers for the next look that is added."""
        self._noted = layers

    def add(self, step: int, layers: Numbers) -> None:
        """Add the look of an epoch."""
        merged: dict[str, dict[str, float]] = {}
        for part in (layers, self._noted):
            for path, numbers in part.items():
                merged.setdefault(path, {}).update(numbers)
        self._noted = {}
        self._looks.append((step, _first(merged)))
        if len(self._looks) > MOST_LOOKS:
            self._looks = [*self._looks[:-1:2], self._looks[-1]]

    def as_json(self) -> str:
        """Return strict JSON: ``{"start": {layer: {...}}, "epochs": [{"epoch", "layers"}]}``."""
        whole: dict[str, Any] = {
            "start": self._start,
            "epochs": [{"epoch": step, "layers": layers} for step, layers in self._looks],
        }
        return json.dumps(whole, allow_nan=False, indent=1)


def _first(layers: Numbers) -> dict[str, dict[str, float]]:
    return {
        path: {name: value for name, value in layers[path].items() if math.isfinite(value)}
        for path in list(layers)[:MOST_LAYERS]
    }
