"""What reaches the model: scale, constant features, values that are no numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def input_facts(leaves: Sequence[npt.NDArray[np.generic]]) -> dict[str, float]:
    """Return scale and health of the inputs; {} when none of them is numeric.

    Parameters
    ----------
    leaves
        The inputs, each of shape (n_rows, ...); text is left out.
    """
    numeric = [
        _as_table(leaf) for leaf in leaves if np.issubdtype(leaf.dtype, np.number) or leaf.dtype == bool
    ]
    numeric = [table for table in numeric if table.size]
    if not numeric:
        return {}
    values = np.concatenate([table.reshape(-1) for table in numeric])
    finite = values[np.isfinite(values)]
    spans = np.concatenate([_spans(table) for table in numeric])
    found = {
        "non_finite_inputs": 1.0 - finite.size / values.size,
        "constant_features": float((spans == 0.0).mean()) if len(numeric[0]) > 1 else None,
    }
    if finite.size:
        found |= {
            "input_mean": float(finite.mean()),
            "input_sd": float(finite.std()),
            "input_min": float(finite.min()),
            "input_max": float(finite.max()),
        }
    return {name: value for name, value in found.items() if value is not None}


def _as_table(leaf: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    table = np.asarray(leaf, np.float64)
    return table.reshape(table.shape[0], -1) if table.ndim > 1 else table.reshape(-1, 1)


def _spans(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return largest minus smallest value of each feature; a feature with a NaN is not constant."""
    spans: npt.NDArray[np.float64] = np.asarray(table.max(axis=0) - table.min(axis=0))
    return spans
