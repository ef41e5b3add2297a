"""Numbers, weights and words out of params, which are all text."""

from __future__ import annotations

import ast
import json
import math
import re
import shlex
from typing import Final, TypeGuard

HELD_BACK_WORDS: Final = frozenset({"val", "valid", "validation", "eval", "test"})

NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

PAIR: Final = 2

LARGEST_COUNT: Final = 1e15
"""No data set has more rows and no model more weights; a larger number was not meant as a count."""

WEIGHT_RANGE: Final = (1e-6, 1e6)
"""Class weights outside of this leave one class out of the loss; their chance level has no digits left."""


def parse_number(text: str) -> float | None:
    """Read a param as a finite number, None when it is anything else."""
    try:
        value = float(text.strip().strip("'\""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def parse_class_weights(text: str) -> tuple[float, float] | None:
    """Read ``{0: 1, 1: 9}``, ``{"0": 1.0, "1": 9.0}`` or ``[1, 9]``; None when it is none of these."""
    value = structure(text)
    if isinstance(value, dict) and len(value) == PAIR:
        try:
            by_class = {int(float(key)): float(weight) for key, weight in value.items()}
        except (TypeError, ValueError, OverflowError):
            return None
        weights = [by_class.get(0), by_class.get(1)]
    elif isinstance(value, (list, tuple)) and len(value) == PAIR:
        weights = [weight if isinstance(weight, (int, float)) else None for weight in value]
    else:
        return None
    negative, positive = weights
    low, high = WEIGHT_RANGE
    if negative is None or positive is None or not (low <= negative <= high and low <= positive <= high):
        return None
    return float(negative), float(positive)


def structure(text: str) -> object:
    """Parse a Python or JSON literal; numpy scalars such as ``np.float64(9.0)`` are read as their number."""
    plain = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", text.strip())
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return None


def is_structured(text: str) -> bool:
    """Whether a text is a list, a dict, an object's repr or a call: no failed attempt at a number."""
    return text.strip()[:1] in ("{", "[", "(", "<") or "(" in text


def unquoted(value: str) -> str:
    """Undo the shell quoting that MLflow projects store their params with."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        try:
            parts = shlex.split(value)
        except ValueError:
            return value
        return parts[0] if len(parts) == 1 else value
    return value


def key_words(key: str) -> tuple[str, ...]:
    """Return the words of a key in lower case: "optLearningRate" is "opt", "learning", "rate"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    # "l2" and "opt2" stay one word, "class_weight_0" becomes three.
    return tuple(word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word)


def split_of(source: str) -> str | None:
    """Return which rows a key speaks of: "validation", "train", or None when it does not say."""
    words = set(key_words(source))
    if words & HELD_BACK_WORDS:
        return "validation"
    if words & {"train", "training"}:
        return "train"
    return None


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value from a data set's profile can be a number of rows or columns."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_COUNT
