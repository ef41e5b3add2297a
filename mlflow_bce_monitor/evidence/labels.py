"""What the label values that reached a training say about its loss."""

from __future__ import annotations

from typing import Final

from mlflow_bce_monitor.evidence.fact import Evidence

_BINARY: Final = ("binary_crossentropy", "binary_focal_crossentropy")
"""Keras' own losses of labels from 0 to 1; a loss of one's own may want -1 and 1."""

_SOUND: Final = frozenset({"0", "1", "fraction"})


def wrong_labels(evidence: Evidence) -> str:
    """Return the label values in words where a binary cross-entropy got some outside of [0, 1], else ""."""
    if evidence.get("inside_loss") not in _BINARY:
        return ""
    values = str(evidence.get("inside_labels", "")).split()
    if _SOUND.issuperset(values):
        return ""
    said = [{"fraction": "fractions", "other": "others"}.get(value, value) for value in values]
    *first, last = said
    return f"{', '.join(first)} and {last}" if first else last
