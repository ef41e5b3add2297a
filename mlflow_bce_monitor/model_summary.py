"""Read the text of Keras' ``model.summary()``, which autologging stores as ``model_summary.txt``.

Both the drawn table of Keras 3 and the plain columns of Keras 2 are read. Names that the
table cuts off with an ellipsis, or breaks over lines, are put together as far as they go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TOTAL: Final = re.compile(r"Total params:\s*([\d,]+)")
_TRAINABLE: Final = re.compile(r"^\s*Trainable params:\s*([\d,]+)", re.MULTILINE)
_NON_TRAINABLE: Final = re.compile(r"Non-trainable params:\s*([\d,]+)")
_TYPE: Final = re.compile(r"\((\w+)(?:…)?\)?")
_SHAPE: Final = re.compile(r"\(([^()]*)\)")
_COLUMN: Final = re.compile(r"[│|┃]")
_KERAS_2_COLUMNS: Final = re.compile(r"\s{2,}")
_LEAST_CELLS: Final = 3
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
"""A count that a model can have: no model has a quintillion weights."""

HIDDEN_TYPES: Final = ("Dense", "Conv", "LSTM", "GRU", "SimpleRNN", "Embedding", "SeparableConv", "Depthwise")
"""Layer types with units of their own, by the beginning of their name."""

BOTTLENECK_TYPES: Final = ("Dense", "LSTM", "GRU", "SimpleRNN")
"""Those whose units are all that passes on; a convolution has as many outputs again as positions."""


def has_units(kind: str) -> bool:
    """Whether layers of a type transform with weights of their own (not normalisation, not activation)."""
    return kind.startswith(HIDDEN_TYPES)


@dataclass(frozen=True)
class Layer:
    """One row of the table.

    Attributes
    ----------
    kind
        The layer's class, perhaps cut off: "Dense", "BatchNormalizatio".
    units
        Size of the last axis of its output, None when the table does not say.
    n_parameters
        Number of weights, 0 for a layer without any.
    """

    kind: str
    units: int | None
    n_parameters: int

    @property
    def is_dense(self) -> bool:
        """Whether all of the input passes through the units of this layer at once."""
        return self.kind.startswith(BOTTLENECK_TYPES)

    @property
    def has_units(self) -> bool:
        """Whether the layer transforms with weights of its own; see :func:`has_units`."""
        return has_units(self.kind)


@dataclass(frozen=True)
class ModelSummary:
    """A model as its summary shows it.

    Attributes
    ----------
    layers
        In the order of the table.
    n_parameters, n_trainable
        Totals below the table; None when they are missing.
    """

    layers: tuple[Layer, ...]
    n_parameters: int | None
    n_trainable: int | None

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """Units of the dense and recurrent layers, the output layer left out."""
        weighted = [layer for layer in self.layers if layer.has_units and layer.units is not None]
        return tuple(layer.units for layer in weighted[:-1] if layer.is_dense and layer.units is not None)

    @property
    def output_units(self) -> int | None:
        """Units of the last layer with weights, None when there is none."""
        sized = [layer.units for layer in self.layers if layer.has_units and layer.units is not None]
        return sized[-1] if sized else None


_SUMMARIES_KEPT: Final = 64
"""Summaries that are kept as read: the runs of a sweep often train the same model."""


@lru_cache(maxsize=_SUMMARIES_KEPT)
def parse_model_summary(text: str) -> ModelSummary:
    """Read a summary; parts that cannot be read are left out, never an error."""
    layers = tuple(layer for row in _rows(text) if (layer := _layer(row)) is not None)
    total, trainable, fixed = (_count(pattern, text) for pattern in (_TOTAL, _TRAINABLE, _NON_TRAINABLE))
    if trainable is not None and fixed is not None:
        total = trainable + fixed  # Keras 3 counts the optimizer's variables in once it is built
    return ModelSummary(layers, total, trainable)


def _rows(text: str) -> list[list[str]]:
    """Return the table's rows as cells; a row that is broken over lines is joined."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.lstrip().startswith("│"):
            cells = [cell.strip() for cell in _COLUMN.split(line.strip())[1:-1]]
        elif "(" in line and not line.lstrip().startswith(("┃", "Model", "Total", "Trainable", "Non")):
            cells = [cell.strip() for cell in _KERAS_2_COLUMNS.split(line.strip())]
        else:
            continue
        if len(cells) >= _LEAST_CELLS and cells[1] and cells[2]:
            rows.append(cells)
        elif rows and cells and line.lstrip().startswith("│"):
            rows[-1] = [*(f"{above} {below}".strip() for above, below in zip(rows[-1], cells, strict=False))]
    return rows


def _layer(cells: list[str]) -> Layer | None:
    kind = _TYPE.search(cells[0])
    parameters = _whole(re.sub(r"[,\s]", "", cells[2]))
    if kind is None or parameters is None:
        return None
    shape = _SHAPE.search(cells[1])
    last = shape.group(1).split(",")[-1].strip() if shape else ""
    return Layer(kind.group(1), _whole(last), parameters)


def _count(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return _whole(found.group(1).replace(",", "")) if found else None


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None
