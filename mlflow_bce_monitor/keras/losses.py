"""What a compiled loss is: its name, whether it expects logits, its label smoothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

BINARY: Final = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})
TWO_CLASSES: Final = frozenset({"categorical_crossentropy", "sparse_categorical_crossentropy"})

MEAN: Final = "sum_over_batch_size"
"""Keras' word for the mean over the rows, its default."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_NAME: Final = 60


@dataclass(frozen=True)
class LossWords:
    """One output's loss.

    Attributes
    ----------
    name
        Keras' name of the function, such as ``binary_crossentropy``; the class's or function's own for
        others; "" without a loss.
    from_logits
        Whether it was told that it gets logits; None for losses that cannot be told.
    label_smoothing
        As given, 0 without.
    reduction
        How rows become one number, in Keras' words.
    """

    name: str
    from_logits: bool | None = None
    label_smoothing: float = 0.0
    reduction: str = MEAN

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean over the rows of a loss of the labels as they are."""
        return self.reduction == MEAN and not self.label_smoothing


def loss_words(loss: Any) -> LossWords:
    """Return what is known of a loss as given to ``compile``: a name, a function or a ``Loss`` object."""
    if loss is None:
        return LossWords("")
    if isinstance(loss, str):
        name = _plain_name(loss)
        return LossWords(name, from_logits=False if name in BINARY | TWO_CLASSES else None)
    # Keras' own losses keep the arguments of their function; get_config would serialise the function, too.
    given = getattr(loss, "_fn_kwargs", None) or getattr(loss, "keywords", None) or {}
    named = getattr(loss, "__name__", "") or getattr(getattr(loss, "func", None), "__name__", "")
    name = _plain_name(named or type(loss).__name__)
    from_logits = given.get("from_logits", getattr(loss, "from_logits", None))
    if from_logits is None and name in BINARY | TWO_CLASSES:
        from_logits = False
    smoothing = given.get("label_smoothing", getattr(loss, "label_smoothing", 0.0))
    return LossWords(
        name,
        from_logits=None if from_logits is None else bool(from_logits),
        label_smoothing=float(smoothing) if isinstance(smoothing, (int, float)) else 0.0,
        reduction=str(getattr(loss, "reduction", MEAN)),
    )


def losses_of_heads(loss: Any, heads: Sequence[str]) -> list[Any]:
    """Return the loss of each output, in the order of their names.

    Parameters
    ----------
    loss
        As given to ``compile``: one for all, a list, or a mapping by name.
    heads
        Names of the outputs.
    """
    if isinstance(loss, Mapping):
        return [loss.get(head) for head in heads]
    if isinstance(loss, (list, tuple)):
        return [loss[at] if at < len(loss) else None for at in range(len(heads))]
    return [loss] * len(heads)


def _plain_name(name: str) -> str:
    """Return ``binary_crossentropy`` for ``BinaryCrossentropy`` and ``bce``."""
    lowered = _CAMEL.sub("_", name).lower()[:_LONGEST_NAME]
    return {"bce": "binary_crossentropy"}.get(lowered, lowered)
